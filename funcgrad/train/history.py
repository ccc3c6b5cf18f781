"""The numbers that a training run records, and their picture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import arrays
from ..errors import FileError
from ..typing import Array, PyTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class History:
    """Numbers of all steps, and what was measured at the end of each epoch.

    Attributes:
        epochs: for each epoch a dict: "step", "loss" (the mean of the epoch's steps), the means of
            the metrics that the loss function returned, and what ``evaluate`` returned, under
            "evaluation" followed by a dot and its name.
    """

    def __init__(
        self,
        steps: Mapping[str, Iterable[float]] | None = None,
        epochs: Iterable[Mapping[str, float]] = (),
    ) -> None:
        self._steps: dict[str, list[Array | float]] = {k: list(v) for k, v in (steps or {}).items()}
        self.epochs: list[dict[str, float]] = [dict(e) for e in epochs]

    @property
    def steps(self) -> dict[str, Array]:
        """The loss and the metrics of each step, as arrays of float64."""
        return {name: np.array(self._numbers(name)) for name in self._steps}

    @property
    def losses(self) -> Array:
        """The loss of each step, as an array of float64."""
        return np.array(self._numbers("loss") if "loss" in self._steps else [])

    def __len__(self) -> int:
        """Number of steps."""
        return len(self._steps.get("loss", ()))

    def __repr__(self) -> str:
        last = ", ".join(f"{k}={v:.4g}" for k, v in self.epochs[-1].items()) if self.epochs else ""
        return f"History({len(self)} steps, {len(self.epochs)} epochs{'; ' if last else ''}{last})"

    def record(self, numbers: Mapping[str, Array | float]) -> None:
        """Add the loss and the metrics of a step."""
        for name, x in numbers.items():
            self._steps.setdefault(name, []).append(x)

    def means(self, start: int) -> dict[str, float]:
        """The means from a step on."""
        return {name: float(np.mean(self._numbers(name, start))) for name in self._steps}

    def _numbers(self, name: str, start: int = 0) -> list[float]:
        """The numbers of one kind from a step on; those on a GPU are fetched together, once."""
        values = self._steps[name]
        there = [i for i in range(start, len(values)) if arrays.is_gpu_array(values[i])]
        if there:
            found: list[Any] = [values[i] for i in there]
            with arrays.current_on(found[0]):
                together = np.stack([np.reshape(x, ()) for x in found])
            for i, x in zip(there, arrays.device_get(together).tolist(), strict=True):
                values[i] = x
        return [float(x) for x in values[start:]]

    def truncate(self, steps: int, epochs: int) -> None:
        """Forget what was recorded after so many steps and epochs."""
        for values in self._steps.values():
            del values[steps:]
        del self.epochs[epochs:]

    def stored(self) -> PyTree:
        """The history as a pytree that can be saved."""
        return {"steps": self.steps, "epochs": self.epochs}

    @classmethod
    def from_stored(cls, found: PyTree) -> History:
        """The history of what ``stored`` returned; a FileError if it is something else."""
        if isinstance(found, dict) and found.keys() == {"steps", "epochs"}:
            steps, epochs = found["steps"], found["epochs"]
            if (
                isinstance(steps, dict)
                and all(isinstance(v, np.ndarray) and v.ndim == 1 for v in steps.values())
                and isinstance(epochs, list)
                and all(isinstance(e, dict) for e in epochs)
            ):
                return cls(steps, epochs)
        raise FileError("the history of the run is not one that fit wrote")

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the loss over the steps, and one panel for each other kind of number.

        Args:
            path: file for the picture, whose ending tells its format; None draws without saving.

        Returns:
            The matplotlib Figure.

        Raises:
            ImportError: matplotlib is missing.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise ImportError("plotting needs matplotlib: pip install matplotlib") from None
        panels = self._panels()
        figure = Figure(figsize=(5.5 * len(panels), 3.8), layout="constrained")
        for axes, (name, curves) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
        ):
            for label, steps, values in curves:
                thin = label == "steps"
                axes.plot(
                    steps,
                    values,
                    label=label,
                    alpha=0.35 if thin else 1.0,
                    linewidth=0.8 if thin else 1.8,
                    marker="" if thin else ".",
                    color="C1" if label == "evaluation" else "C0",
                )
            if name == "loss" and all(np.min(v, initial=np.inf) > 0 for _, _, v in curves):
                axes.set_yscale("log")
            axes.set(xlabel="step", ylabel=name)
            axes.grid(alpha=0.3)
            axes.legend(frameon=False)
        if path is not None:
            figure.savefig(path, dpi=120)
        return figure

    def _panels(self) -> dict[str, list[tuple[str, Array | list[float], Array | list[float]]]]:
        """Curves (label, steps, values), by the quantity that they show."""
        panels: dict[str, list[tuple[str, Array | list[float], Array | list[float]]]] = {
            "loss": [("steps", np.arange(1, len(self) + 1), self.losses)]
        }
        names = dict.fromkeys(k for e in self.epochs for k in e if k != "step")
        for name in names:
            quantity = name.removeprefix("evaluation.")
            label = "evaluation" if name.startswith("evaluation.") else "training"
            steps = [e["step"] for e in self.epochs if name in e]
            values = [e[name] for e in self.epochs if name in e]
            panels.setdefault(quantity, []).append((label, steps, values))
        return panels
