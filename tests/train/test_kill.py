"""A run that is killed at any moment leaves a file that loads, and resumes bit for bit."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import funcgrad as fg

SCRIPT = Path(__file__).with_name("killable.py")
KILLS = 10
KILLED = -9 if os.name == "posix" else 1
"""What a process returns that was killed."""


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("killable", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    killable = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(killable)
    path = tmp_path / "run.safetensors"
    moments, steps, longest = random.Random(0), [], 0.06
    environment = os.environ | {"PYTHONPATH": str(Path(fg.__file__).parent.parent)}
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(path)], stdout=subprocess.PIPE, env=environment
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"begun"
        time.sleep(moments.uniform(0.0, longest))
        process.kill()
        assert process.wait() == KILLED, "the run ended before it was killed"
        process.stdout.close()
        step = fg.load(path)["training"].step if path.exists() else 0
        if step == (steps[-1] if steps else 0):
            longest *= 1.2  # a slow or busy machine
        steps.append(step)
    assert steps == sorted(steps)
    assert len(set(steps)) > KILLS // 3
    assert 0 < steps[-1] < killable.EPOCHS * 10
    resumed, whole = killable.run(str(path)), killable.run(None)
    assert resumed.training.step == whole.training.step == killable.EPOCHS * 10
    for a, b in zip(fg.tree.leaves(resumed.training), fg.tree.leaves(whole.training), strict=True):
        assert type(a) is type(b)
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    assert resumed.history.losses.tobytes() == whole.history.losses.tobytes()
