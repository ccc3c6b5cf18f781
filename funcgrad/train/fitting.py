"""The training loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence, Sized
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .. import tree
from ..core.arguments import check_function
from ..core.plain_arrays import check_plain
from ..core.tracebacks import user_facing
from ..optim import GradientTransformation, with_extra_args_support
from ..optim import accumulate as accumulate_gradients
from ..typing import Key, PyTree
from .batches import Batches, example_count
from .files import check_place, opened_file, save
from .history import History
from .progress import Bar, NoBar
from .replacing import PathLike
from .restoring import UNKNOWN
from .steps import training_step


class Best(NamedTuple):
    """The best that evaluation has seen: its score, parameters, state, and epoch."""

    score: float
    params: PyTree
    state: PyTree
    epoch: int


class Training(NamedTuple):
    """Everything on which the rest of a training run depends.

    Attributes:
        params: parameters.
        state: the model's state, or None.
        opt_state: the optimizer's state.
        key: the key from which the steps' keys are made, or None.
        step: number of steps done.
        epoch: number of epochs done.
        batch: number of batches done in the epoch that is under way.
        best: the best so far, or None without early stopping.
    """

    params: PyTree
    state: PyTree
    opt_state: PyTree
    key: Key | None
    step: int = 0
    epoch: int = 0
    batch: int = 0
    best: Best | None = None


BatchSource: TypeAlias = Batches | Iterable[PyTree] | Callable[[int], Iterable[PyTree]]
"""Batches of each epoch: iterated over anew, or made by a function of the epoch's number."""

Callback: TypeAlias = Callable[[Training, History], bool | None]
"""A function that is called after each epoch; if it returns True, the run ends."""


class Fitted(NamedTuple):
    """The result of ``fit``.

    Attributes:
        params: parameters; with early stopping, the best ones.
        state: the model's state that goes with them.
        training: where the run stands, the last parameters included.
        history: losses and evaluations.
        interrupted: whether Ctrl-C ended the run.
    """

    params: PyTree
    state: PyTree
    training: Training
    history: History
    interrupted: bool


class _Settings(NamedTuple):
    """The settings of a run, as ``fit`` takes them."""

    step: Callable[..., tuple[PyTree, ...]]
    batches: BatchSource
    epochs: int
    evaluate: Callable[..., Any] | None
    monitor: str | None
    maximize: bool
    patience: int | None
    callbacks: Sequence[Callback]
    checkpoint: PathLike | None
    save_every: int | None


class _Run:
    """A training run: its settings, and where it stands in ``training`` and ``history``."""

    def __init__(self, training: Training, history: History, settings: _Settings) -> None:
        self.training, self.history, self.settings = training, history, settings
        self.saved_at = -1

    def until_interrupted(self, bar: Bar | NoBar) -> bool:
        """Run to the end or to Ctrl-C, after which nothing of an unfinished step is kept."""
        try:
            with bar:
                self.run(bar)
        except KeyboardInterrupt:
            self.history.truncate(self.training.step, self.training.epoch)
            return True
        return False

    def run(self, bar: Bar | NoBar) -> None:
        while self.training.epoch < self.settings.epochs and not self._exhausted():
            if self._epoch(bar):
                break

    def _epoch(self, bar: Bar | NoBar) -> bool:
        """One epoch, or the rest of one; whether a callback asks to stop."""
        epoch = self.training.epoch
        for batch in self._batches_from(epoch, self.training.batch):
            t = self.training
            params, state, opt_state, value, extra = self.settings.step(
                t.params, t.state, t.opt_state, batch, t.key, t.step
            )
            numbers = {"loss": value, **extra}
            self.history.record(numbers)
            # One assignment, so that an interruption finds the step done or not done.
            self.training = t._replace(
                params=params, state=state, opt_state=opt_state, step=t.step + 1, batch=t.batch + 1
            )
            bar.step(t.step + 1, epoch + 1, example_count(batch), numbers)
            if self.settings.save_every and self.training.step % self.settings.save_every == 0:
                self.save()
        if not self.training.batch:
            raise ValueError("fit: an epoch has no batches; can batches be iterated over again?")
        return self._end_of_epoch(bar)

    def _end_of_epoch(self, bar: Bar | NoBar) -> bool:
        t = self.training
        numbers = self.history.means(t.step - t.batch)
        evaluation = self._evaluation()
        prefixed = {f"evaluation.{k}": v for k, v in evaluation.items()}
        self.history.epochs.append({"step": t.step, **numbers, **prefixed})
        self.training = t._replace(
            epoch=t.epoch + 1, batch=0, best=self._best(numbers | prefixed, evaluation)
        )
        bar.epoch(t.step, t.epoch + 1, numbers, evaluation)
        if self.settings.save_every is None:
            self.save()
        return any([c(self.training, self.history) is True for c in self.settings.callbacks])

    def _batches_from(self, epoch: int, start: int) -> Iterable[PyTree]:
        if isinstance(self.settings.batches, Batches):
            return self.settings.batches.epoch(epoch, start)
        source = (
            self.settings.batches(epoch)
            if callable(self.settings.batches)
            else self.settings.batches
        )
        return islice(source, start, None)

    def _evaluation(self) -> dict[str, float]:
        if self.settings.evaluate is None:
            return {}
        t = self.training
        result = (
            self.settings.evaluate(t.params)
            if t.state is None
            else self.settings.evaluate(t.params, t.state)
        )
        named = result if isinstance(result, dict) else {"score": result}
        return {k: float(v) for k, v in named.items()}

    def _best(self, numbers: dict[str, float], evaluation: dict[str, float]) -> Best | None:
        if self.settings.patience is None:
            return None
        t, best = self.training, self.training.best
        name = self.settings.monitor or next(iter(evaluation), "loss")
        values = numbers | evaluation
        if name not in values:
            raise ValueError(f"fit: there is no {name!r} to monitor; there are {sorted(values)}")
        score = values[name]
        sign = -1 if self.settings.maximize else 1
        if best is not None and not np.isnan(best.score) and not sign * score < sign * best.score:
            return best
        return Best(score, t.params, t.state, t.epoch + 1)

    def _exhausted(self) -> bool:
        best = self.training.best
        return (
            self.settings.patience is not None
            and best is not None
            and self.training.epoch - best.epoch >= self.settings.patience
        )

    def save(self) -> None:
        if self.settings.checkpoint is None or self.saved_at == self._position():
            return
        t = self.training
        self.history.truncate(t.step, t.epoch)
        save(
            self.settings.checkpoint,
            {
                "training": t._replace(best=None),
                "best": None if t.best is None else tuple(t.best),
                "history": self.history.stored(),
            },
        )
        self.saved_at = self._position()

    def _position(self) -> int:
        return self.training.step * (self.settings.epochs + 1) + self.training.epoch


def _resumed(training: Training, path: PathLike | None) -> tuple[Training, History]:
    """The run that a checkpoint holds, or the beginning of one if there is none."""
    if path is None or not os.path.exists(path):
        return training, History()
    like = (0.0, training.params, training.state, 0)
    with opened_file(path, "fit: checkpoint") as stored:
        found = stored.restore(
            {
                "training": training,
                "best": None if stored.holds_none("best") else like,
                "history": UNKNOWN,
            }
        )
    best = None if found["best"] is None else Best(*found["best"])
    return found["training"]._replace(best=best), History.from_stored(found["history"])


def _check_settings(
    epochs: int, accumulate: int, patience: int | None, save_every: int | None
) -> None:
    _check_number("epochs", epochs, 0)
    _check_number("accumulate", accumulate, 1)
    if patience is not None:
        _check_number("patience", patience, 0)
    if save_every is not None:
        _check_number("save_every", save_every, 1)


def _check_number(name: str, value: int, least: int) -> None:
    """Raise unless a number of epochs and the like is an integer that is not too small."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise TypeError(f"fit: {name} must be an integer; got {value!r}")
    if value < least:
        raise ValueError(f"fit needs {name} >= {least}; got {value}")


@user_facing
def fit(
    loss: Callable[..., PyTree],
    params: PyTree,
    optimizer: GradientTransformation,
    batches: BatchSource,
    *,
    epochs: int = 1,
    state: PyTree = None,
    key: Key | None = None,
    evaluate: Callable[..., Any] | None = None,
    monitor: str | None = None,
    maximize: bool = False,
    patience: int | None = None,
    accumulate: int = 1,
    callbacks: Iterable[Callback] = (),
    checkpoint: PathLike | None = None,
    save_every: int | None = None,
    resume: bool = True,
    progress: bool | str = True,
) -> Fitted:
    """Train: take steps over batches for some epochs, and return what was trained.

    Ctrl-C ends the run after the last whole step and returns what was trained so far.

    Args:
        loss: function of (params, batch), and of the keywords state= and key= where they are given
            to fit, that returns a value, or (value, metrics), metrics being a dict of numbers; with
            state (value, state) or (value, state, metrics).
        params: pytree of arrays; it is not changed.
        optimizer: a GradientTransformation of funcgrad.optim.
        batches: Batches, or anything that gives an epoch's batches each time it is iterated over,
            or a function from the number of an epoch to an iterable.
        epochs: number of epochs.
        state: the model's state, as running statistics.
        key: the key of everything random in the loss; each step gets it folded with its number.
        evaluate: function of (params), with state of (params, state), called after each epoch; it
            returns a number or a dict of numbers.
        monitor: which number early stopping looks at, by default the first one of evaluate, or the
            training loss without it.
        maximize: whether a greater number is better.
        patience: after how many epochs without improvement to stop; the best parameters are
            returned then. None never stops early.
        accumulate: over how many batches gradients are averaged for one step of the optimizer.
        callbacks: functions of (Training, History), called after each epoch; one that returns True
            ends the run.
        checkpoint: file that holds the run's position, written atomically. If it exists and resume
            is true, the run goes on from there, bit for bit as if it had not been interrupted.
        save_every: write it after so many steps; None writes it after each epoch.
        resume: whether to go on from an existing checkpoint.
        progress: show a progress bar, which needs rich; a string is its title.

    Returns:
        A Fitted: params, state, training, history, interrupted.

    Raises:
        FileError: the checkpoint is damaged, of another model or optimizer, or no regular file.
        FileNotFoundError: the checkpoint's folder does not exist.
        ShapeError: the loss is not a number.
        TracerError: a parameter is an array of a subclass of NumPy's.
        TypeError: the loss function returns something else, the optimizer is no transformation, or
            a number of epochs and the like no integer.
        ValueError: an epoch has no batches, there is nothing to monitor, or a number is too small.

    >>> from funcgrad import optim, train
    >>> data = train.Batches(np.ones((8, 2)), 4)
    >>> loss = lambda p, batch: np.mean((batch - p) ** 2)
    >>> done = train.fit(loss, np.zeros(2), optim.sgd(0.5), data, epochs=20, progress=False)
    >>> done.params.round(3), len(done.history)
    (array([1., 1.]), 40)
    """
    _check_settings(epochs, accumulate, patience, save_every)
    optimizer = with_extra_args_support(optimizer, "fit")
    for path, x in tree.leaves_with_path(params):
        check_plain(x, f"fit: the parameter at {tree.format_path(path)}")
    callbacks = _checked_functions(loss, evaluate, callbacks)
    if checkpoint is not None:
        check_place(checkpoint, "fit: checkpoint")
    optimizer = accumulate_gradients(optimizer, accumulate) if accumulate > 1 else optimizer
    settings = _Settings(
        training_step(loss, optimizer), batches, epochs, evaluate, monitor, maximize, patience,
        callbacks, checkpoint, save_every,
    )  # fmt: skip
    beginning = Training(params, state, optimizer.init(params), key)
    run = _Run(*_resumed(beginning, checkpoint if resume else None), settings)
    interrupted = run.until_interrupted(_bar(progress, settings, run.training.step))
    if checkpoint is not None:
        run.save()
    last = run.training
    best = last.best if last.best is not None else last
    return Fitted(best.params, best.state, last, run.history, interrupted)


def _bar(progress: bool | str, settings: _Settings, done: int) -> Bar | NoBar:
    if not progress:
        return NoBar()
    steps = len(settings.batches) if isinstance(settings.batches, Sized) else None
    return Bar(progress if isinstance(progress, str) else "", settings.epochs, steps, done)


def _checked_functions(
    loss: Callable[..., PyTree],
    evaluate: Callable[..., Any] | None,
    callbacks: Iterable[Callback],
) -> tuple[Callback, ...]:
    """The callbacks as a tuple; raises unless all of these are functions."""
    callbacks = tuple(callbacks)
    check_function(loss, "fit", "loss")
    if evaluate is not None:
        check_function(evaluate, "fit", "evaluate")
    for i, callback in enumerate(callbacks):
        check_function(callback, "fit", f"callbacks[{i}]")
    return callbacks
