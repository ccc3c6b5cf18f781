"""The programs of docs/checking_other_systems.md run, and fail with what the page says."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

from funcgrad.testing import GradientCheckError

PAGE = Path(__file__).parents[3] / "docs" / "checking_other_systems.md"
BLOCKS = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.S | re.M)
FENCES = re.compile(r"^```(python|text)\n(.*?)^```", re.S | re.M)
SECTIONS = {title: FENCES.findall(text) for title, text in BLOCKS.findall(PAGE.read_text())}
NEEDS = ("torch", "jax", "autograd", "scipy", "sklearn")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_of_the_page(title):
    (_, program), *rest = SECTIONS[title]
    for name in NEEDS:
        if re.search(rf"^(import|from) {name}\b", program, re.M):
            pytest.importorskip(name, reason=f"{name} is not installed")
    if "torch" in program:
        __import__("torch").manual_seed(0)
    code = compile(program, f"<{title}>", "exec")
    if not rest:
        exec(code, {"np": np})
        return
    with pytest.raises(GradientCheckError) as caught:
        exec(code, {"np": np})
    assert caught.traceback[1].lineno + 1 == len(program.splitlines()), "the last line fails"
    said, expected = f"{caught.value}\n", rest[0][1]
    assert doctest.OutputChecker().check_output(expected, said, FLAGS), said


def test_the_page_has_all_systems():
    assert len(SECTIONS) == 7
