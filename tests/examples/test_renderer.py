"""Scenes are found again, as exactly as they say; rays meet spheres where geometry says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from example_programs import check_picture, load

from funcgrad import testing

for package in ("scipy", "matplotlib"):
    pytest.importorskip(package)


def test_the_scene_is_found_as_exactly_as_the_program_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.png"
    program = load("renderer")
    reached = program.main(["--quick", "--output", str(path)])
    assert reached.pop("error") == pytest.approx(program.NOISE**2, rel=0.1)
    assert set(reached) == set(program.TRUTH)
    assert 0.2 < max(reached.values()) < 4  # the largest of 23 errors, in standard deviations
    assert "centre  at most" in capsys.readouterr().out
    check_picture(path)


def test_without_noise_the_scene_is_exact() -> None:
    program = load("renderer")
    target = program.render(program.TRUTH, 16)
    scene, _, error = program.refine(program.approach(target, 200)[0], target)
    assert error < 1e-12
    for name, true in program.TRUTH.items():
        np.testing.assert_allclose(scene[name], true, atol=1e-5)


def test_derivatives() -> None:
    program = load("renderer")
    scene = dict(program.TRUTH, light=np.array([0.1, 0.2]))
    testing.check_grads(lambda s: program.render(s, 4, 0.3), (scene,), directions=1)


def test_a_ray_through_the_centre() -> None:
    program = load("renderer")
    sphere = {"centre": np.array([0.0, 0.0, 2.0]), "radius": 0.5, "colour": np.array([0.2, 0.4, 1])}
    ahead = np.array([0.0, 0.0, 1.0])
    covered, distance, colour = program.shade(sphere, np.zeros(2), ahead, 0.02)
    assert covered == pytest.approx(1)
    assert distance == pytest.approx(2 - program.EYE[2] - 0.5)
    np.testing.assert_allclose(colour, sphere["colour"])  # the lamp is behind the camera
    dark = program.shade(sphere, np.array([1e9, 0.0]), ahead, 0.02)[2]
    np.testing.assert_allclose(dark, 0.25 * sphere["colour"], rtol=1e-6)


def test_the_nearer_sphere_is_seen() -> None:
    program = load("renderer")
    scene = {
        "centre": np.array([[0.0, 0.0, 2.0], [0.0, 0.0, 0.5]]), "radius": np.array([0.5, 0.4]),
        "colour": np.eye(3)[:2], "light": np.zeros(2),
    }  # fmt: skip
    ahead, beside = np.array([0.0, 0.0, 1.0]), np.array([0.6, 0.0, 0.8])
    np.testing.assert_allclose(program.pixel(scene, ahead, 0.02), [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(program.pixel(scene, beside, 0.02), program.BACKGROUND)
