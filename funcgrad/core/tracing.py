"""Traces, tracers and how an operation finds the trace that handles it.

Each running transformation owns one trace; a tracer belongs to one trace. Levels come from one
process-wide counter, so a newer trace is an inner one. An operation looks at its operands only.
"""

from __future__ import annotations

import itertools
from contextvars import Token
from typing import Any, ClassVar

import numpy as np

from .. import errors
from ..context import Context, Running, current, enter, leave
from ..typing import Array
from . import hooks, scipy_calls
from .avals import WEAK_DTYPES, Aval
from .source import current_source, where_defined

_levels = itertools.count(2)  # 1 is that of plain arrays of small floats


def enter_body(trace: Trace) -> Token[Context]:
    """From now on, until the token is given back, a staging trace's function is being run."""
    here = current()
    lanes = here.running and here.running.lanes
    return enter(here.running_in(Running(trace, lanes, trace.level), here.axes))


def enter_lanes(trace: Trace, axis_name: Any = None) -> Token[Context]:
    """The same for a batching trace, whose axis is known by its name then."""
    here = current()
    axes = here.axes if axis_name is None else {**here.axes, axis_name: trace}
    return enter(here.running_in(Running(here.body, trace, trace.level), axes))


class Trace:
    """The part of a transformation that handles each operation on its tracers."""

    __slots__ = ("__weakref__", "alive", "level", "outside", "owner")
    quick: ClassVar[bool] = False
    """True if ``unary`` and ``binary`` are quicker than ``process``, and do no more."""

    def __init__(self, owner: str = "a transformation") -> None:
        self.level: int = next(_levels)
        self.alive: bool = True
        self.owner: str = owner
        self.outside: Running | None = current().running

    def handle(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Process an operation in the context in which this trace was made.

        The function that is running may have gone on into the body of a newer staging trace. What
        this trace's rule does belongs to this trace, and must not be recorded in that body. (The
        lanes of this trace are left for operators that hold jaxprs or effects only: others do not
        ask for them.)
        """
        context = current()
        here = context.running
        if (
            here is None
            or here.level < self.level
            or (here.level == self.level and not (prim.asks_for_lanes and here.lanes is self))
        ):
            return self.process(prim, args, params)
        token = enter(context.running_in(self.outside, context.axes))
        try:
            return self.process(prim, args, params)
        finally:
            leave(token)

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Handle one operation of which this trace is the newest among the operands."""
        raise TypeError(f"{type(self).__name__} has no rule to process {prim.name}")

    def unary(self, prim: Any, x: Any) -> Any:
        """Process an elementwise operation of one operand, which is a tracer of this trace."""
        return self.handle(prim, (x,), {})

    def binary(self, prim: Any, x: Any, y: Any) -> Any:
        """An elementwise operation of two operands, without parameters."""
        return self.handle(prim, (x, y), {})

    def linear(self, prim: Any, x: Any, params: dict[str, Any]) -> Any:
        """The same for an operator of the family of linear ones."""
        return self.handle(prim, (x,), params)

    def bilinear(self, prim: Any, x: Any, y: Any, params: dict[str, Any]) -> Any:
        """An operation of a bilinear operator."""
        return self.handle(prim, (x, y), params)

    def check_alive(self, prim: Any = None) -> None:
        """Raise unless the transformation that owns this trace is still running."""
        if not self.alive:
            source = current_source()
            at = f" at {source}" if source else ""
            using = f" by {prim.name}" if prim is not None else ""
            raise errors.EscapedTracerError(
                f"a traced value of {self.owner} was used{using}{at} after it had returned. "
                "Return the value from the transformed function instead of storing it in a "
                "global, an attribute or a list that outlives the call."
            )


def value_behind(x: Any) -> Any:
    """The plain value that a tracer is made around; a tracer where there is none yet."""
    while isinstance(x, Tracer) and x.holds is not None:
        x = getattr(x, x.holds)
    return x


class Tracer:
    """A value that a transformation follows; it behaves like an array."""

    __slots__ = ("__weakref__", "_trace", "definite", "quotient_of")
    __array_priority__ = 1000
    __hash__: ClassVar[None]  # type: ignore[assignment]
    __hash__ = None  # pyright: ignore[reportIncompatibleMethodOverride]

    _trace: Trace
    aval: Aval
    definite: Any
    """Of a Python scalar: the same as a scalar of NumPy, once it has been asked for."""
    quotient_of: tuple[Any, Any]
    """Of a tangent that is a quotient: numerator and denominator."""
    holds: ClassVar[str | None] = None
    """The attribute with the value, of a trace further out, that a tracer is made around."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self.aval.shape

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the elements."""
        return self.aval.dtype

    @property
    def weak(self) -> bool:
        """True for a Python scalar, whose dtype gives way to others."""
        return self.aval.weak

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for d in self.shape:
            size *= d
        return size

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self.size * self.dtype.itemsize

    def concrete(self, use: str) -> Any:
        """The plain value behind this tracer, or an error that says why there is none."""
        raise abstract_value_error(self, use)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d traced array")
        return self.shape[0]

    def __bool__(self) -> bool:
        return bool(self.concrete("a Python condition (if, while, and, or, not)"))

    def __int__(self) -> int:
        return int(self.concrete("int()"))

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.shape:
            raise TypeError(f"only integer scalars can be an index, not {self.aval}")
        return self.concrete("a Python index or range()").__index__()

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        return format(self.concrete("formatting"), spec)

    def __float__(self) -> float:
        raise _dropping_error(self, "float()")

    def __complex__(self) -> complex:
        raise _dropping_error(self, "complex()")

    def item(self, *args: Any) -> Any:
        """Raise: a plain number would have no derivative."""
        raise _dropping_error(self, ".item()")

    def tolist(self) -> Any:
        """Raise: plain numbers would have no derivative."""
        raise _dropping_error(self, ".tolist()")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        name = scipy_calls.called_function(2)
        if name is not None:
            message = (
                f"{name} makes a plain array of a traced value ({self.aval}){at_source()}, which "
                f"would drop its derivative. {scipy_calls.advice(name)}."
            )
            raise scipy_calls.noted(errors.TracerError(message))
        if self.dtype.kind in "iub":
            raise errors.TracerError(
                f"a traced value ({self.aval}) cannot index a plain array{at_source()}: NumPy "
                "turns indices into plain arrays. Write fnp.take(table, i, axis=0) of "
                "funcgrad.numpy for table[i], or pass the table as an argument of the transformed "
                "function. If it was no index: build arrays from traced values with fnp.stack or "
                "fnp.array, and change them with fnp.at(a)[i].set(v)."
            )
        raise errors.TracerError(
            f"NumPy tried to turn a traced value ({self.aval}) into a plain array"
            f"{at_source()}, which would drop its derivative. Build arrays from traced values "
            "with fnp.stack, fnp.concatenate or fnp.array of funcgrad.numpy; write "
            "fnp.at(a)[i].set(v) instead of a[i] = v, and fnp.take(a, i, axis=0) for a plain "
            "array a at a traced index i; use funcgrad.numpy for functions that "
            "NumPy does not pass on."
        )

    def __setitem__(self, key: Any, value: Any) -> None:
        name = scipy_calls.called_function(2)
        if name is not None:
            message = (
                f"{name} changes a traced value ({self.aval}) in place{at_source()}. "
                f"{scipy_calls.advice(name)}."
            )
            raise scipy_calls.noted(errors.TracerError(message))
        raise errors.TracerError(
            f"traced arrays cannot be changed in place{at_source()}: write "
            "x = x.at[i].set(v), or x = fnp.at(x)[i].set(v), which also works on plain arrays."
        )

    def __iter__(self) -> Any:
        if not self.shape:
            raise TypeError("iteration over a 0-d traced array")
        return iter(hooks.hooks.rows(self)) if self.shape[0] else iter(())

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())  # type: ignore[union-attr]

    def __deepcopy__(self, memo: Any) -> Tracer:
        return self

    def __copy__(self) -> Tracer:
        return self

    def __reduce__(self) -> Any:
        raise errors.TracerError("traced values cannot be pickled")

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__") and hooks.complete():
            return getattr(self, name)
        why = _NO_MEMORY if name in _OF_MEMORY else ""
        raise AttributeError(f"traced arrays have no attribute {name!r}{why}")

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            prim = hooks.hooks.ufuncs.get(ufunc)
            if prim is not None:
                if len(args) == 1:
                    if prim.evaluate is not prim.ufunc and self.weak:
                        return self._trace.unary(prim, hooks.hooks.definite(self))
                    return self._trace.unary(prim, self)
                if len(args) == 2:
                    x, y = args
                    if type(x) not in _PLAIN and type(y) not in _PLAIN:
                        if all_weak(args):
                            x = hooks.hooks.definite(x)
                        elif isinstance(x, list | tuple) or isinstance(y, list | tuple):
                            x, y = map(hooks.hooks.as_array, args)
                    return prim.binary(x, y)
                return prim(*args)
        return hooks.hooks.ufunc_call(ufunc, method, args, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        handler = hooks.hooks.functions.get(func)
        if handler is None and hooks.complete():
            handler = hooks.hooks.functions.get(func)
        if handler is None:
            raise errors.TracerError(unknown_function_message(func))
        return handler(*args, **kwargs)

    def __dlpack__(self, **_: Any) -> Any:
        """Raise: another library would not be followed."""
        raise _dropping_error(self, "to hand another library (by DLPack)")

    def __dlpack_device__(self) -> Any:
        """Raise, as ``__dlpack__`` does."""
        raise _dropping_error(self, "to hand another library (by DLPack)")

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return hooks.hooks.namespace()

    def __repr__(self) -> str:
        return f"{type(self).__name__}<{self.aval}>"


_OF_MEMORY = frozenset(["base", "ctypes", "data", "flags", "strides", "__array_interface__"])
_NO_MEMORY = (
    ": a traced value stands for numbers, not for memory. Ask the plain array before the "
    "transformation, or the result"
)
_PLAIN = frozenset([np.ndarray, np.float64, np.float32, np.int64])


Array.register(Tracer)  # type: ignore[attr-defined]


def all_weak(args: tuple[Any, ...]) -> bool:
    """True if every operand is a Python scalar or a tracer of one."""
    for a in args:
        if type(a) not in WEAK_DTYPES and not (isinstance(a, Tracer) and a.weak):
            return False
    return True


def unknown_function_message(func: Any) -> str:
    """The message about a function of NumPy or SciPy that has no rule."""
    module = getattr(func, "__module__", "") or "scipy.special"
    name = f"{module}.{getattr(func, '__name__', func)}"
    return (
        f"{name} has no derivative rule in funcgrad, so a traced value cannot pass through it"
        f"{at_source()}. Use a function of funcgrad.numpy, or give it a rule with "
        "funcgrad.custom_jvp (or funcgrad.pure_callback where no derivative is needed)."
    )


def check_no_leak(x: Any, trace: Trace) -> None:
    """Raise if what a function returns is a value of a newer trace, or of one that has ended."""
    if isinstance(x, Tracer) and (x._trace.level > trace.level or not x._trace.alive):
        raise foreign_tracer_error(x, trace)


def foreign_tracer_error(tracer: Tracer, trace: Trace) -> errors.EscapedTracerError:
    """A value of a newer trace, or of one that has ended, came to where it does not belong."""
    return errors.EscapedTracerError(
        f"a traced value ({tracer.aval}) of {tracer._trace.owner} was used by {trace.owner} "
        f"outside of it{at_source()}. Return the value from the function instead of storing it."
    )


def at_source() -> str:
    """The position in the user's program, for the middle of a message."""
    source = current_source(3)
    return f" at {source}" if source else ""


def abstract_value_error(tracer: Tracer, use: str) -> errors.ConcretizationError:
    """The error about a use that needs a value where there is none."""
    name = scipy_calls.called_function(2)
    if name is not None:
        message = (
            f"{name} looks at a traced value ({tracer.aval}){at_source()}. "
            f"{scipy_calls.advice(name)}."
        )
        return scipy_calls.noted(errors.ConcretizationError(message))
    owner = tracer._trace.owner
    return errors.ConcretizationError(
        f"{use} needs a concrete value{at_source()}, but this {tracer.aval} is traced without "
        f"one by {owner}. Use fnp.where or fg.lax.cond / fg.lax.while_loop for branches and loops "
        "on values, & | ~ for and/or/not, fnp.take(table, i, axis=0) for indices, or name the "
        "argument in static_argnums of jit if it is not an array."
    )


def _dropping_error(tracer: Tracer, what: str) -> errors.TracerError:
    name = scipy_calls.called_function(2)
    if name is not None:
        message = (
            f"{name} takes {what} of a traced value ({tracer.aval}){at_source()}, which would drop "
            f"its derivative. {scipy_calls.advice(name)}."
        )
        return scipy_calls.noted(errors.TracerError(message))
    return errors.TracerError(
        f"{what} on a traced value ({tracer.aval}){at_source()} would drop its derivative. Use "
        "NumPy or funcgrad.numpy functions on the value itself (np.sin instead of math.sin), or "
        "funcgrad.stop_gradient(x) outside of jit if a constant is meant; write "
        "fnp.at(a)[i].set(v) instead of a[i] = v."
    )


def aval_of(x: Any) -> Aval:
    """The abstract value of an array, scalar or tracer."""
    if isinstance(x, Tracer):
        return x.aval
    weak = WEAK_DTYPES.get(type(x))  # pyright: ignore[reportUnknownArgumentType]
    if weak is not None:
        return Aval((), weak, True)
    try:
        return Aval(x.shape, x.dtype)
    except AttributeError:
        a = np.asarray(x)
        return Aval(a.shape, a.dtype)


def value_unknown(x: Any) -> bool:
    """True if a tracer stands for a value that is not there, or for many."""
    while isinstance(x, Tracer):
        if x.holds != "primal":
            return True
        x = x.primal
    return False


def newest_trace(args: Any) -> Trace | None:
    """The innermost trace among the operands of an operation."""
    top = None
    level = 0
    for a in args:
        if isinstance(a, Tracer):
            trace = a._trace
            if trace.level > level:
                top, level = trace, trace.level
    return top


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array, scalar or tracer."""
    return x.shape if hasattr(x, "shape") else np.shape(x)


def owner_name(transformation: str, fun: object) -> str:
    """The name of a running transformation in messages: ``grad of loss (train.py:12)``."""
    return f"{transformation} of {where_defined(fun)}"
