"""Numbers that steer an optimizer: constant, scheduled, or part of the state."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, ParamSpec, cast

import numpy as np

from .. import numpy as fnp
from ..core.avals import Aval
from ..core.dtypes import kind_of
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..typing import DTypeLike, PyTree
from .transformation import GradientTransformation, make_transformation, with_extra_args_support
from .typing import Count, Scalar, ScalarOrSchedule, Schedule

P = ParamSpec("P")


class Range(NamedTuple):
    """The values that a hyper-parameter may have: words for messages, and a test."""

    words: str
    holds: Callable[[float], bool]


REAL = Range("a finite number", lambda x: -math.inf < x < math.inf)
NOT_NEGATIVE = Range("a finite number that is not negative", lambda x: 0 <= x < math.inf)
POSITIVE = Range("a positive number", lambda x: x > 0)
ABOVE_ONE = Range("more than 1", lambda x: x > 1)
FRACTION = Range("from 0 to 1", lambda x: 0 <= x <= 1)
BELOW_ONE = Range("at least 0 and less than 1", lambda x: 0 <= x < 1)


def is_scalar(value: object) -> bool:
    """True for a real number of Python, NumPy or CuPy, and for a traced one."""
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return getattr(value, "shape", None) == () and kind_of(dtype) in "fiu"
    return isinstance(value, float | int) and not isinstance(value, bool)


def check_scalar(name: str, what: str, value: object, allowed: Range | None = None) -> None:
    """Raise unless a hyper-parameter is a real number, in its range if its value is known."""
    if is_scalar(value):
        known = isinstance(value, float | int | np.integer | np.floating)
        if allowed is not None and known and not allowed.holds(cast("float", value)):
            raise ValueError(f"{name}: {what} must be {allowed.words}; got {value!r}")
        return
    shape, dtype = getattr(value, "shape", ()), getattr(value, "dtype", None)
    if shape != () and dtype is not None:
        raise ShapeError(
            f"{name}: {what} must be a scalar; got {Aval(shape, dtype)}. "
            "For one optimizer for each of several values, use funcgrad.vmap."
        )
    raise TypeError(f"{name}: {what} must be a number or a schedule; got {value!r}")


def numbers(*values: ScalarOrSchedule) -> tuple[Scalar, ...]:
    """Hyper-parameters of a factory that is ``schedulable``: it gets the values of schedules."""
    return cast("tuple[Scalar, ...]", values)


def resolve(name: str, what: str, value: ScalarOrSchedule, count: Count) -> Scalar:
    """A hyper-parameter at a step, for the state: a float64 scalar."""
    if callable(value):
        value = value(count)
    check_scalar(name, what, value)
    return _scalar_of_dtype(value, np.float64)


def _scalar_of_dtype(value: Scalar, dtype: DTypeLike) -> Scalar:
    """A scalar of a dtype, on the device where it is."""
    kind: np.dtype[Any] = np.dtype(dtype)
    made: Scalar = (
        fnp.asarray(value, dtype=kind)[()] if hasattr(value, "dtype") else kind.type(value)
    )
    return made


class ScheduledState(NamedTuple):
    """State of a transformation some of whose hyper-parameters are schedules."""

    count: Any
    hyperparams: dict[str, Scalar]
    inner_state: PyTree


def schedulable(
    **ranges: Range,
) -> Callable[[Callable[P, GradientTransformation]], Callable[P, GradientTransformation]]:
    """Let the named arguments of a factory of transformations be schedules.

    Args:
        ranges: of the arguments; each must be a number in its range, None if that is its default,
            or a function from the number of updates made so far to a number. Only values that are
            given as numbers are checked: neither those of schedules nor traced ones.

    Returns:
        A decorator. If an argument is a function, the transformation counts its updates, makes
        the inner transformation anew from the current values, and shows them in its state.
    """

    def decorate(
        factory: Callable[P, GradientTransformation],
    ) -> Callable[P, GradientTransformation]:
        signature = inspect.signature(factory)
        name = factory.__name__

        @user_facing
        @functools.wraps(factory)
        def make(*args: P.args, **kwargs: P.kwargs) -> GradientTransformation:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return factory(*args, **kwargs)  # the interpreter's own message
            bound.apply_defaults()
            for what, allowed in ranges.items():
                value = bound.arguments[what]
                default = signature.parameters[what].default
                if not callable(value) and not (value is None and default is None):
                    check_scalar(name, what, value, allowed)
            schedules = {n: bound.arguments[n] for n in ranges if callable(bound.arguments[n])}
            if not schedules:
                return factory(*args, **kwargs)
            fixed = {n: v for n, v in bound.arguments.items() if n not in schedules}
            return _scheduled(name, factory, fixed, schedules)

        return make

    return decorate


def _scheduled(
    name: str,
    factory: Callable[..., GradientTransformation],
    fixed: dict[str, Any],
    schedules: dict[str, Schedule],
) -> GradientTransformation:
    """A transformation made anew for each update."""

    def at(count: Count) -> tuple[dict[str, Scalar], GradientTransformation]:
        values = {n: resolve(name, n, schedule, count) for n, schedule in schedules.items()}
        return values, factory(**fixed, **values)

    def init_scheduled(params: PyTree) -> ScheduledState:
        values, inner = at(0)
        return ScheduledState(0, values, inner.init(params))

    def update_scheduled(
        updates: PyTree, state: ScheduledState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, ScheduledState]:
        values, inner = at(state.count)
        updates, inner_state = inner.update(updates, state.inner_state, params, **extra)
        return updates, ScheduledState(state.count + 1, values, inner_state)

    return make_transformation(init_scheduled, update_scheduled, ScheduledState)


class InjectHyperparamsState(NamedTuple):
    """State of ``inject_hyperparams``."""

    count: Any
    hyperparams: dict[str, Scalar]
    inner_state: PyTree


@user_facing
def inject_hyperparams(
    inner_factory: Callable[..., GradientTransformation],
    static_args: str | Iterable[str] = (),
    hyperparam_dtype: DTypeLike | None = None,
) -> Callable[..., GradientTransformation]:
    """Keep the hyper-parameters of an optimizer in its state, where they can be read and changed.

    Real numbers go to ``state.hyperparams``, by name, and are read from there by each update;
    schedules are evaluated by each update and show there. All other arguments are passed on, and so
    are Python integers for which the default is one (sizes like ``memory_size``).

    Args:
        inner_factory: makes a transformation, like ``adam``.
        static_args: names of arguments to pass on as they are, such as a mask that is a function.
        hyperparam_dtype: dtype in which hyper-parameters are kept; None for float64.

    Returns:
        A function of the arguments of inner_factory that makes the transformation.

    >>> from funcgrad import optim
    >>> tx = inject_hyperparams(optim.sgd)(learning_rate=0.5)
    >>> state = tx.init(np.zeros(1))
    >>> state.hyperparams["learning_rate"] = np.float64(0.25)
    >>> tx.update(np.array([1.0]), state)[0]
    array([-0.25])
    """
    static = {static_args} if isinstance(static_args, str) else set(static_args)
    dtype = np.dtype(np.float64 if hyperparam_dtype is None else hyperparam_dtype)
    signature = inspect.signature(inner_factory)
    unknown = static - set(signature.parameters)
    name = getattr(inner_factory, "__name__", "the factory")
    if unknown:
        raise ValueError(f"inject_hyperparams: {name} has no argument {sorted(unknown)[0]!r}")

    def is_size(key: str, value: object) -> bool:
        default = signature.parameters[key].default
        return isinstance(value, int) and isinstance(default, int)

    @user_facing
    @functools.wraps(inner_factory)
    def make(*args: Any, **kwargs: Any) -> GradientTransformation:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        dynamic = {k: v for k, v in bound.arguments.items() if k not in static}
        schedules = {
            k: dynamic[k] for k, v in dynamic.items() if callable(v) and not isinstance(v, type)
        }
        constants = {k: v for k, v in dynamic.items() if is_scalar(v) and not is_size(k, v)}

        def build(values: dict[str, Scalar]) -> GradientTransformation:
            given = inspect.BoundArguments(signature, bound.arguments | values)  # type: ignore[arg-type]
            return with_extra_args_support(inner_factory(*given.args, **given.kwargs))

        return _injected(name, dtype, constants, schedules, build)

    return make


def _injected(
    name: str,
    dtype: np.dtype,
    constants: dict[str, Scalar],
    schedules: dict[str, Schedule],
    build: Callable[[dict[str, Scalar]], GradientTransformation],
) -> GradientTransformation:
    """A transformation that ``build`` makes for each update from the values in the state."""

    def values_at(count: Count, hyperparams: dict[str, Scalar]) -> dict[str, Scalar]:
        values = {k: _scalar_of_dtype(hyperparams[k], dtype) for k in constants}
        for k, schedule in schedules.items():
            values[k] = _scalar_of_dtype(resolve(name, k, schedule, count), dtype)
        return values

    def init_injected(params: PyTree) -> InjectHyperparamsState:
        values = values_at(0, constants)
        return InjectHyperparamsState(0, values, build(values).init(params))

    def update_injected(
        updates: PyTree, state: InjectHyperparamsState, params: PyTree = None, **extra: object
    ) -> tuple[PyTree, InjectHyperparamsState]:
        values = values_at(state.count, state.hyperparams)
        updates, inner_state = build(values).update(updates, state.inner_state, params, **extra)
        return updates, InjectHyperparamsState(state.count + 1, values, inner_state)

    return make_transformation(init_injected, update_injected, InjectHyperparamsState)
