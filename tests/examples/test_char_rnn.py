"""Recurrent models of characters learn, read segments in order, and write what they predict."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from example_programs import check_picture, load

from funcgrad import random

for package in ("matplotlib", "rich"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def char_rnn() -> ModuleType:
    return load("char_rnn")


def test_all_cells_predict_better_than_frequencies(
    char_rnn: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.png"
    perplexities = char_rnn.main(["--quick", "--output", str(path)])
    _, counts = np.unique(list(char_rnn.load_text()[:100_000]), return_counts=True)
    share = counts / counts.sum()
    frequencies = np.exp(-np.sum(share * np.log(share)))
    assert set(perplexities) == {"RNN", "GRU", "LSTM"}
    for perplexity in perplexities.values():
        assert 2 < perplexity < 0.65 * frequencies
    shown = capsys.readouterr().out
    assert f"LSTM  {perplexities['LSTM']:.2f}" in shown
    assert "GRU at temperature 0.3: The " in shown
    check_picture(path)


def test_no_paragraph_of_the_text_comes_twice(char_rnn: ModuleType) -> None:
    paragraphs = char_rnn.load_text().split("\n\n")
    assert len(paragraphs) == len(set(paragraphs)) > 1000


def test_segments_continue_each_other(char_rnn: ModuleType) -> None:
    segments = char_rnn.Segments(np.arange(100), batch=3, length=5)
    pieces = list(segments)
    assert len(pieces) == len(segments) == 6
    np.testing.assert_array_equal(
        np.concatenate([x for x, _, _ in pieces], axis=1), np.arange(90).reshape(3, 30)
    )
    for x, y, _ in pieces:
        np.testing.assert_array_equal(y, x + 1)
    assert [bool(first) for _, _, first in pieces] == [True] + [False] * 5
    assert len(list(segments)) == 6  # it can be read again


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_the_carry_makes_segments_one_text(char_rnn: ModuleType, cell: str) -> None:
    model = char_rnn.make_model(cell, vocabulary=11, hidden=8)
    _, params, start = model.init(random.key(0), (2, 5))
    x = random.randint(random.key(1), (2, 10), 0, 11)
    whole, _ = model.apply(params, start, x)
    first, state = model.apply(params, start, x[:, :5])
    second, _ = model.apply(params, state, x[:, 5:])
    forgotten, _ = model.apply(params, start, x[:, 5:])
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, rtol=1e-12)
    assert not np.allclose(second, forgotten)


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_a_cold_sample_is_the_most_probable_text(char_rnn: ModuleType, cell: str) -> None:
    model = char_rnn.make_model(cell, vocabulary=11, hidden=8)
    _, params, start = model.init(random.key(0), (1, 3), np.float32)
    text = [4, 1, 7]
    written = char_rnn.sample(model, params, np.array(text), 9, (1e-4, 1e4), random.key(2))
    for _ in range(9):
        logits, _ = model.apply(params, start, np.array([text]))
        text.append(int(logits[0, -1].argmax()))
    assert written.shape == (2, 9)
    assert written[0].tolist() == text[3:]
    assert len(set(written[1].tolist())) > 3  # hot: almost uniform
