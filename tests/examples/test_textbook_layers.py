"""Every mistake in the hand-written layers is found, and explained; the right ones pass."""

from __future__ import annotations

import pytest
from example_programs import load

EXPLANATIONS = {
    "gru_without_direct_path": "the path through mul at check_textbook_layers.py:38",
    "gru_with_swapped_weights": "args[2]['wu'] is replaced by args[2]['wr']",
    "convolution_without_flip": "args[1] is turned around along axes 0 and 1",
    "convolution_of_first_image": "only the first part along axis 0",
    "cross_entropy_without_mean": "the length of axis 0 of args[0]: a sum taken for a mean?",
    "normalised_error_unnormalised": "is left out",
    "batch_norm_of_constants": "is missing",
    "batch_norm_without_sums": "the sum over broadcast axes (0,) is missing",
    "tape_that_overwrites": "are missing",
    "tape_that_counts_twice": "element by element",
    "binary_cross_entropy with the other's gradient": "is missing",
}


def test_mistakes_are_found_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    found = load("check_textbook_layers").main()
    for name, text in EXPLANATIONS.items():
        assert text in (found.pop(name) or "right")
    assert len(found) == 6
    assert set(found.values()) == {None}
    assert "wrong" in capsys.readouterr().out
