"""Whole processes beside JAX's: from the start to a first gradient, and the most memory taken.

python benchmarks/processes.py [part of a name ...]. One thread each.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

HEADS = {
    "funcgrad": "import numpy as np, funcgrad as fg\nnp_ = np\nwait = lambda x: x\n",
    "JAX": (
        "import numpy as np_, jax as fg, jax.numpy as np\n"
        "fg.config.update('jax_enable_x64', True)\nwait = fg.block_until_ready\n"
    ),
}
"""What makes a system's names those of the programs."""

SMALL = """
rng = np_.random.default_rng(0)
params = [rng.normal(size=s).astype("f") for s in ((8, 16), (16, 16), (16, 1))]
x = rng.normal(size=(32, 8)).astype("f")
def loss(params, x):
    for w in params:
        x = np.tanh(x @ w)
    return np.mean(x * x)
wait(fg.jit(fg.grad(loss))(params, x))
"""

WIDE = """
rng = np_.random.default_rng(0)
params = [np_.asarray(rng.normal(size=(2048, 2048)) / 45, "f") for _ in range(8)]
x = np_.asarray(rng.normal(size=(1024, 2048)), "f")
def loss(params, x):
    for w in params:
        x = np.tanh(x @ w)
    return np.mean(x * x)
step = fg.jit(fg.grad(loss))
wait(step(params, x))
"""

UNROLLED = """
rng = np_.random.default_rng(0)
start = rng.normal(size=(16, 3)), rng.normal(size=(16, 3))
def energy(q, p):
    for _ in range(STEPS):
        d = q[:, None, :] - q[None, :, :]
        r2 = np.sum(d * d, axis=-1, keepdims=True) + 0.1
        p = p - 1e-3 * np.sum(d / (r2 * np.sqrt(r2)), axis=1)
        q = q + 1e-3 * p
    return np.sum(p * p)
wait(fg.jit(fg.grad(energy))(*start))
"""

PEAK = """
import resource, sys
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "linux" else 1024))
"""

MEMORY = {
    "MLP of 8 x 2048, batch 1024": WIDE,
    "16 bodies, 1,000 unrolled steps": UNROLLED.replace("STEPS", "1000"),
    "16 bodies, 200 unrolled steps": UNROLLED.replace("STEPS", "200"),
}
"""Programs of which the memory is measured."""

LONGEST = 400
"""Seconds after which a process is given up."""


def run(code: str, folder: str) -> tuple[float, str]:
    """Seconds that a process takes, and what it prints."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env = {
        **inherited,
        "OMP_NUM_THREADS": "1",
        "FUNCGRAD_NUM_THREADS": "1",
        "FUNCGRAD_NATIVE": "1",
        "FUNCGRAD_CACHE_DIR": folder,
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    }
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True, env=env, capture_output=True, text=True, timeout=LONGEST,
    )  # fmt: skip
    return time.perf_counter() - start, done.stdout


def starts(rounds: int = 9) -> None:
    """Print the time from the start of a process to its first gradient, byte code there already."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        for head in HEADS.values():
            run(head + SMALL, folder)
    cold: dict[str, list[float]] = {who: [] for who in HEADS}
    warm: dict[str, list[float]] = {who: [] for who in HEADS}
    for _ in range(rounds):
        for who, head in HEADS.items():
            with tempfile.TemporaryDirectory() as folder:
                os.chmod(folder, 0o700)
                cold[who].append(run(head + SMALL, folder)[0])
                warm[who].append(run(head + SMALL, folder)[0])
    for what, times in (("empty", cold), ("filled", warm)):
        ours, theirs = (statistics.median(times[who]) for who in HEADS)
        ratio = statistics.median(
            a / b for a, b in zip(times["funcgrad"], times["JAX"], strict=True)
        )
        print(
            f"start to first gradient, {what} cache on the disk: {ours * 1e3:.0f} ms, "
            f"JAX {theirs * 1e3:.0f} ms, ratio {ratio:.2f}",
            flush=True,
        )


def memory(names: Sequence[str]) -> None:
    """Print the most memory that processes take."""
    for name in names:
        found: dict[str, str] = {}
        for who, head in HEADS.items():
            with tempfile.TemporaryDirectory() as folder:
                os.chmod(folder, 0o700)
                try:
                    seconds, printed = run(head + MEMORY[name] + PEAK, folder)
                    found[who] = f"{float(printed) / 1024:.0f} MiB in {seconds:.1f} s"
                except subprocess.TimeoutExpired:
                    found[who] = f"not done after {LONGEST} s"
        print(f"{name}: " + ", ".join(f"{k} {v}" for k, v in found.items()), flush=True)


if __name__ == "__main__":
    asked = sys.argv[1:]
    if not asked or any(part in "start to first gradient" for part in asked):
        starts()
    memory([n for n in MEMORY if not asked or any(part in n for part in asked)])
