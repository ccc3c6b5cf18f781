"""What `import funcgrad` adds to `import numpy`, in fresh interpreters."""

from __future__ import annotations

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


if __name__ == "__main__":
    main()
