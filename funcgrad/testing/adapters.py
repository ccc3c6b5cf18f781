"""Functions of other systems as claims: their own derivatives, checked like ours.

Each takes a function of that system and returns a ``Claim`` for ``check_claim``. The function is
called with that system's arrays; arguments and results of the check are NumPy's::

    check_claim(adapters.torch(torch.special.xlogy), (np.ones(3), np.ones(3)))
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..typing import PyTree
from .claims import Claim
from .derivatives.functions import has_tangent


def autograd(f: Callable[..., Any]) -> Claim:
    """A function written for HIPS autograd, with the derivative that autograd gives it.

    Args:
        f: function of positional arrays (no containers) that returns an array.

    Returns:
        A Claim with a vjp.

    Raises:
        ImportError: autograd is not installed.
    """
    core = required("autograd")

    def vjp(*args: PyTree) -> Any:
        out: Any = None
        pulls = []
        for i in range(len(args)):
            if has_tangent(args[i]):
                pull_one, out = core.make_vjp(f, i)(*args)
                pulls.append(pull_one)
            else:
                pulls.append(None)

        def pull(ct: PyTree) -> Any:
            return tuple(
                x if p is None else np.asarray(p(ct)) for p, x in zip(pulls, args, strict=True)
            )

        return out, pull

    return Claim(f, vjp=vjp)


def torch(f: Callable[..., Any]) -> Claim:
    """A function of PyTorch tensors, with the derivatives that PyTorch gives it.

    Args:
        f: function of positional tensors that returns a tensor, or a tuple of them. It is called
            with tensors on the CPU, of the dtypes of the NumPy arguments.

    Returns:
        A Claim with a vjp and a jvp (``torch.func``).

    Raises:
        ImportError: PyTorch is not installed.
    """
    system = required("torch")

    def tensors(xs: PyTree) -> Any:
        return tree.map(lambda x: system.tensor(np.asarray(x)), xs)

    def arrays(xs: PyTree) -> Any:
        return tree.map(lambda x: x.detach().resolve_conj().numpy()[()], xs)

    def vjp(*args: PyTree) -> Any:
        out, pull = system.func.vjp(f, *tensors(args))
        # PyTorch's cotangents are conjugates of ours, on both ends.
        conjugated = lambda xs: tree.map(np.conj, xs)  # noqa: E731
        return arrays(out), lambda ct: conjugated(arrays(pull(tensors(conjugated(ct)))))

    def jvp(args: PyTree, tangents: PyTree) -> Any:
        return arrays(system.func.jvp(f, tensors(args), tensors(tangents)))

    return Claim(lambda *args: arrays(f(*tensors(args))), vjp, jvp)


def jax(f: Callable[..., Any]) -> Claim:
    """A function of JAX arrays, with the derivatives that JAX gives it.

    Args:
        f: function of positional arguments, pytrees of arrays. JAX computes in float32 unless its
            option ``jax_enable_x64`` is set; arguments of the check must have that dtype.

    Returns:
        A Claim with a vjp and a jvp.

    Raises:
        ImportError: JAX is not installed.
        TypeError: at the check, if JAX would change the dtype of an argument.
    """
    system = required("jax")

    def check(args: PyTree) -> None:
        for x in tree.leaves(args):
            kept = system.numpy.asarray(x).dtype
            if has_tangent(x) and kept != np.asarray(x).dtype:
                raise TypeError(
                    f"adapters.jax: JAX computes {np.asarray(x).dtype} arguments in {kept}; pass "
                    "them in that dtype, or set jax.config.update('jax_enable_x64', True)"
                )

    def arrays(xs: PyTree) -> Any:
        return tree.map(lambda x: np.asarray(x)[()], xs)

    def value(*args: PyTree) -> Any:
        check(args)
        return arrays(f(*args))

    def vjp(*args: PyTree) -> Any:
        out, pull = system.vjp(f, *args)
        return arrays(out), lambda ct: arrays(pull(ct))

    return Claim(
        value,
        vjp,
        lambda args, tangents: arrays(system.jvp(f, tuple(args), tuple(tangents))),
    )


def required(name: str) -> Any:
    """A module of another system, or an error that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"funcgrad.testing.adapters.{name} needs {name}, which is not installed: "
            f"pip install {name}"
        ) from error
