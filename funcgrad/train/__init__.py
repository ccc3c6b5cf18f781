"""Training: a loop over batches, and files for what was trained.

>>> import numpy as np
>>> from funcgrad import optim, train
>>> data = train.Batches((np.arange(8.0), 3 * np.arange(8.0)), 4)
>>> loss = lambda w, batch: np.mean((w * batch[0] - batch[1]) ** 2)
>>> fitted = train.fit(loss, np.float64(0.0), optim.sgd(0.02), data, epochs=20, progress=False)
>>> fitted.params.round(3)
np.float64(3.0)
"""

from __future__ import annotations

from ..nn import summary
from .batches import Batches, evaluate
from .files import load, save
from .fitting import Best, Fitted, Training, fit
from .history import History
from .steps import training_step

__all__ = [
    "Batches",
    "Best",
    "Fitted",
    "History",
    "Training",
    "evaluate",
    "fit",
    "load",
    "save",
    "summary",
    "training_step",
]
