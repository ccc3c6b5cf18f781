"""check_grads, check_jvp and check_vjp."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.tracebacks import user_facing
from ..errors import DifferentiationError, TreeError
from ..typing import PyTree
from . import options
from .conclusions import concluded
from .derivatives import laws as law_checks
from .derivatives.functions import Flat, Leaves, forward, with_zeros
from .derivatives.jacobian import check_jacobian
from .derivatives.leaves import generator, has_tangent
from .derivatives.localisation import find_cause, none_fails
from .derivatives.orders import check_forward, check_orders, check_reverse
from .derivatives.session import Session
from .derivatives.tangents import tangents_option
from .held import holding, push_holding, restored, rule_holding
from .reports.report import Finding, GradientCheckError, Report


@user_facing
def check_grads(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    order: int = 1,
    modes: str | Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    *,
    directions: int = 3,
    seed: int = 0,
    laws: bool = True,
    jacobian: bool = False,
    holomorphic: bool = False,
    locate: bool = True,
    raises: bool = True,
    nondet_tol: float = 0.0,
    argnums: int | Sequence[int] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    has_aux: bool = False,
    stateful: bool = False,
    tangents: Any = None,
) -> Report:
    """Check the derivatives of a function against finite differences and against their laws.

    In several random directions the derivative is compared with central differences in double
    precision, extrapolated in the step, or with the complex step where f takes complex numbers
    and is analytic (see ``numerical_jvp``). The tolerance contains the estimated error of the
    differences. At a kink everything in the generalised derivative passes (Clarke): between the
    two one-sided derivatives, or in the hull of derivatives at points beside. The laws:

    - the transformation returns the value of f, in the same dtypes, and leaves args as they were;
    - jvp and vjp are linear, and adjoint: <ct, jvp(t)> = <vjp(ct), t>;
    - second derivatives are symmetric;
    - vmap and jit of f and of its derivatives equal f and its derivatives. A law that cannot
      apply, since f needs concrete values, is left out, and the report says so.

    Args:
        f: function of positional arguments: pytrees of arrays. Leaves that are neither real nor
            complex are held constant. A complex f need not be holomorphic. Functions of PyTorch,
            JAX and autograd, their rules and modules, and functions given arrays of theirs, are
            checked with the derivatives of that system: see ``funcgrad.testing.adapters``.
        args: the point, a tuple.
        order: derivatives up to this order are checked, in all mixtures of modes.
        modes: 'fwd' (jvp), 'rev' (vjp), 'lin' (linearize), or several of them; of several the
            forward ones are left out if f has a ``custom_vjp`` rule, which is for reverse mode.
        atol: absolute tolerance: a number, a mapping from dtypes, or None for a small fraction
            of the largest expected element.
        rtol: relative tolerance: a number, a mapping from dtypes, or None for 1e-8 (float64),
            2e-5 (float32), 1e-2 (float16), 8 eps (bfloat16 and float8); where rounding does more
            than that to f and its derivative, that is added.
        eps: largest step of the differences; None searches for it.
        directions: number of random directions.
        seed: of the random directions.
        laws: whether to check the laws as well.
        jacobian: compare every element of the first Jacobian, instead of random directions.
        holomorphic: check that f obeys the Cauchy-Riemann equations, jvp(i t) = i jvp(t); all
            arguments and outputs must be complex.
        locate: look for the operation inside f whose derivative is wrong, if one is.
        raises: raise what was found to be wrong; otherwise it is only in the report.
        nondet_tol: by how much two calls with the same arguments may differ, absolutely: functions
            whose sums have no fixed order.
        argnums: position or positions of the arguments that are varied; None for all.
        kwargs: keyword arguments for f.
        has_aux: f returns a pair, and the second part (a new state, statistics) is not checked.
        stateful: f is a method or an object that changes itself when it is called: let each call
            start in its present state.
        tangents: the directions that keep an argument where it has to be: 'symmetric', 'skew',
            'hermitian', 'simplex', 'sphere', 'orthogonal', or a function of (random generator,
            argument) that returns a tangent; or a tuple with one of these, or None, for each
            argument.

    Returns:
        A Report; print it to see what was checked and what was left out.

    Raises:
        GradientCheckError: an AssertionError that shows the worst element, a diagnosis, and which
            operation inside f has a wrong derivative of its own.
        InconclusiveCheckError: a GradientCheckError for a point where differences do not settle.

    >>> x = np.array([0.5, 2.0])
    >>> report = check_grads(lambda x: np.sin(x) * x, (x,), order=2)
    >>> report.left_out
    {}
    """
    caller = "check_grads"
    options.function(f, "f", caller)
    args = options.arguments(args, caller)
    order = options.count(order, "order", caller)
    chosen = options.modes_option(modes, caller)
    f = restored(f) if stateful else f
    if loaded_systems():
        wrap = functools.partial(with_settings, kwargs=kwargs, has_aux=has_aux, caller=caller)
        whole = not kwargs and not has_aux
        adapters = importlib.import_module(".adapters", __package__)
        claim = adapters.adapted(f, args, None if whole else wrap)
        if claim is not None:
            given: dict[str, Any] = {
                "atol": atol,
                "rtol": rtol,
                "eps": eps,
                "directions": directions,
                "seed": seed,
            }
            given |= {"laws": laws, "argnums": argnums, "raises": raises}
            given |= {"nondet_tol": nondet_tol} if nondet_tol else {}
            given |= {} if tangents is None else {"tangents": tangents}
            check_claim = importlib.import_module(".claim_checks", __package__).check_claim
            return check_claim(claim, args, order, chosen, **given)
    f, args = holding(f, args, argnums, kwargs, caller, has_aux=has_aux)
    session = new_session(caller, atol, rtol, eps, directions, seed, nondet_tol)
    session.locate = locate
    session.tangents = tangents_option(tangents, args, caller)
    causes: dict[int, str | None] = {}

    def innocent(finding: Finding) -> bool:
        if finding.order not in causes:
            causes[finding.order] = find_cause(session, f, finding)
        return none_fails(session, causes[finding.order])

    session.innocent = innocent

    def check() -> None:
        flat = session.flatten(f, args)
        session.modes = possible = possible_modes(session, flat, chosen)
        if holomorphic:
            law_checks.check_holomorphic(session, flat)
        if jacobian:
            check_jacobian(session, flat, possible)
        check_orders(session, flat, possible, order, laws=laws)
        session.check_arguments()
        session.conclude()

    try:
        try:
            check()
        except GradientCheckError as found:
            if not found.finding.order or not session.begins_again_in_half(generator(seed)):
                raise
            check()
    except GradientCheckError as found:
        error = concluded(session, f, args, order, seed, found)
        if error is not None and raises:
            raise error from found.__cause__
    return session.report


def with_settings(
    f: Callable[..., Any], kwargs: Mapping[str, Any] | None, has_aux: bool, caller: str
) -> Callable[..., Any]:
    """A function with keyword arguments, and without its second output."""
    return holding(f, (), None, kwargs, caller, has_aux=has_aux)[0]


def loaded_systems() -> bool:
    """True if there can be objects of other systems that the checks know."""
    return any(name in sys.modules for name in ("torch", "jax", "autograd"))


def possible_modes(session: Session, flat: Flat, modes: tuple[str, ...]) -> tuple[str, ...]:
    """Modes without the forward ones if f has no forward derivative: a custom_vjp rule."""
    if modes in (("fwd",), ("lin",), ("fwd", "lin"), ("rev",)):
        return modes
    ts = session.random_tangents(flat.point, real=session.real_direction(0))
    try:
        flat.pushed = ts, forward(flat, flat.point, ts)
    except DifferentiationError as error:
        session.report.left_out["mode 'fwd'"] = str(error).split(". ")[0]
        return ("rev",)
    except TreeError:  # of a rule that is wrong: the check in forward mode tells of it
        pass
    return modes


@user_facing
def check_jvp(
    f: Callable[..., Any],
    f_jvp: Callable[..., Any],
    args: tuple[Any, ...],
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    *,
    directions: int = 3,
    seed: int = 0,
    laws: bool = True,
    nondet_tol: float = 0.0,
    argnums: int | Sequence[int] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    tangents: Any = None,
) -> Report:
    """Check a jvp function against finite differences.

    Args:
        f: function of positional arguments; it gets tensors of PyTorch or arrays of JAX if
            ``args`` are such, as ``f_jvp`` does.
        f_jvp: takes (args, tangents), both tuples, and returns (output, tangent_out), as
            ``functools.partial(funcgrad.jvp, f)`` does.
        args: the point, a tuple.
        atol: as in ``check_grads``.
        rtol: as in ``check_grads``.
        eps: as in ``check_grads``.
        directions: number of random directions.
        seed: of the random directions.
        laws: whether to check that ``f_jvp`` is linear in the tangents.
        nondet_tol: as in ``check_grads``.
        argnums: as in ``check_grads``.
        kwargs: keyword arguments for f and for ``f_jvp``.
        tangents: as in ``check_grads``.

    Returns:
        A Report.

    Raises:
        GradientCheckError: an AssertionError that shows the worst element and a diagnosis.

    >>> def wrong(primals, tangents):
    ...     return np.sin(*primals), -np.cos(*primals) * tangents[0]
    >>> check_jvp(np.sin, wrong, (np.array([1.0, 2.0]),))
    Traceback (most recent call last):
        ...
    funcgrad.testing.reports.report.GradientCheckError: sin: the jvp differs from finite differences
      order      1, mode 'fwd'
      where      output at index (0,); 2 of 2 elements differ
      expected   ...
      diagnosis  the sign is flipped: found = -expected everywhere
    """
    caller = "check_jvp"
    options.function(f, "f", caller)
    options.function(f_jvp, "f_jvp", caller)
    args = options.arguments(args, caller)
    if loaded_systems():
        other = importlib.import_module(".adapters.systems", __package__).InNumpy(args)
        f, f_jvp, args = other.value(f), other.jvp(f_jvp), other.args
    f_jvp = push_holding(f_jvp, kwargs, caller)
    f, args = holding(f, args, argnums, kwargs, caller)
    session = new_session(caller, atol, rtol, eps, directions, seed, nondet_tol)
    session.tangents = tangents_option(tangents, args, caller)
    flat = session.flatten(f, args)
    args = session.args
    leaves, spec = tree.flatten(args)

    def push(xs: Sequence[Any], ts: Sequence[Any]) -> tuple[Leaves, Leaves]:
        it = iter(xs)
        point = tree.unflatten(spec, [next(it) if has_tangent(x) else x for x in leaves])
        result = f_jvp(point, with_zeros(ts, args))
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise TypeError(f"{caller}: f_jvp must return (output, tangent_out), got {result!r}")
        out, tangent = result
        return split_outputs(out, tangent, "the tangent from f_jvp")

    check_forward(session, flat, push, ("fwd",))
    if laws:
        law_checks.check_linear(session, flat, push, ("fwd",))
    session.check_arguments()
    session.conclude()
    return session.report


@user_facing
def check_vjp(
    f: Callable[..., Any],
    f_vjp: Callable[..., Any],
    args: tuple[Any, ...],
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    *,
    directions: int = 3,
    seed: int = 0,
    laws: bool = True,
    nondet_tol: float = 0.0,
    argnums: int | Sequence[int] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    tangents: Any = None,
) -> Report:
    """Check a vjp function against finite differences.

    Args:
        f: function of positional arguments; it gets tensors of PyTorch or arrays of JAX if
            ``args`` are such, as ``f_vjp`` does.
        f_vjp: takes ``*args`` and returns (output, pull), as ``functools.partial(funcgrad.vjp, f)``
            does; ``pull`` takes a cotangent of the output and returns a tuple of cotangents, one
            per argument.
        args: the point, a tuple.
        atol: as in ``check_grads``.
        rtol: as in ``check_grads``.
        eps: as in ``check_grads``.
        directions: number of random directions.
        seed: of the random directions.
        laws: whether to check that ``pull`` is linear.
        nondet_tol: as in ``check_grads``.
        argnums: as in ``check_grads``.
        kwargs: keyword arguments for f and for ``f_vjp``.
        tangents: as in ``check_grads``.

    Returns:
        A Report.

    Raises:
        GradientCheckError: an AssertionError that shows the worst element and a diagnosis.

    >>> import funcgrad as fg
    >>> x, w = np.ones(3), np.arange(6.0).reshape(3, 2)
    >>> print(check_vjp(np.matmul, lambda x, w: fg.vjp(np.matmul, x, w), (x, w)))
    8 checks passed
    """
    caller = "check_vjp"
    options.function(f, "f", caller)
    options.function(f_vjp, "f_vjp", caller)
    args = options.arguments(args, caller)
    if loaded_systems():
        other = importlib.import_module(".adapters.systems", __package__).InNumpy(args)
        f, f_vjp, args = other.value(f), other.vjp(f_vjp), other.args
    f_vjp = rule_holding(f_vjp, kwargs, caller)
    f, args = holding(f, args, argnums, kwargs, caller)
    session = new_session(caller, atol, rtol, eps, directions, seed, nondet_tol)
    session.tangents = tangents_option(tangents, args, caller)
    flat = session.flatten(f, args)
    args = session.args
    leaves, spec = tree.flatten(args)

    def pull_of(xs: Sequence[Any]) -> tuple[Leaves, Callable[[Sequence[Any]], Leaves]]:
        it = iter(xs)
        point = tree.unflatten(spec, [next(it) if has_tangent(x) else x for x in leaves])
        result = f_vjp(*point)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise TypeError(f"{caller}: f_vjp must return (output, pull), got {result!r}")
        out, pull = result

        def pull_leaves(cts: Sequence[Any]) -> Leaves:
            found = pull(with_zeros(cts, out))
            found = tuple(found) if isinstance(found, list) else found
            return split_outputs(args, found, "the cotangents from f_vjp")[1]

        return [o for o in tree.leaves(out) if has_tangent(o)], pull_leaves

    check_reverse(session, flat, pull_of, ("rev",))
    if laws:
        law_checks.check_linear_pull(session, flat, pull_of, ("rev",))
    session.check_arguments()
    session.conclude()
    return session.report


def new_session(
    caller: str,
    atol: float | None,
    rtol: float | None,
    eps: float | None,
    directions: int | None,
    seed: int,
    nondet_tol: float = 0.0,
) -> Session:
    """A Session with checked options."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise TypeError(f"{caller}: seed must be an integer of at least 0, got {seed!r}")
    return Session(
        atol=options.tolerance_option(atol, "atol", caller),
        rtol=options.tolerance_option(rtol, "rtol", caller),
        eps=options.positive(eps, "eps", caller),
        directions=options.count(directions, "directions", caller),
        rng=generator(seed),
        nondet_tol=options.nondet_option(nondet_tol, caller),
    )


def split_outputs(values: PyTree, derivatives: PyTree, what: str) -> tuple[Leaves, Leaves]:
    """The real and complex leaves of values, and their derivatives."""
    leaves, spec = tree.flatten(values)
    found = tree.match_prefix(spec, derivatives, what)
    pairs = [(x, d) for x, d in zip(leaves, found, strict=True) if has_tangent(x)]
    return [x for x, _ in pairs], [d for _, d in pairs]
