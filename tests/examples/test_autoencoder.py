"""Autoencoders keep what two numbers can say; the bound and the baseline are what they claim."""

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
    return load("autoencoder")


@pytest.fixture(scope="module")
def data(example: ModuleType) -> Any:
    return example.load_data()


def test_codes_say_more_than_the_mean_image(
    example: ModuleType, data: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "autoencoder.png"
    figures = example.main(["--quick", "--output", str(path)])
    x, held_out, _ = data
    mean = x.mean(axis=0, dtype=np.float64)
    error_of_mean = np.mean((held_out - mean) ** 2)  # 0.067
    assert figures["PCA"] < 0.06
    assert figures["autoencoder"] < error_of_mean - 0.003
    assert figures["variational"] < error_of_mean - 0.003
    p = np.clip(mean, 1e-4, 1 - 1e-4)  # the best decoder that gets no code
    without_code = np.mean(np.sum(held_out * np.log(p) + (1 - held_out) * np.log1p(-p), (1, 2, 3)))
    assert without_code + 5 < figures["ELBO"] < -100
    shown = capsys.readouterr().out
    assert f"PCA {figures['PCA']:.4f}, autoencoder {figures['autoencoder']:.4f}" in shown
    assert f"ELBO: {figures['ELBO']:.1f} nats" in shown
    check_picture(path)


def test_elbo_is_a_lower_bound_of_the_evidence(example: ModuleType, data: Any) -> None:
    """The evidence p(x) is integrated over the plane of codes by the trapezoidal rule."""
    images = data[0][::800]
    params = example.fit(data[0][::20], True, 2, fg.random.key(0))
    line = np.linspace(-6, 6, 61, dtype=np.float32)
    plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    logits = example.decode(params["decoder"], plane).reshape(len(plane), -1).astype(np.float64)
    flat = images.reshape(len(images), -1)
    log_likelihood = logits @ flat.T - np.logaddexp(logits, 0).sum(axis=1)[:, None]
    log_prior = -np.sum(plane**2, axis=1, dtype=np.float64) / 2 - np.log(2 * np.pi)
    joint = log_likelihood + log_prior[:, None] + 2 * np.log(line[1] - line[0])
    evidence = np.mean(np.logaddexp.reduce(joint, axis=0))
    bound = fg.jit(lambda key: -example.negative_elbo(params, images, key=key)[0])
    bounds = [bound(key) for key in fg.random.split(fg.random.key(1), 200)]
    assert evidence - 20 < np.mean(bounds) < evidence + 3 * np.std(bounds) / 200**0.5


def test_pca_projects_on_the_first_singular_vectors(example: ModuleType, data: Any) -> None:
    x, held_out, _ = data
    x, held_out = x[::4], held_out[:5]
    flat = x.reshape(len(x), -1).astype(np.float64)
    axes = np.linalg.svd(flat - flat.mean(axis=0))[2][: example.CODE].T
    centered = held_out.reshape(5, -1) - flat.mean(axis=0)
    expected = flat.mean(axis=0) + centered @ axes @ axes.T
    found = example.pca(x, held_out)
    np.testing.assert_allclose(found.reshape(5, -1), expected, atol=1e-4)


def test_tiles_keep_images_in_their_places(example: ModuleType) -> None:
    images = np.zeros((2, 3, 28, 28, 1))
    images[1, 2, 5, 7] = 1
    assert example.tiles(images).shape == (56, 84)
    assert np.argwhere(example.tiles(images)).tolist() == [[33, 63]]
