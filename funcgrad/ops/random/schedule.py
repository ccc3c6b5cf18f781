"""The schedule of the block cipher Threefry-2x32 with 20 rounds."""

from __future__ import annotations


def threefry_rounds() -> tuple[tuple[tuple[int, ...], int, int, int], ...]:
    """Rotations of four rounds, then the key words and the number that are added to x0 and x1."""
    even, odd = (13, 15, 26, 6), (17, 29, 16, 24)
    return ((even, 1, 2, 1), (odd, 2, 0, 2), (even, 0, 1, 3), (odd, 1, 2, 4), (even, 2, 0, 5))
