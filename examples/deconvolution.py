"""A photograph, blurred and noisy, made sharp again: a penalised loss through Fourier transforms.

The blur is a product in ``fft.rfft2``. The picture that is found explains what was seen and has a
small total variation; L-BFGS gets the gradient of both through the transforms. The Wiener filter,
one formula in frequencies, gets the best constant for this picture, which one could not know
without the sharp one, and is still more than one decibel behind:

    python examples/deconvolution.py --output deconvolution.png

Sources: Rudin, Osher and Fatemi, "Nonlinear total variation based noise removal algorithms"
(1992); Gonzalez and Woods, "Digital Image Processing" (4th edition, 2018), chapter 5.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.scipy import optimize

try:
    from matplotlib.figure import Figure
    from sklearn.datasets import load_sample_image
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

NOISE = 0.01
"""Standard deviation of the noise; black is 0, white is 1."""


def photograph(size: int) -> Any:
    """The grey middle of scikit-learn's photograph of a palace in China."""
    return load_sample_image("china.jpg").mean(axis=2)[80 : 80 + size, 190 : 190 + size] / 255


def motion(shape: tuple[int, int], length: int = 9, rise: int = 4) -> Any:
    """The blur of a camera that moves along a line: its transfer function, by frequency."""
    kernel = np.zeros(shape)
    for t in np.linspace(-0.5, 0.5, 101):
        kernel[round(t * rise), round(t * length)] += 1 / 101
    return np.fft.rfft2(kernel)


def blur(transfer: Any, image: Any) -> Any:
    """A periodic convolution."""
    return np.fft.irfft2(transfer * np.fft.rfft2(image), s=image.shape)


def total_variation(image: Any) -> Any:
    """The sum of the lengths of all gradients, rounded at zero."""
    across, down = (image - np.roll(image, 1, axis) for axis in (0, 1))
    return np.sum(np.sqrt(across**2 + down**2 + 1e-4))


def sharpen(transfer: Any, seen: Any, weight: Any, penalty: Any = total_variation) -> Any:
    """The picture with the least loss: that of normal noise, and a penalty."""

    def loss(image: Any) -> Any:
        return 0.5 * np.sum((blur(transfer, image) - seen) ** 2) + weight * penalty(image)

    return optimize.minimize(loss, seen, method="L-BFGS", options={"maxiter": 300})


def wiener(transfer: Any, seen: Any, ratio: float) -> Any:
    """The linear estimate for a ratio of the powers of noise and picture."""
    gain = np.conj(transfer) / (np.abs(transfer) ** 2 + ratio)
    return np.fft.irfft2(gain * np.fft.rfft2(seen), s=seen.shape)


def best_wiener(transfer: Any, seen: Any, truth: Any) -> Any:
    """The estimate with the ratio that suits the truth best."""
    tries = [wiener(transfer, seen, ratio) for ratio in np.geomspace(1e-4, 1, 41)]
    return max(tries, key=lambda found: quality(found, truth))


def quality(image: Any, truth: Any) -> float:
    """Peak signal-to-noise ratio in decibels."""
    return float(-10 * np.log10(np.mean((image - truth) ** 2)))


def draw(path: str, pictures: dict[str, Any], truth: Any) -> None:
    """All pictures with their quality, and a part of each enlarged."""
    figure = Figure(figsize=(13, 6.8), layout="constrained")
    size = len(truth) // 4
    part = slice(size, 2 * size), slice(size, 2 * size)
    for column, (name, image) in enumerate(pictures.items()):
        for row, shown in enumerate((image, image[part])):
            axes = figure.add_subplot(2, len(pictures), 1 + column + row * len(pictures))
            axes.imshow(shown, cmap="gray", vmin=0, vmax=1)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_ylabel(("", "enlarged")[row] if column == 0 else "")
            if row == 0:
                suffix = "" if image is truth else f", {quality(image, truth):.1f} dB"
                axes.set_title(name + suffix)
    figure.savefig(path, dpi=110)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Blur, make sharp in two ways, draw, and return the quality of each picture."""
    parser = argparse.ArgumentParser(description="Deconvolution of a photograph.")
    parser.add_argument("--output", default="deconvolution.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="take a smaller picture")
    args = parser.parse_args(argv)
    truth = photograph(128 if args.quick else 256)
    transfer = motion(truth.shape)
    noise = NOISE * fg.random.normal(fg.random.key(0), truth.shape)
    seen = blur(transfer, truth) + noise
    found = sharpen(transfer, seen, 5 * NOISE**2)
    print(f"{found.nit} steps, {found.nfev} gradients of {truth.size} pixels; loss {found.fun:.2f}")
    pictures = {
        "truth": truth, "seen": seen, "Wiener filter": best_wiener(transfer, seen, truth),
        "total variation": found.x,
    }  # fmt: skip
    results = {name: quality(pictures[name], truth) for name in list(pictures)[1:]}
    for name, value in results.items():
        print(f"{name:16s} {value:.2f} dB")
    draw(args.output, pictures, truth)
    print(f"picture: {args.output}")
    return results


if __name__ == "__main__":
    main()
