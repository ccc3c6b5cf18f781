"""Rules of PyTorch, right and wrong, in the styles of its tutorials."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
Function: Any = torch.autograd.Function
once_differentiable = torch.autograd.function.once_differentiable


class Cube(Function):
    """Old style, as the first tutorial has it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        return 3 * ct * x**2


class Power(Function):
    """An argument that is no tensor."""

    @staticmethod
    def forward(ctx, x, n):
        ctx.save_for_backward(x)
        ctx.n = n
        return x**n

    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        return ct * ctx.n * x ** (ctx.n - 1), None


class NewStyle(Function):
    """With setup_context, jvp and a vmap rule that PyTorch makes."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, w):
        return torch.sin(x) * w

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, ct):
        x, w = ctx.saved_tensors
        return ct * torch.cos(x) * w, ct * torch.sin(x)

    @staticmethod
    def jvp(ctx, t, s):
        x, w = ctx.saved_tensors
        return t * torch.cos(x) * w + torch.sin(x) * s


class OwnVmap(Function):
    """With a vmap rule by hand."""

    @staticmethod
    def forward(x):
        return torch.cumsum(x, -1)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, ct):
        return torch.flip(torch.cumsum(torch.flip(ct, (-1,)), -1), (-1,))

    @staticmethod
    def vmap(info, in_dims, x):
        return OwnVmap.apply(x.movedim(in_dims[0], 0)), 0


class Affine(Function):
    """needs_input_grad, as the page on extending PyTorch has it."""

    @staticmethod
    def forward(ctx, x, w, b=None):
        ctx.save_for_backward(x, w)
        ctx.bias = b is not None
        out = x @ w.T
        return out if b is None else out + b

    @staticmethod
    def backward(ctx, ct):
        x, w = ctx.saved_tensors
        dx = dw = db = None
        if ctx.needs_input_grad[0]:
            dx = ct @ w
        if ctx.needs_input_grad[1]:
            dw = ct.T @ x
        if ctx.bias and ctx.needs_input_grad[2]:
            db = ct.sum(0)
        return dx, dw, db


class SinCos(Function):
    """Two outputs, either of which may go unused."""

    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x)
        return torch.sin(x), torch.cos(x)

    @staticmethod
    def backward(ctx, s, c):
        (x,) = ctx.saved_tensors
        total = torch.zeros_like(x)
        if s is not None:
            total = total + s * torch.cos(x)
        if c is not None:
            total = total - c * torch.sin(x)
        return total


class SortWithPlaces(Function):
    """An output that is not differentiable."""

    @staticmethod
    def forward(ctx, x):
        values, places = x.sort()
        ranks = places.to(x.dtype)
        ctx.mark_non_differentiable(places, ranks)
        ctx.save_for_backward(places)
        return values, places, ranks

    @staticmethod
    def backward(ctx, ct, _places, _ranks):
        (places,) = ctx.saved_tensors
        return torch.zeros_like(ct).scatter_(-1, places, ct)


class InPlace(Function):
    """Works in place, and says so."""

    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.exp_()
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, ct):
        (out,) = ctx.saved_tensors
        return ct * out


class ThroughNumpy(Function):
    """Computes with NumPy, hence once differentiable."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.new_tensor(np.sin(x.detach().numpy()))

    @staticmethod
    @once_differentiable
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        return ct * ct.new_tensor(np.cos(x.detach().numpy()))


class Modulus(Function):
    """PyTorch's convention for complex numbers: the gradient is that of the conjugate."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z.abs() ** 2

    @staticmethod
    def backward(ctx, ct):
        (z,) = ctx.saved_tensors
        return 2 * ct * z


class ComplexProduct(Function):
    """A product of complex tensors needs conj in the backward pass."""

    @staticmethod
    def forward(ctx, z, w):
        ctx.save_for_backward(z, w)
        return z * w

    @staticmethod
    def backward(ctx, ct):
        z, w = ctx.saved_tensors
        return ct * w.conj(), ct * z.conj()


class Constant(Function):
    """A target that is a float tensor and has no gradient on purpose."""

    @staticmethod
    def forward(ctx, x, target):
        ctx.save_for_backward(x, target)
        return ((x - target) ** 2).sum()

    @staticmethod
    def backward(ctx, ct):
        x, target = ctx.saved_tensors
        return 2 * ct * (x - target), None


# --- mistakes ------------------------------------------------------------------------------------


class NoFactor(Cube):
    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        return ct * x**2


class WrongSaved(Function):
    @staticmethod
    def forward(ctx, x):
        out = torch.tanh(x)
        ctx.save_for_backward(x)
        return out

    @staticmethod
    def backward(ctx, ct):
        (out,) = ctx.saved_tensors
        return ct * (1 - out**2)


class NoConj(ComplexProduct):
    @staticmethod
    def backward(ctx, ct):
        z, w = ctx.saved_tensors
        return ct * w, ct * z


class WrongNeeds(Affine):
    @staticmethod
    def backward(ctx, ct):
        x, w = ctx.saved_tensors
        dx = dw = None
        if ctx.needs_input_grad[0]:
            dx = ct @ w
            dw = ct.T @ x
        return dx, dw, ct.sum(0)


class WrongShape(Affine):
    @staticmethod
    def backward(ctx, ct):
        x, w = ctx.saved_tensors
        return ct @ w, x.T @ ct, ct.sum(0)


class WritesInto(Cube):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.clone())
        return x.pow_(3) + 0


class WritesIntoCotangent(Cube):
    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        return ct.mul_(3 * x**2)


class ReadsMemory(Cube):
    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        flat = torch.as_strided(ct, (ct.numel(),), (1,))
        return 3 * flat.reshape(ct.shape) * x**2


class SingleOnly(Cube):
    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        factor = 3.1 if x.dtype == torch.float32 else 3
        return factor * ct * x**2


class KeepsState(Cube):
    @staticmethod
    def forward(ctx, x):
        KeepsState.x = x
        return x**3

    @staticmethod
    def backward(ctx, ct):
        return 3 * ct * KeepsState.x**2


class SecondCall(Cube):
    calls = 0

    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        SecondCall.calls += 1
        return (3 if SecondCall.calls < 2 else 2) * ct * x**2


class UnusedOutput(SinCos):
    @staticmethod
    def backward(ctx, s, c):
        (x,) = ctx.saved_tensors
        if s is None or c is None:
            return torch.zeros_like(x)
        return s * torch.cos(x) - c * torch.sin(x)


class WrongTangent(NewStyle):
    @staticmethod
    def jvp(ctx, t, s):
        x, w = ctx.saved_tensors
        return t * torch.cos(x) * w


class WrongVmap(OwnVmap):
    @staticmethod
    def vmap(info, in_dims, x):
        return WrongVmap.apply(x.movedim(in_dims[0], -1)).movedim(-1, 0), 0


class Detached(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.detach(), (x * x).detach())
        return x**3

    @staticmethod
    def backward(ctx, ct):
        _, square = ctx.saved_tensors
        return 3 * ct * square


class ConstantOnly(Constant):
    """None for an argument that the value depends on."""


class ClipsCotangents(Cube):
    @staticmethod
    def backward(ctx, ct):
        (x,) = ctx.saved_tensors
        return 3 * ct.clamp(-8, 8) * x**2


class TooMany(Cube):
    @staticmethod
    def backward(ctx, ct):
        return Cube.backward(ctx, ct), ct
