"""custom_jvp and custom_vjp: derivative rules of the user's own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import numpy as np

from .. import tree
from ..control.custom import call_with_rule, custom_jvp_call, custom_vjp_call
from ..control.custom_rule import Rule
from ..core.arguments import check_function, names, positions
from ..core.pickling import importable_name, portable, taken
from ..core.source import where_defined
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import DifferentiationError
from ..ops.pointwise.arithmetic import add
from ..transforms.algebra import instantiate
from ..typing import Array, PyTree
from .flat_rules import FlatJvp, FlatVjp

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
V = TypeVar("V")


def signature_of(fun: Callable[..., object]) -> inspect.Signature | None:
    """The signature of a Python function; None for NumPy's and other built-in ones."""
    if isinstance(fun, np.ufunc):
        return None
    try:
        return inspect.signature(fun)
    except (TypeError, ValueError):
        return None


def positional(
    signature: inspect.Signature | None,
    name: str,
    args: tuple[PyTree, ...],
    kwargs: Mapping[str, PyTree],
    rule: str,
) -> tuple[PyTree, ...]:
    """All arguments by position, defaults included.

    Raises:
        TypeError: there is no position for one of them.
    """
    if signature is None:
        if kwargs:
            raise TypeError(f"{name} has a {rule}: pass arguments by position")
        return args
    bound = signature.bind(*args, **kwargs)
    given = set(bound.arguments)
    bound.apply_defaults()
    named = [key for key in bound.kwargs if key in given or key in kwargs]
    if named:
        raise TypeError(
            f"{name}: keyword-only arguments ({', '.join(named)}) cannot pass a "
            f"{rule}; make them positional"
        )
    return bound.args


class _Custom(Generic[P, R]):
    """A function with a derivative rule of its own."""

    __name__: str

    @user_facing
    def __init__(
        self,
        fun: Callable[P, R],
        nondiff_argnums: int | Sequence[int] = (),
        nondiff_argnames: str | Sequence[str] = (),
    ) -> None:
        check_function(fun, type(self).__name__)
        functools.update_wrapper(self, fun)  # type: ignore[arg-type]
        self.fun: Callable[P, R] = fun
        self.name: str = where_defined(fun)
        self.signature: inspect.Signature | None = signature_of(fun)
        given = positions(nondiff_argnums, type(self).__name__, "nondiff_argnums")
        by_name = names(nondiff_argnames, type(self).__name__, "nondiff_argnames")
        found = (*given, *map(self._position, by_name))
        self.nondiff_argnums: tuple[int, ...] = tuple(sorted(set(found))) if by_name else given

    def _position(self, name: str) -> int:
        """The position of the argument of a name."""
        known = list(self.signature.parameters) if self.signature is not None else []
        if name not in known:
            raise ValueError(
                f"{type(self).__name__}: nondiff_argnames has {name!r}, which {self.name} does not "
                f"take; its arguments are {', '.join(known) or 'not known'}"
            )
        return known.index(name)

    if TYPE_CHECKING:

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: _Custom[Concatenate[V, Q], R], obj: V, owner: type | None = None
    ) -> Callable[Q, R]: ...
    def __get__(self, obj: object, owner: type | None = None) -> Any:
        return self if obj is None else functools.partial(self, obj)  # type: ignore[arg-type]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> Any:
        name = importable_name(self)
        if name is not None:
            return name
        rules = {
            k: taken(v) for k, v in self.__dict__.items() if k in ("rule", "rules", "symbolic")
        }
        return (type(self), (portable(self.fun), self.nondiff_argnums), rules)

    def positional(
        self, args: tuple[PyTree, ...], kwargs: Mapping[str, PyTree]
    ) -> tuple[PyTree, ...]:
        """All arguments by position, defaults included."""
        return positional(self.signature, self.name, args, kwargs, "derivative rule")

    def split(self, args: tuple[PyTree, ...]) -> tuple[list[PyTree], list[int], list[PyTree]]:
        """Non-differentiated arguments, positions of the others, and those."""
        for i in self.nondiff_argnums:
            if not 0 <= i < len(args):
                raise TypeError(
                    f"{self.name}: nondiff_argnums has {i}, but the call has {len(args)} arguments"
                )
        held = [args[i] for i in self.nondiff_argnums]
        places = [i for i in range(len(args)) if i not in self.nondiff_argnums]
        return held, places, [args[i] for i in places]

    def function_of(
        self, fun: Callable[..., PyTree], held: Sequence[PyTree], places: Sequence[int]
    ) -> Callable[..., PyTree]:
        """A function of the differentiated arguments only.

        It knows the others, but not the values of those: a rule outlives the call.
        """
        template: list[PyTree] = [None] * (len(held) + len(places))
        for i, a in zip(self.nondiff_argnums, held, strict=True):
            template[i] = a

        def of_given(*given: PyTree) -> PyTree:
            full = list(template)
            for i, a in zip(places, given, strict=True):
                full[i] = a
            return fun(*full)

        return of_given


def _zero_tangent(x: Array) -> Array:
    return instantiate(None, x)


class custom_jvp(_Custom[P, R]):
    """A function whose derivative is given by a rule, for both modes.

    Args:
        fun: the function.
        nondiff_argnums: positional arguments that are not differentiated; the rule gets them
            first.
        nondiff_argnames: the same by name.

    >>> @custom_jvp
    ... def f(x):
    ...     return np.sin(x)
    >>> @f.defjvp
    ... def f_jvp(primals, tangents):
    ...     (x,), (t,) = primals, tangents
    ...     return f(x), 10 * t
    >>> from funcgrad import grad
    >>> grad(f)(1.0)
    np.float64(10.0)
    """

    rule: Callable[..., tuple[PyTree, PyTree]] | None = None
    symbolic: bool = False

    @user_facing
    def defjvp(self, jvp: Callable[Q, V], symbolic_zeros: bool = False) -> Callable[Q, V]:
        """Set the rule: ``jvp(*nondiff, primals, tangents) -> (output, tangent_out)``.

        Args:
            jvp: the rule.
            symbolic_zeros: give tangents that are zero whatever the values are as
                ``custom_derivatives.SymbolicZero``. Where the rule closes over traced values, all
                come as arrays.

        Returns:
            The rule.
        """
        check_function(jvp, f"{self.name}: defjvp")
        self.rule = jvp  # type: ignore[assignment]
        self.symbolic = bool(symbolic_zeros)
        return jvp

    @user_facing
    def defjvps(self, *jvps: Callable[..., PyTree] | None) -> None:
        """Set one rule per argument: ``jvp(t, out, *primals)``; contributions are added."""
        if self.nondiff_argnums:
            raise TypeError("custom_jvp: defjvps does not go with nondiff_argnums; use defjvp")

        def rule(
            primals: tuple[PyTree, ...], tangents: tuple[PyTree, ...]
        ) -> tuple[PyTree, PyTree]:
            out = self(*primals)  # type: ignore[call-arg]
            total: PyTree = None
            if len(jvps) != len(tangents):
                raise TypeError(
                    f"{self.name} was given {len(jvps)} rules by defjvps, one per argument, but is "
                    f"called with {len(tangents)} arguments"
                )
            for jvp, t in zip(jvps, tangents, strict=True):
                if jvp is None:
                    continue
                part = jvp(t, out, *primals)
                total = part if total is None else tree.map(add, total, part)
            if total is None:
                total = tree.map(_zero_tangent, out)
            return out, total

        self.rule = rule
        self.symbolic = False

    @user_facing
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function; where it is differentiated, its rule is."""
        if self.rule is None:
            raise DifferentiationError(
                f"{self.name}: no rule yet; give one with @{self.__name__}.defjvp"
            )
        full = self.positional(args, kwargs)
        held, places, given = self.split(full)
        leaves, in_tree = tree.flatten(tuple(given))
        fun = self.function_of(self.fun, held, places)
        flat = FlatJvp(self.name, fun, in_tree, self.rule, held, self.symbolic)
        roots = (self.fun, self.rule, held)
        rule = Rule(self.name, flat.call, flat.forward, roots=roots, symbolic=self.symbolic)
        return flat.rebuild(call_with_rule(custom_jvp_call, rule, leaves))


class custom_vjp(_Custom[P, R]):
    """A function whose reverse derivative is given by a pair of functions.

    Args:
        fun: the function.
        nondiff_argnums: positional arguments that are not differentiated; ``bwd`` gets them first.
        nondiff_argnames: the same by name.

    >>> @custom_vjp
    ... def f(x):
    ...     return np.sin(x)
    >>> f.defvjp(lambda x: (f(x), x), lambda x, ct: (10 * ct,))
    >>> from funcgrad import grad
    >>> grad(f)(1.0)
    np.float64(10.0)
    """

    rules: tuple[Callable[..., PyTree], Callable[..., PyTree]] | None = None
    symbolic: bool = False
    through: bool = False
    """True if forward mode differentiates the function itself, and does not refuse."""

    @user_facing
    def defvjp(
        self,
        fwd: Callable[..., PyTree],
        bwd: Callable[..., PyTree],
        symbolic_zeros: bool = False,
        optimize_remat: bool = False,
    ) -> None:
        """Set the rule.

        Args:
            fwd: takes the arguments, returns (output, residuals).
            bwd: takes (*nondiff, residuals, ct), returns a tuple of one cotangent per argument
                that is differentiated; None stands for zero.
            symbolic_zeros: give ``fwd`` its arguments as ``custom_derivatives.CustomVJPPrimal``,
                which says whether a cotangent is wanted, and ``bwd`` cotangents that are zero
                whatever the values are as ``custom_derivatives.SymbolicZero``. Where the rules
                close over traced values, all cotangents are wanted and come as arrays.
            optimize_remat: ignored: ``fwd`` is part of what ``checkpoint`` recomputes, and what
                is not needed of it is not computed.
        """
        check_function(fwd, f"{self.name}: defvjp", "fwd")
        check_function(bwd, f"{self.name}: defvjp", "bwd")
        self.rules = (fwd, bwd)
        self.symbolic = bool(symbolic_zeros)

    @user_facing
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function; where it is differentiated, its rule is."""
        if self.rules is None:
            raise DifferentiationError(f"{self.name}: no rule yet; give one with .defvjp(fwd, bwd)")
        fwd, bwd = self.rules
        full = self.positional(args, kwargs)
        held, places, given = self.split(full)
        leaves, in_tree = tree.flatten(tuple(given))
        flat = FlatVjp(
            self.name,
            self.function_of(self.fun, held, places),
            in_tree,
            self.function_of(fwd, held, places),
            bwd,
            held,
            [aval_of(x) for x in leaves],
            self.symbolic,
        )
        roots = (self.fun, self.rules, held)
        rule = Rule(
            self.name,
            flat.call,
            flat,
            flat.backward,
            roots=roots,
            symbolic=self.symbolic,
            through=self.through,
        )
        return flat.rebuild(call_with_rule(custom_vjp_call, rule, leaves))
