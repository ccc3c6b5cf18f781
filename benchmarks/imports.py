"""What `import funcgrad` adds to `import numpy`, and a first gradient, in fresh interpreters."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

CODE = """
import time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
import funcgrad
end = time.perf_counter()
import sys
heavy = [m for m in ("scipy", "cupy", "matplotlib", "sklearn") if m in sys.modules]
assert not heavy, heavy
print(middle - start, end - middle)
"""

FIRST_USE = CODE.replace("import funcgrad\n", "import funcgrad\nfuncgrad.grad\n")


FIRST_GRADIENTS = {
    "funcgrad": """
import numpy as np
import funcgrad as fg
fg.grad(lambda x: np.sum(np.sin(x)))(np.ones(3))
""",
    "autograd": """
import autograd.numpy as np
from autograd import grad
grad(lambda x: np.sum(np.sin(x)))(np.ones(3))
""",
}
"""Programs that take one gradient."""


def cpu_seconds(code: str) -> float:
    """CPU time of a process that runs a program, byte code being compiled already."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def first_gradient(rounds: int = 21) -> None:
    """Print the cost of a process that takes one gradient, against autograd."""
    times: dict[str, list[float]] = {who: [] for who in FIRST_GRADIENTS}
    for code in FIRST_GRADIENTS.values():
        cpu_seconds(code)
    for _ in range(rounds):
        for who, code in FIRST_GRADIENTS.items():
            times[who].append(cpu_seconds(code))
    ours, theirs = times["funcgrad"], times["autograd"]
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(
        f"\nprocess start to a first gradient: {statistics.median(ours) * 1e3:.0f} ms of CPU time, "
        f"autograd {statistics.median(theirs) * 1e3:.0f} ms, ratio {ratio:.2f} (wanted: at most 1)"
    )


def main() -> None:
    """Print medians over fresh interpreters."""
    for title, code in (("import funcgrad", CODE), ("import and first use of grad", FIRST_USE)):
        rows = []
        for _ in range(15):
            out = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            rows.append([float(v) for v in out.stdout.split()])
        base = statistics.median(r[0] for r in rows)
        added = statistics.median(r[1] for r in rows)
        ratio = statistics.median(r[1] / r[0] for r in rows)
        print(
            f"\n{title}: numpy {base * 1e3:.1f} ms, added {added * 1e3:.1f} ms, ratio {ratio:.2f}"
        )
    print("  (wanted for import funcgrad: at most 0.5)")
    first_gradient()


if __name__ == "__main__":
    main()
