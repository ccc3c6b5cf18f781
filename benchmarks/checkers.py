"""What the checkers of several systems find on the same mistakes, and what a check costs.

    OMP_NUM_THREADS=1 python benchmarks/checkers.py           # writes the table of docs/checking.md
    python benchmarks/checkers.py --show                      # prints each mistake that is missed

The rules are those of benchmarks/workloads/rules.py: the same text is a ``custom_vjp`` rule of
funcgrad and of JAX, a ``torch.autograd.Function`` and a primitive of autograd. Each checker runs
with its defaults in double precision and reverse mode, at the same point, on each wrong rule and
on its right counterpart. SciPy's ``check_grad`` gives a number and no verdict: a mistake is taken
for found if it exceeds 1e-5 of the gradient's length; the mistakes are stated as gradients of
weighted sums. A system that is not installed is left out.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "checking.md"
START, END = "<!-- table of checkers -->", "<!-- end of the table -->"
sys.path.insert(0, str(ROOT))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import funcgrad as fg  # noqa: E402
from benchmarks.workloads.rules import RULES, Rule  # noqa: E402
from funcgrad.testing import GradientCheckError, check_grads, gradcheck  # noqa: E402

SCIPY = 1e-5
DOMAINS: dict[str, Any] = {"small": (-2.0, 2.0)}

Check = Callable[[Rule, Any, tuple[Any, ...]], bool]
"""Takes a rule, a backward pass and a point; True if the checker accepts it."""


def point(rule: Rule) -> tuple[np.ndarray, ...]:
    """A typical point: normal numbers, or positive ones."""
    rng = np.random.default_rng(0)
    drawn = [rng.standard_normal(shape) for shape in rule.typical]
    return tuple(np.abs(x) + 0.1 if rule.domain == "positive" else x for x in drawn)


def accepted(run: Callable[[], object]) -> bool:
    """True unless a checker of funcgrad raises."""
    try:
        run()
    except GradientCheckError:
        return False
    return True


# --- the rules in each system --------------------------------------------------------------------


def in_funcgrad(rule: Rule, backward: Any) -> Any:
    """The rule as a custom_vjp of funcgrad."""
    f = fg.custom_vjp(lambda *args: rule.forward(np, *args))
    f.defvjp(
        lambda *args: (rule.forward(np, *args), args),
        lambda args, ct: backward(np, ct, *args),
    )
    return f


def in_torch(rule: Rule, backward: Any) -> Any:
    """The rule as an autograd.Function of PyTorch."""
    torch = importlib.import_module("torch")

    def forward_pass(ctx: Any, *args: Any) -> Any:
        ctx.save_for_backward(*args)
        return rule.forward(torch, *args)

    def backward_pass(ctx: Any, ct: Any) -> Any:
        return tuple(backward(torch, ct, *ctx.saved_tensors))

    members = {"forward": staticmethod(forward_pass), "backward": staticmethod(backward_pass)}
    return type(rule.name.title(), (torch.autograd.Function,), members)


def in_jax(rule: Rule, backward: Any) -> Any:
    """The rule as a custom_vjp of JAX."""
    jax = importlib.import_module("jax")
    f = jax.custom_vjp(lambda *args: rule.forward(jax.numpy, *args))
    f.defvjp(
        lambda *args: (rule.forward(jax.numpy, *args), args),
        lambda args, ct: tuple(backward(jax.numpy, ct, *args)),
    )
    return f


def in_autograd(rule: Rule, backward: Any) -> Any:
    """The rule as a primitive of autograd."""
    extend = importlib.import_module("autograd.extend")

    def forward_pass(*args: Any) -> Any:
        return rule.forward(np, *args)

    def cotangent(i: int) -> Any:
        return lambda ans, *args: lambda ct: backward(np, ct, *args)[i]

    f = extend.primitive(forward_pass)
    extend.defvjp(f, *(cotangent(i) for i in range(len(rule.typical))))
    return f


# --- the checkers --------------------------------------------------------------------------------


def funcgrad_at_point(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """check_grads, one point."""
    return accepted(lambda: check_grads(in_funcgrad(rule, backward), args))


def funcgrad_search(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """Gradcheck, drawn points."""
    domain = DOMAINS.get(rule.domain, rule.domain)
    f = in_funcgrad(rule, backward)
    return accepted(lambda: gradcheck(f, *rule.shapes, domain=domain, order=1))


def funcgrad_on_torch(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """check_grads of the Function."""
    torch = importlib.import_module("torch")
    f = in_torch(rule, backward)
    return accepted(lambda: check_grads(f, tuple(torch.tensor(x) for x in args)))


def funcgrad_on_jax(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """check_grads of the custom_vjp."""
    f = in_jax(rule, backward)
    importlib.import_module("jax")
    return accepted(lambda: check_grads(f, args))


def funcgrad_on_autograd(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """check_grads of the primitive."""
    f = in_autograd(rule, backward)
    return accepted(lambda: check_grads(f, args))


def torch_gradcheck(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """PyTorch's own."""
    torch = importlib.import_module("torch")
    given = tuple(torch.tensor(x, requires_grad=True) for x in args)
    f = in_torch(rule, backward)
    return bool(torch.autograd.gradcheck(f.apply, given, raise_exception=False))


def jax_check_grads(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """JAX's own, in double precision."""
    jax = importlib.import_module("jax")
    check = importlib.import_module("jax.test_util").check_grads
    with jax.enable_x64(True):
        try:
            check(in_jax(rule, backward), args, order=1, modes=["rev"])
        except (AssertionError, TypeError, ValueError):
            return False
    return True


def autograd_check_grads(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """The one of autograd."""
    check = importlib.import_module("autograd.test_util").check_grads
    try:
        check(in_autograd(rule, backward), modes=["rev"], order=1)(*args)
    except (AssertionError, TypeError, ValueError):
        return False
    return True


def scipy_check_grad(rule: Rule, backward: Any, args: tuple[Any, ...]) -> bool:
    """SciPy's own, of a weighted sum of the outputs as a function of one vector."""
    optimize = importlib.import_module("scipy.optimize")
    sizes = np.cumsum([x.size for x in args])[:-1]
    weights = np.random.default_rng(1).standard_normal(np.shape(rule.forward(np, *args)))

    def parts(vector: np.ndarray) -> list[np.ndarray]:
        split = np.split(vector, sizes)
        return [p.reshape(x.shape) for p, x in zip(split, args, strict=True)]

    def value(vector: np.ndarray) -> float:
        return float(np.sum(weights * rule.forward(np, *parts(vector))))

    def gradient(vector: np.ndarray) -> np.ndarray:
        found = backward(np, weights, *parts(vector))
        return np.concatenate([np.ravel(g) for g in found])

    start = np.concatenate([x.ravel() for x in args])
    error = optimize.check_grad(value, gradient, start)
    return bool(error <= SCIPY * np.linalg.norm(gradient(start)))


CHECKERS: list[tuple[str, str, Check]] = [
    ("funcgrad `gradcheck`, drawn points", "hypothesis", funcgrad_search),
    ("funcgrad `check_grads`, one point", "numpy", funcgrad_at_point),
    ("funcgrad `check_grads` of a PyTorch `Function`", "torch", funcgrad_on_torch),
    ("funcgrad `check_grads` of a JAX `custom_vjp`", "jax", funcgrad_on_jax),
    ("funcgrad `check_grads` of an autograd primitive", "autograd", funcgrad_on_autograd),
    ("PyTorch `torch.autograd.gradcheck`", "torch", torch_gradcheck),
    ("JAX `jax.test_util.check_grads`", "jax", jax_check_grads),
    ("autograd `autograd.test_util.check_grads`", "autograd", autograd_check_grads),
    ("SciPy `scipy.optimize.check_grad`", "scipy", scipy_check_grad),
]


def installed(name: str) -> bool:
    """True if a package can be imported."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def row(check: Check) -> tuple[int, list[str], list[str], list[str]]:
    """How many mistakes a checker finds, which it misses, right rules it fails, and its times.

    The times, of the processor, are those of right and of wrong rules: what is wrong is also
    looked into.
    """
    found, missed, alarms, seconds, right = 0, [], [], [], []
    for rule in RULES:
        args = point(rule)
        for name, backward in rule.wrong.items():
            start = time.process_time()
            fine = check(rule, backward, args)
            seconds.append(time.process_time() - start)
            found += not fine
            missed += [f"{rule.name}: {name}"] if fine else []
        start = time.process_time()
        alarms += [] if check(rule, rule.backward, args) else [rule.name]
        right.append(time.process_time() - start)
    return found, missed, alarms, [shown(statistics.median(times)) for times in (right, seconds)]


def shown(seconds: float) -> str:
    """A time in milliseconds, with two digits."""
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"


def table(show: bool) -> Iterator[str]:
    """The lines of the table."""
    total = sum(len(rule.wrong) for rule in RULES)
    failed = f"right rules failed, of {len(RULES)}"
    yield f"| checker | found, of {total} | {failed} | a right rule | a wrong one |"
    yield "|---|---:|---:|---:|---:|"
    for name, package, check in CHECKERS:
        if not installed(package):
            continue
        found, missed, alarms, seconds = row(check)
        line = f"| {name} | {found} | {len(alarms)} | {' | '.join(seconds)} |"
        print(line, file=sys.stderr, flush=True)
        yield line
        if show:
            print(f"{name}: {found}; misses {missed}; fails the right {alarms}", file=sys.stderr)


def main() -> None:
    """Write the table into the page, or print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true", help="print, with what each checker misses")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    names = [n for n in ("torch", "jax", "autograd", "scipy") if installed(n)]
    versions = ", ".join(f"{n} {importlib.import_module(n).__version__}" for n in names
                         if hasattr(importlib.import_module(n), "__version__"))  # fmt: skip
    lines = [*table(given.show)]
    about = f"Python {platform.python_version()}, NumPy {np.__version__}, {versions}"
    text = "\n".join([START, *lines, "", f"({about}; `python benchmarks/checkers.py`.)", END])
    if given.show:
        print(text)
        return
    page = PAGE.read_text()
    before, _, rest = page.partition(START)
    PAGE.write_text(before + text + rest.partition(END)[2])


if __name__ == "__main__":
    main()
