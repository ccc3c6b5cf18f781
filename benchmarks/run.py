"""Run every benchmark, each in its own process.

pip install -r benchmarks/requirements.txt, then: python benchmarks/run.py [name ...]
OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset, since they slow NumPy's matrix products.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NAMES = (
    "imports", "eager", "eager_programs", "dispatch", "tracing", "mlp", "training", "checking",
    "compiled", "native_contractions", "eager_numpy",
)  # fmt: skip


def main() -> None:
    """Run the named benchmarks, or all."""
    folder = Path(__file__).parent
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    env["PYTHONPATH"] = str(folder.parent)
    for name in sys.argv[1:] or NAMES:
        subprocess.run([sys.executable, str(folder / f"{name}.py")], env=env, check=True)


if __name__ == "__main__":
    main()
