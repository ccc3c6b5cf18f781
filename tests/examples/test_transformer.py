"""The transformer learns more than bigrams, looks back only, and writes what it predicts."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from example_programs import check_picture, load

from funcgrad import nn, random

for package in ("matplotlib", "rich"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def transformer() -> ModuleType:
    return load("transformer")


@pytest.fixture(scope="module")
def small(transformer: ModuleType) -> tuple[Any, Any]:
    """A model of 11 characters that has not learned, and its parameters."""
    init, apply = nn.stateless(transformer.make_model(11, context=6, features=8))
    return apply, init(random.key(0), (-1, 6))[1]


def test_it_predicts_better_than_bigrams(
    transformer: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.png"
    figures = transformer.main(["--quick", "--output", str(path)])
    assert 3 < figures["transformer"] < 0.95 * figures["bigrams"]
    assert figures["bigrams"] < 25
    shown = capsys.readouterr().out
    assert "and goes on, at temperature 0.7:" in shown
    assert f"perplexity per character: {figures['transformer']:.2f}" in shown
    check_picture(path)


def test_it_looks_back_only(small: tuple[Any, Any]) -> None:
    apply, params = small
    x = random.randint(random.key(1), (2, 6), 0, 11)
    changed = np.concatenate([x[:, :4], (x[:, 4:] + 1) % 11], axis=1)
    before, after = apply(params, x), apply(params, changed)
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert not np.allclose(before[:, 4:], after[:, 4:])


def test_bigrams_are_counted(transformer: ModuleType) -> None:
    codes = np.array([0, 1, 0, 1, 0])  # after 0 comes 1 twice: 3/4 with one more of each
    assert transformer.bigram_perplexity(codes, np.array([[0, 1]]), 2) == pytest.approx(4 / 3)
    assert transformer.bigram_perplexity(codes, np.array([[0, 0]]), 2) == pytest.approx(4)


def test_windows_have_one_character_more_than_the_context(transformer: ModuleType) -> None:
    pieces = transformer.windows(np.arange(8), context=3, stride=2)
    np.testing.assert_array_equal(pieces, [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]])


def test_attention_weights_are_those_of_the_model(
    transformer: ModuleType, small: tuple[Any, Any]
) -> None:
    _, params = small
    codes = np.array([3, 1, 4, 1, 5, 9])
    weights = transformer.attention_weights(params, codes)
    assert weights.shape == (4, 6, 6)
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    assert not np.any(np.triu(weights, 1))
    norm, attention = params[2][0][0][:2]
    x = nn.layer_norm(norm, params[0]["table"][codes] + params[1]["table"])
    values = (x @ attention["wv"] + attention["bv"]).reshape(6, 4, 2)
    heads = np.einsum("hqk,khn->qhn", weights, values).reshape(6, 8)
    expected = nn.multi_head_attention(attention, x[None], heads=4, is_causal=True)[0]
    np.testing.assert_allclose(heads @ attention["wo"] + attention["bo"], expected)


def test_a_cold_sample_is_the_most_probable_text(
    transformer: ModuleType, small: tuple[Any, Any]
) -> None:
    apply, params = small
    text = [3, 1, 4, 1, 5, 9]
    written = transformer.sample(apply, params, np.array(text), 7, (1e4, 1e-5), random.key(1))
    assert len(set(written[0].tolist())) > 2  # hot: almost uniform
    for _ in range(7):
        text.append(int(apply(params, np.array([text[-6:]]))[0, -1].argmax()))
    assert written[1].tolist() == text[6:]
