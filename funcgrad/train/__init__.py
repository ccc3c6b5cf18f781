"""Training: a loop over batches, and files for what was trained."""

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
