"""Programs one by one in a process of their own: a line before each one, and one of what it gave.

python -m native_fuzzing.worker FIRST STOP    try programs, and say in JSON what was found
python -m native_fuzzing.worker --text SEED   write a program down, and run nothing
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np

import funcgrad as fg
import funcgrad.lax
import funcgrad.nn
import funcgrad.numpy.linalg
import funcgrad.optim
import funcgrad.random

from .generation import program
from .judging import MISMATCH, described, judged, machine, native, settings
from .shrinking import shrunk


def say(**words: Any) -> None:
    print(json.dumps(words), flush=True)


def try_programs(seeds: range) -> None:
    for seed in seeds:
        say(begin=seed)
        verdict = judged(seed)
        say(seed=seed, **verdict._asdict())
        if verdict.outcome == MISMATCH:
            with settings(**machine(seed)):
                say(small=seed, text=small(seed))


def traced(seed: int) -> Any:
    made = program(seed)
    with native("0"):
        return made, fg.jit(made.function).lower(*made.args).jaxpr()


def small(seed: int) -> str:
    """A wrong program, made small."""
    with np.errstate(all="ignore"):
        verdict = shrunk(*traced(seed))
    return f"{verdict.kind}: {verdict.detail}\n{verdict.text}"


def text(seed: int) -> str:
    """A program that is not run."""
    made, jaxpr = traced(seed)
    return f"way: {made.way}, {machine(seed)}\n{described(made.args)}\n{jaxpr}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "--text":
        print(text(int(sys.argv[2])))
    else:
        try_programs(range(int(sys.argv[1]), int(sys.argv[2])))
