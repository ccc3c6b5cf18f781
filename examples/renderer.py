"""Spheres under a lamp, found again from their picture: a renderer that has derivatives.

Each pixel sends a ray; where it meets a sphere, the sphere's colour is shaded by the lamp's
direction. Two things make the picture smooth in places and radii: a sphere covers the rays near
its edge in part, and where spheres are equally near both are seen. All that is seen (places,
radii, colours, the lamp) is then fitted to a noisy target: Adam, as one compiled loop, finds the
neighbourhood, least squares the rest, with standard deviations of all parameters. Even distances
from the camera are found, by perspective and by what hides what:

    python examples/renderer.py --output renderer.png

Source of the smooth edges and weights: Liu, Li, Chen and Li, "Soft Rasterizer: A Differentiable
Renderer for Image-based 3D Reasoning" (2019).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax, nn, optim, random
from funcgrad.scipy import optimize

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

EYE = np.array([0.0, 0.0, -4.0])
"""The camera, which looks along z; its picture is the square from -1 to 1 at z = -1."""

SOFTNESS = 0.02
"""How wide edges are."""

NOISE = 0.02
"""Standard deviation of each colour of each pixel of the target."""

TRUTH = {
    "centre": np.array([[-0.55, 0.35, 0.3], [0.65, 0.5, 0.9], [0.15, -0.45, -0.3]]),
    "radius": np.array([0.6, 0.7, 0.5]),
    "colour": np.array([[0.85, 0.25, 0.2], [0.2, 0.55, 0.85], [0.95, 0.8, 0.3]]),
    "light": np.array([-1.0, 1.2]),
}
START = {
    "centre": np.array([[-0.4, 0.1, 0.0], [0.5, 0.2, 0.0], [0.0, -0.2, 0.0]]),
    "radius": np.array([0.45, 0.45, 0.45]),
    "colour": np.full((3, 3), 0.5),
    "light": np.zeros(2),
}
"""Places, radii and colours of three spheres; the lamp's direction is (x, y, -1)."""

BACKGROUND = np.array([0.93, 0.95, 0.98])


def rays(size: int) -> Any:
    """A direction of length 1 for each pixel."""
    line = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(line, -line)
    direction = np.stack([x, y, np.full_like(x, 3.0)], axis=-1)
    return direction / np.linalg.norm(direction, axis=-1, keepdims=True)


def shade(sphere: Any, light: Any, direction: Any, softness: Any) -> tuple[Any, Any, Any]:
    """Of one sphere and one ray: how much is covered, how far away, and the colour there."""
    offset = sphere["centre"] - EYE
    along = offset @ direction  # to the point of the ray nearest to the centre
    miss = np.sqrt(offset @ offset - along**2)
    covered = nn.sigmoid((sphere["radius"] - miss) / softness)
    inside = np.maximum(sphere["radius"] ** 2 - miss**2, 1e-4)  # rays that pass by: the edge
    distance = along - np.sqrt(inside)
    normal = distance * direction - offset
    normal = normal / np.linalg.norm(normal)
    lamp = np.concatenate([light, [-1.0]])
    lamp = lamp / np.linalg.norm(lamp)
    return covered, distance, sphere["colour"] * (0.25 + 0.75 * np.maximum(normal @ lamp, 0.0))


def pixel(scene: Any, direction: Any, softness: Any) -> Any:
    """The colour of a ray: a mean over spheres and the background by how much each is seen."""
    spheres = {name: scene[name] for name in ("centre", "radius", "colour")}
    shade_all = fg.vmap(shade, (0, None, None, None))
    covered, distance, colour = shade_all(spheres, scene["light"], direction, softness)
    before = nn.sigmoid((distance[:, None] - distance) / softness) * (1 - np.eye(len(covered)))
    seen = covered * np.prod(1 - covered * before, axis=1)
    behind = np.prod(1 - covered)
    return (seen @ colour + behind * BACKGROUND) / (np.sum(seen) + behind)


def render(scene: Any, size: int, softness: Any = SOFTNESS) -> Any:
    """The picture, (size, size, 3)."""
    return fg.vmap(fg.vmap(lambda ray: pixel(scene, ray, softness)))(rays(size))


def approach(target: Any, steps: int) -> tuple[Any, Any]:
    """A scene like the target's, by Adam, and the errors on the way; edges get sharper."""
    optimizer = optim.adam(0.02)

    def loss(scene: Any, softness: Any) -> Any:
        return np.mean((render(scene, len(target), softness) - target) ** 2)

    def step(state: Any, softness: Any) -> Any:
        scene, memory = state
        error, slope = fg.value_and_grad(loss)(scene, softness)
        change, memory = optimizer.update(slope, memory, scene)
        return (optim.apply_updates(scene, change), memory), error

    softness = np.geomspace(0.1, SOFTNESS, steps)
    run = fg.jit(lambda scene: lax.scan(step, (scene, optimizer.init(scene)), softness))
    (scene, _), errors = run(START)
    return scene, errors


def refine(scene: Any, target: Any) -> tuple[Any, Any, float]:
    """The scene with the least squares, standard deviations of its parameters, its error."""
    found = optimize.least_squares(
        lambda s: (render(s, len(target)) - target).ravel(), scene, method="lm"
    )
    flat, unravel = fg.ravel_pytree(found.x)
    variance = 2 * found.cost / (target.size - len(flat))
    covariance = variance * np.linalg.inv(found.jac.T @ found.jac)
    return found.x, unravel(np.sqrt(np.diag(covariance))), 2 * found.cost / target.size


def draw(path: str, pictures: dict[str, Any], errors: Any, last: float) -> None:
    """Target, start and fitted picture; the errors."""
    figure = Figure(figsize=(13, 3.4), layout="constrained")
    *frames, right = figure.subplots(1, len(pictures) + 1)
    for axes, (name, image) in zip(frames, pictures.items(), strict=True):
        axes.imshow(np.clip(image, 0, 1))
        axes.set_title(name)
        axes.set_axis_off()
    right.semilogy(errors, color="#2f5d8a", label="Adam")
    right.plot(len(errors), last, "o", color="#b5542c", label="after least squares")
    right.axhline(NOISE**2, color="k", ls=":", lw=1, label="noise")
    right.set(xlabel="step", ylabel="mean squared error of pixels", title="fitting")
    right.legend(frameon=False)
    right.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Render, fit, draw, and return how many standard deviations parameters are from the truth."""
    parser = argparse.ArgumentParser(description="A differentiable renderer of spheres.")
    parser.add_argument("--output", default="renderer.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="fit fewer pixels")
    args = parser.parse_args(argv)
    size = 32 if args.quick else 96
    target = render(TRUTH, size) + NOISE * random.normal(random.key(0), (size, size, 3))
    near, errors = approach(target, 200)
    scene, spread, last = refine(near, target)
    print(f"mean squared error {errors[0]:.5f}, by Adam {errors[-1]:.5f}, then {last:.5f}")
    away = {}
    for name, true in TRUTH.items():
        off = abs(scene[name] - true)
        away[name] = float(np.max(off / spread[name]))
        print(f"{name:7s} at most {np.max(off):.4f} from the truth, {away[name]:.1f} deviations")
    pictures = {"target": target, "start": render(START, 256), "fitted": render(scene, 256)}
    draw(args.output, pictures, errors, last)
    print(f"picture: {args.output}")
    return {**away, "error": last}


if __name__ == "__main__":
    main()
