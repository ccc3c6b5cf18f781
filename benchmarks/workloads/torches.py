"""PyTorch and HIPS autograd under NumPy's and JAX's names, for the programs that they can run."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import Library


def _numpy_names(torch: Any) -> Any:
    """NumPy's functions, as far as the programs call them, on tensors."""

    def along(f: Callable[..., Any]) -> Callable[..., Any]:
        def run(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
            axis = tuple(range(x.ndim)) if axis is None else axis
            return f(x, dim=axis, keepdim=keepdims)

        return run

    def number(f: Callable[..., Any]) -> Callable[..., Any]:
        """A function of two tensors, one of which may be a number."""

        def run(x: Any, y: Any) -> Any:
            x, y = (
                a if torch.is_tensor(a) else torch.as_tensor(a, dtype=b.dtype)
                for a, b in ((x, y), (y, x))
            )
            return f(x, y)

        return run

    names = "exp tanh sqrt log sin cos where zeros ones eye zeros_like ones_like stack abs dot"
    return SimpleNamespace(
        **{n: getattr(torch, n) for n in names.split()},
        sum=along(torch.sum),
        mean=along(torch.mean),
        max=along(torch.amax),
        maximum=number(torch.maximum),
        logaddexp=number(torch.logaddexp),
        swapaxes=torch.swapaxes,
        concatenate=torch.cat,
        diagonal=torch.diagonal,
        linalg=torch.linalg,
        array=torch.as_tensor,
    )


def _lax_names(torch: Any) -> Any:
    def scan(f: Any, carry: Any, xs: Any) -> Any:
        """Written out: PyTorch has no such loop with derivatives."""
        for x in xs:
            carry, _ = f(carry, x)
        return carry, None

    def convolution(x: Any, w: Any, strides: Any, padding: str, dimension_numbers: Any) -> Any:
        assert (padding, dimension_numbers) == ("VALID", ("NHWC", "HWIO", "NHWC"))
        found = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1))
        return found.permute(0, 2, 3, 1)

    return SimpleNamespace(scan=scan, conv_general_dilated=convolution)


def _zeros(torch: Any, shape: Any, dtype: Any) -> Any:
    return torch.zeros(shape, dtype=torch.as_tensor(np.zeros((), dtype)).dtype)


def torch_library(compiled: bool) -> Library:
    """PyTorch: derivatives by torch.func if they are compiled, by torch.autograd if not."""
    import torch

    tree = torch.utils._pytree
    names = _numpy_names(torch)
    names.zeros = lambda shape, dtype="d": _zeros(torch, shape, dtype)
    func = torch.func

    def value_and_grad(f: Any, argnums: Any = 0) -> Any:
        swapped = func.grad_and_value(f, argnums)

        def run(*args: Any) -> Any:
            g, value = swapped(*args)
            return value, g

        return run

    def recorded(f: Any, argnums: Any = 0) -> Any:
        wanted = (argnums,) if isinstance(argnums, int) else tuple(argnums)

        def run(*args: Any) -> Any:
            given = list(args)
            leaves = []
            for i in wanted:
                flat, spec = tree.tree_flatten(args[i])
                flat = [a.detach().requires_grad_() for a in flat]
                leaves.append(flat)
                given[i] = tree.tree_unflatten(flat, spec)
            value = f(*given)
            found = iter(torch.autograd.grad(value, list(itertools.chain(*leaves))))
            made = [
                tree.tree_unflatten([next(found) for _ in flat], tree.tree_flatten(args[i])[1])
                for i, flat in zip(wanted, leaves, strict=True)
            ]
            return value.detach(), made[0] if isinstance(argnums, int) else tuple(made)

        return run

    def once(f: Any, argnums: Any = 0) -> Any:
        both = recorded(f, argnums)
        return lambda *args: both(*args)[1]

    transformations = SimpleNamespace(
        value_and_grad=value_and_grad if compiled else recorded,
        grad=func.grad if compiled else once,
        vjp=func.vjp,
        vmap=lambda f, axes=0: func.vmap(f, axes),
        hessian=func.hessian,
        jacrev=func.jacrev,
        jacfwd=func.jacfwd,
        tree=SimpleNamespace(map=tree.tree_map),
    )
    if not compiled:  # a gradient for each example is not recorded example by example
        inner = transformations.grad
        transformations.vmap = lambda f, axes=0: func.vmap(getattr(f, "by_func", f), axes)

        def grad(f: Any, argnums: Any = 0) -> Any:
            run = inner(f, argnums)
            run.by_func = func.grad(f, argnums)
            return run

        transformations.grad = grad

    def array(x: Any) -> Any:
        return torch.from_numpy(np.array(x))

    return Library(names, _lax_names(torch), transformations, torch.erf, None, array)


def autograd_library() -> Library:
    """HIPS autograd: NumPy with a tape."""
    import autograd
    import autograd.numpy as anp
    import autograd.scipy.special as special

    def value_and_grad(f: Any, argnums: Any = 0) -> Any:
        return autograd.value_and_grad(f, argnums)

    def vjp(f: Any, *args: Any) -> Any:
        pull, value = autograd.core.make_vjp(lambda xs: f(*xs), args)
        return value, pull

    def mapped(f: Any, *trees: Any) -> Any:
        first = trees[0]
        if isinstance(first, dict):
            return {k: mapped(f, *(t[k] for t in trees)) for k in first}
        if isinstance(first, list | tuple):
            return type(first)(mapped(f, *each) for each in zip(*trees, strict=True))
        return f(*trees)

    transformations = SimpleNamespace(
        value_and_grad=value_and_grad,
        grad=autograd.grad,
        vjp=vjp,
        hessian=autograd.hessian,
        jacrev=autograd.jacobian,
        tree=SimpleNamespace(map=mapped),
    )
    lax = SimpleNamespace()
    return Library(anp, lax, transformations, special.erf, None, np.asarray)
