"""Word vectors learn what words have in common; padding of sentences changes nothing."""

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
def word_vectors() -> ModuleType:
    return load("word_vectors")


def test_vectors_and_sentences_are_learned(
    word_vectors: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "w.png"
    figures = word_vectors.main(["--quick", "--output", str(path)])
    words = len(word_vectors.Vocabulary(word_vectors.load_words()).words)
    assert figures["analogies"] < words / 6  # by chance it is words / 2
    assert figures["majority"] < 0.5
    for start in ("random", "learned"):
        assert figures[start] > figures["majority"] + 0.2
    shown = capsys.readouterr().out
    assert "near to class: " in shown
    assert f"{figures['learned']:.1%} of " in shown
    check_picture(path)


def test_sentences_come_once_and_from_every_part(word_vectors: ModuleType) -> None:
    sentences, labels = word_vectors.load_sentences()
    assert len({tuple(s) for s in sentences}) == len(sentences) == len(labels)
    assert min(map(len, sentences)) == 4
    assert np.bincount(labels).min() > 100
    assert len(np.bincount(labels)) == len(word_vectors.PARTS)


def test_a_vocabulary_leaves_out_rare_words(word_vectors: ModuleType) -> None:
    vocabulary = word_vectors.Vocabulary(["b", "a", "b", "a", "b", "c"], least=2)
    assert vocabulary.words == ["", "b", "a"]
    assert vocabulary.encode(["a", "c", "b"]).tolist() == [2, 0, 1]


def test_words_are_found_by_the_angle(word_vectors: ModuleType) -> None:
    vectors = np.array([[9.0, 9.0], [1.0, 0.0], [-2.0, 0.1], [0.1, 0.1]])
    assert word_vectors.nearest(vectors, np.array([5.0, 0.0])).tolist() == [1, 3, 2]


def test_plurals_are_found_where_they_are_the_sum(word_vectors: ModuleType) -> None:
    words = ["list", "name", "type", "lists", "names", "types", "other"]
    vocabulary = word_vectors.Vocabulary(20 * words)
    stems = np.eye(8)
    made = {w: stems[i % 3] + 2 * stems[3] * (i // 3) for i, w in enumerate(words)}
    vectors = np.stack([np.zeros(8), *(made[w] for w in vocabulary.words[1:])])
    ranks, plain = word_vectors.plural_ranks(vocabulary, vectors)
    assert len(ranks) == 6
    assert set(ranks.values()) == {1}
    assert ranks["list : lists = name : names"] == 1
    assert len(plain) == 3
    assert min(plain) == 1


def test_padding_changes_nothing(word_vectors: ModuleType) -> None:
    vocabulary = word_vectors.Vocabulary(["one", "two", "three", "four"], least=1)
    codes, mask = word_vectors.pad(vocabulary, [["one", "two"], ["four", "three", "one"]])
    assert codes.shape == mask.shape == (2, word_vectors.LONGEST)
    assert mask.sum(axis=1).tolist() == [2, 3]
    assert vocabulary.encode(["one", "two"]).tolist() == codes[0, :2].tolist()
    model = word_vectors.make_reader(5)
    _, params, state = model.init(random.key(0), (-1, word_vectors.LONGEST))
    logits, _ = model.apply(params, state, codes, mask=mask)
    filled = np.where(mask, codes, 3)
    np.testing.assert_array_equal(logits, model.apply(params, state, filled, mask=mask)[0])
    for i, length in enumerate(mask.sum(axis=1)):
        alone, _ = model.apply(params, state, codes[i : i + 1, :length])
        np.testing.assert_allclose(logits[i : i + 1], alone, rtol=1e-12)
    assert not np.allclose(logits, model.apply(params, state, filled)[0])
