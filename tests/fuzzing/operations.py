"""The formulas that random programs are made of.

A letter in braces is an operand: ``a b c`` are any float arrays, ``p`` one of positive numbers,
``s`` a float scalar, ``v w`` float vectors, ``r`` a float matrix, ``q`` a square one, ``m n`` are
booleans, ``i j`` integers, ``k`` an integer scalar. A formula applies where NumPy evaluates it
without an error or a warning; formulas are guarded so that most do.
"""

from __future__ import annotations

import re

import funcgrad.numpy as fnp
from funcgrad import lax, nn

ELEMENTWISE = """
np.absolute({a} - 0.0173)
np.abs({a} + 0.0271)
np.fabs({a} - 0.0331)
np.cbrt({p})
np.ceil({a} * 0.7) * {b}
np.floor({a} * 0.7) + {a}
np.trunc({a} * 1.3) * {b}
np.rint({a} * 1.3) + {b}
np.fix({a} * 1.1) * {b}
np.round({a} * 2.3) * {b}
np.around({a} * 1.7) + {b}
np.cos({a})
np.sin({a})
np.sinh(np.tanh({a}))
np.cosh(np.tanh({a}))
np.tanh({a})
np.tan({a} * 0.3)
np.arctan({a})
np.atan({a})
np.arcsinh({a})
np.asinh({a})
np.arcsin(0.9 * np.tanh({a}))
np.asin(0.9 * np.sin({a}))
np.arccos(0.9 * np.tanh({a}))
np.acos(0.9 * np.cos({a}))
np.arctanh(0.9 * np.tanh({a}))
np.atanh(0.9 * np.sin({a}))
np.arccosh({p} + 1.1)
np.acosh({p} + 1.2)
np.exp(np.tanh({a}))
np.exp2(np.tanh({a}))
np.expm1(np.sin({a}))
np.log({p})
np.log2({p})
np.log10({p})
np.log1p({p})
np.sqrt({p})
np.reciprocal({p} + 0.2)
np.deg2rad({a})
np.rad2deg({a} * 0.01)
np.degrees({a} * 0.01)
np.radians({a})
np.conj({a})
np.conjugate({a} * 1.1)
np.negative({a})
np.positive({a})
np.square({a}) * 0.5
np.sign({a} + 0.0171) * {b}
np.signbit({a} + 0.0191) * {b}
np.sinc({a} * 0.4)
np.real({a} + 0.5j * {b})
np.imag({a} * (0.3 + 1j * {b}))
np.angle({p} + 1j * {a})
np.abs({a} + 1j * {p})
np.real(np.exp(1j * {a}) * {b})
np.modf({a} + 0.113)[0]
np.frexp({p})[0]
np.real_if_close({a})
np.nan_to_num({a} * 0.9)
np.add({a}, {b})
np.subtract({a}, {b})
np.multiply({a}, {b})
np.divide({a}, {p})
np.true_divide({a}, {p} + 0.5)
np.floor_divide({a}, {p} + 0.5) * {b}
np.remainder({a}, {p} + 0.5)
np.mod({a} * 1.1, {p} + 0.4)
np.fmod({a}, {p} + 0.6)
np.divmod({a}, {p} + 0.7)[1]
np.maximum({a}, {b} + 0.0119)
np.minimum({a}, {b} - 0.0123)
np.fmax({a}, {b} + 0.0219)
np.fmin({a}, {b} - 0.0223)
np.hypot({a}, {p})
np.copysign({a} + 0.31, {b} + 0.0131)
np.logaddexp({a}, {b})
np.logaddexp2({a}, {b})
np.arctan2({a}, {p})
np.atan2({p}, {a})
np.heaviside({a} + 0.0233, 0.5) * {b}
np.ldexp({a}, 1)
np.power({p}, np.tanh({a}))
np.pow({p}, 1.5)
np.float_power({p}, np.sin({a}))
np.power(np.tanh({a}), 3)
{a} ** 2 * 0.3
{a} * {a} + 1.0
-{a}
{a} + {b}
{a} - {b}
{a} * {b}
{a} / {p}
2.0 ** np.tanh({a})
{a} * 0.5 + 0.25
abs({a} - 0.0091)
np.clip({a}, -1.0371, 1.0739)
np.clip({a}, {b} - 1.0, {b} + 1.3)
np.where({m}, {a}, {b})
np.where({a} > {b} + 0.0317, {a}, 0.5 * {b})
np.where({m}, {a}, 0.5)
np.select([{a} > 0.531, {a} < -0.527], [{a}, np.sin({a})], 0.3 * {a})
np.where({p} > 1.013, np.sqrt({p}), {p})
np.nextafter({a}, 9.0) * 0 + {a}
np.spacing(np.abs({a}) + 1.0) + {a}
np.isclose({a}, {b}) * {a}
np.iscomplexobj({a}) * {a} + {b}
np.isrealobj({a}) * {a}
"""

BOOLEAN = """
{a} > 0.0513
{a} <= {b} + 0.0171
np.less({a}, {b} + 0.0271)
np.less_equal({a}, {b} + 0.0371)
np.greater({a}, 0.1171)
np.greater_equal({a}, {b} - 0.0271)
np.equal({i}, 1)
np.not_equal({i}, {j})
np.logical_and({m}, {a} > 0.0613)
np.logical_or({m}, {a} > 0.7613)
np.logical_xor({m}, {n})
np.logical_not({m})
np.isfinite({a})
np.isinf({a})
np.isnan({a})
np.isposinf({a})
np.isneginf({a})
np.isreal({a})
np.iscomplex({a})
np.any({m})
np.all({m}, axis=-1)
np.isin({i}, [1, 2])
np.array_equal({i}, {j})
np.array_equiv({i}, {i})
np.allclose({a}, {a} + 1.0)
~{m}
{m} & {n}
{m} | {n}
"""

INTEGER = """
np.astype({a} * 2.7183, int)
np.argmax({a} + 0.0, axis=-1)
np.argmin({a}, axis=-1)
np.argsort({a}, axis=-1, kind="stable")
np.argsort({v}, kind="stable")
np.nanargmax(np.ravel({a}))
np.nanargmin({a}, axis=-1)
np.argpartition({v}, 0)[:1]
np.lexsort(({v},))
np.searchsorted(np.sort({v}), {a} + 0.0173)
np.digitize({a}, np.linspace(-1.017, 1.013, 5))
np.count_nonzero({m})
np.count_nonzero({m}, axis=-1)
np.sum({m}, axis=-1)
np.cumsum({i}, axis=-1)
np.bitwise_and({i}, 3)
np.bitwise_or({i}, {j})
np.bitwise_xor({i}, 1)
np.invert({i})
np.bitwise_not({i})
np.bitwise_invert({i})
np.bitwise_count({i})
np.left_shift({i}, 1)
np.bitwise_left_shift({i}, 1)
np.right_shift({i}, 1)
np.bitwise_right_shift({i}, 1)
np.gcd({i}, 6)
np.lcm({i}, 2)
{i} * 2 + 1
{i} // 2
{i} % 3
np.minimum({i}, 2)
np.max({i}, axis=-1)
np.trace(np.atleast_2d({i}))
np.size({a}) + {i}
np.ndim({a}) * {i}
np.where({m}, {i}, 1)
np.abs({i})
np.sign({i})
"""

REDUCING = """
np.sum({a})
np.sum({a}, axis=0)
np.sum({a}, axis=-1, keepdims=True)
np.sum({a}, where={a} > 0.0217)
np.prod(np.tanh({a}), axis=-1)
np.prod(0.5 + np.sin({a}))
np.max({a})
np.max({a}, axis=-1)
np.min({a}, axis=0)
np.amax({a}, axis=-1, keepdims=True)
np.amin({a})
np.mean({a})
np.mean({a}, axis=-1, keepdims=True)
np.mean({a}, axis=0)
np.var({a})
np.var({a}, axis=-1)
np.std({a} + np.arange({a}.shape[-1]), axis=-1)
np.std({v})
np.ptp({a}, axis=-1)
np.average({a}, weights={a} * {a} + 0.7)
np.average({a}, axis=0)
np.median({a})
np.median({a}, axis=-1)
np.quantile({a}, 0.313)
np.quantile({a}, [0.2, 0.61], axis=-1)
np.percentile({a}, 37.0, axis=0)
np.cov({r})
np.cov({v})
np.corrcoef({r} + np.arange({r}.shape[1]) ** 2)
np.cumsum({a}, axis=-1)
np.cumsum({a})
np.cumprod(np.cos({a}), axis=0)
np.cumprod(np.tanh({a}))
np.cumulative_sum({v}, include_initial=True)
np.cumulative_prod(np.cos({v}))
np.nansum(np.where({m}, {a}, np.nan))
np.nansum(np.where({a} > -0.317, {a}, np.nan), axis=-1)
np.nanprod(np.where({m}, np.cos({a}), np.nan))
np.nanmean(np.append(np.ravel({a}), np.nan))
np.nanvar(np.append(np.ravel({a}), np.nan))
np.nanstd(np.append(np.ravel({a}), [np.nan, 5.0]))
np.nanmax(np.append(np.ravel({a}), np.nan))
np.nanmin(np.append(np.ravel({a}), np.nan))
np.nanmedian(np.append(np.ravel({a}), [np.nan, 0.3]))
np.nanquantile(np.append(np.ravel({a}), [np.nan, 0.3]), 0.41)
np.nanpercentile(np.append(np.ravel({a}), [np.nan, 0.3]), 33)
np.nancumsum(np.where({m}, {a}, np.nan), axis=-1)
np.nancumprod(np.where({m}, np.sin({a}), np.nan))
fnp.logsumexp({a}, axis=-1)
fnp.logsumexp({a})
np.sort({a})
np.sort({v})
np.sort({a}, axis=0)
np.sort({a}, axis=None)
np.real(np.sort_complex({a}))
np.partition({a}, 0, axis=-1)[..., :1]
np.diff({a}, axis=-1)
np.diff({v}, prepend=0.5)
np.diff({a}, n=2, axis=0)
np.ediff1d({a}, to_end=1.5)
np.unwrap({a} * 3.1, axis=-1)
np.gradient({v})
np.gradient({a}, axis=-1)
np.gradient({v}, 0.5)
np.trapezoid({a}, axis=-1)
np.trapezoid({v}, dx=0.3)
np.trace({r})
np.bincount([0, 2, 2], weights=np.resize({a}, 3))
np.logaddexp.reduce({a}, axis=-1)
np.add.reduce({a}, axis=0)
np.multiply.accumulate(np.cos({a}), axis=-1)
np.maximum.reduce({a}, axis=-1)
np.multiply.outer({v}, {w})
"""

SHAPING = """
np.reshape({a}, -1)
np.reshape({a}, (1, -1))
{a}.reshape(-1)
np.ravel({a})
np.transpose({a})
{a}.T
np.permute_dims({r}, (1, 0))
np.matrix_transpose({r})
np.swapaxes({a}, 0, -1)
np.moveaxis({a}, 0, -1)
np.rollaxis({a}, -1)
np.expand_dims({a}, 0)
np.squeeze({a})
{a}[..., None]
{a}[None]
np.broadcast_to({a}, (2, *{a}.shape))
np.broadcast_arrays({a}, {b})[0] * 0.9
np.atleast_1d({a})
np.atleast_2d({a})
np.atleast_3d({a})
np.concatenate([{a}, {b}])
np.concatenate([{a}, {a}], axis=-1)
np.concat([{v}, {w}])
np.stack([{a}, {a} * 0.7])
np.stack([{s}, {s} + 1.0])
np.vstack([{v}, {v} * 2.0])
np.hstack([{v}, {w}])
np.dstack([{v}, np.sin({v})])
np.column_stack([{v}, {v} + 1.0])
np.append({a}, {b})
np.append({v}, 0.7)
np.block([{v}, {w}])
np.split({v}, [1])[0]
np.split({a}, 1, axis=-1)[0]
np.array_split({v}, 2)[0]
np.hsplit({r}, [1])[1]
np.vsplit({r}, [1])[0]
np.dsplit(np.atleast_3d({a}), 1)[0]
np.unstack({a})[0]
np.flip({a})
np.flip({a}, -1)
np.fliplr({r})
np.flipud({a})
np.rot90({r})
np.roll({a}, 1)
np.roll({a}, 1, axis=-1)
np.repeat({a}, 2)
np.repeat({a}, 2, axis=0)
np.tile({v}, 2)
np.tile({a}, (2, 1))
np.pad({a}, 1)
np.pad({v}, (1, 2), mode="edge")
np.pad({a}, 1, mode="reflect")
np.pad({a}, 1, mode="wrap")
np.pad({v}, 1, mode="mean")
np.pad({v}, 1, mode="maximum")
np.pad({v}, 2, mode="linear_ramp", end_values=0.5)
np.resize({a}, (2, 3))
np.resize({a}, 4)
np.delete({v}, 0)
np.delete({a}, 0, axis=-1)
np.insert({v}, 1, 0.7)
np.insert({a}, 0, 0.3, axis=-1)
np.meshgrid({v}, {w})[0]
np.tril({r})
np.triu({r}, 1)
np.diag({v})
np.diag({r})
np.diagflat({v})
np.diagonal({r})
{a}[0]
{a}[-1]
{a}[..., -1]
{a}[1:]
{a}[::-1]
{a}[..., :1]
{a}[[0, -1, 0]]
{a}[np.argsort({a}[:, 0], kind="stable")]
{v}[np.argsort({v}, kind="stable")]
{v}[np.argmax({v})]
{v}[np.clip({k}, 0, {v}.shape[0] - 1)]
{v}[np.clip({i}, 0, {v}.shape[0] - 1)]
np.take({a}, 0, axis=-1)
fnp.take({v}, np.clip({i}, 0, {v}.shape[0] - 1))
fnp.take({v}, {i}, mode="wrap")
fnp.take({v}, {i}, mode="clip")
np.take_along_axis({a}, np.argsort({a}, axis=-1, kind="stable"), axis=-1)
np.take_along_axis({a}, np.argmax({a}, axis=-1, keepdims=True), axis=-1)
np.compress([True], {a}, axis=-1)
np.extract([True], {v})
np.choose(np.clip({i}, 0, 1), [{s}, {s} * 2.0])
np.copy({a})
np.astype({a}, {a}.dtype) * 1.1
np.zeros_like({a}) + {b}
np.ones_like({a}) * {b}
np.empty_like({a}) * 0 + {b}
np.full_like({a}, 0.5) * {b}
fnp.full_like({a}, {s})
fnp.full((2,), {s})
fnp.array([{s}, 1.0, {s} * 2.0])
fnp.asarray([{s}, 0.5])
fnp.at({a})[0].set(0.3)
fnp.at({a})[0].add({s})
fnp.at({a})[..., -1].mul({s})
fnp.at({v})[np.clip({i}, 0, {v}.shape[0] - 1)].add(0.7)
fnp.at({v})[np.clip({k}, 0, {v}.shape[0] - 1)].set({s})
fnp.at({a})[0].max({s} + 0.0213)
np.searchsorted(np.sort({v}), {s} + 0.0137) * {s}
{a}.astype({a}.dtype)
np.shape({a})[0] * {a}
"""

PRODUCTS = """
np.dot({v}, {v})
np.dot({r}, {r}.T) * 0.5
np.dot({a}, {s})
np.vdot({a}, {a}) * 0.5
np.inner({a}, {a})
np.outer({v}, {w})
np.kron({v}, {w})
np.matmul({q}, {q}) * 0.5
{q} @ {q}.T
{r}.T @ {r}
np.tensordot({a}, {a}, axes={a}.ndim)
np.tensordot({v}, {w}, axes=0)
np.einsum("i,j->ij", {v}, {w})
np.einsum("ij,kj->ik", {r}, {r})
np.einsum("ii->i", {q})
np.einsum("...->", {a})
np.cross(np.resize({a}, 3), np.resize({b}, 3) + np.arange(3.0))
np.vecdot({a}, {a})
np.matvec({q}, {q}[0])
np.vecmat({q}[0], {q})
np.polyval({v}, np.tanh({a}))
np.polyval([0.5, -1.0, 2.0], {a})
np.poly(np.tanh({v}))
np.polyadd({v}, {w})
np.polysub({v}, {w})
np.polymul(np.tanh({v}), {w})
np.polyder({v}) * 0.3
np.polyint({v})
np.polydiv({v}, np.array([1.0, 0.4]))[0]
np.polyfit(np.linspace(-1.0, 1.0, 4), np.sum(np.tanh({a})) * np.array([0.3, -1.0, 0.7, 0.2]), 2)
np.abs(np.fft.fft({a}))[..., 0] * 0.5
np.real(np.fft.ifft({a})) * 2.0
np.fft.irfft(np.fft.rfft({v}), n=5)
np.imag(np.fft.fftn({r})) * 0.5
np.vander(np.tanh({v}), 3)
np.convolve({v}, {w})
np.convolve({v}, {w}, mode="same")
np.correlate({v}, np.cos({w}), mode="full")
np.i0(np.tanh({a}))
np.piecewise({v}, [{v} < 0.37], [np.sin, np.cos])
np.apply_along_axis(np.cumsum, -1, {a}) * 0.5
np.apply_over_axes(np.sum, {r}, (0, 1))
np.roots(np.array([1.0, 0.3])) * {s}
fnp.vectorize(np.sin)({a})
fnp.asanyarray({a}) + fnp.ascontiguousarray({a})
fnp.require({a}) * fnp.asfortranarray({a})
np.histogram2d({v}, {v}, bins=[np.array([-1.0, 0.0, 1.0])] * 2)[0] * {s}
{r}[np.tril_indices_from({r})]
{r}[np.triu_indices_from({r})]
{q}[np.diag_indices_from({q})]
np.interp({a}, [-2.0, -0.7, 0.4, 2.1], [0.3, 1.0, -0.5, 0.8])
np.interp({a}, np.cumsum(np.abs({v}) + 0.3), {v})
np.interp(np.linspace(-1.0, 1.0, 4), np.cumsum({v} * {v} + 0.2), np.sin({v}))
np.linspace({s}, 2.0, 4)
np.linspace({v}, {v} + 1.0, 3)
np.logspace(np.tanh({s}), 1.0, 3)
np.geomspace({s} * {s} + 0.4, 3.0, 4)
"""

LINALG = """
np.linalg.cholesky({d})
np.linalg.cond({d})
np.linalg.cross(np.resize({a}, 3), np.resize({b}, 3) - np.arange(3.0))
np.linalg.det({d}) * 0.1
np.linalg.det({q})
np.linalg.diagonal({r})
np.linalg.eigh({d})[0]
np.linalg.eigvalsh({d})
np.sum(np.real(np.linalg.eigvals({d})))
np.sum(np.real(np.linalg.eig({d})[0] ** 2))
np.linalg.inv({d})
np.linalg.lstsq({d}, {d}[0] + 1.0, rcond=None)[0]
np.linalg.matmul({q}, {q}) * 0.3
np.linalg.matrix_norm({r} + 0.1)
np.linalg.matrix_power({q}, 2)
np.linalg.matrix_rank({d}) * {s}
np.linalg.matrix_transpose({r})
np.linalg.multi_dot([{q}, {q}, {q}]) * 0.2
np.linalg.norm({a} + 0.1)
np.linalg.norm({r}, ord="nuc")
np.linalg.norm({a}, axis=-1)
np.linalg.outer({v}, {w})
np.linalg.pinv({d})
np.linalg.qr({d})[1]
np.linalg.qr({d})[0]
np.linalg.slogdet({d})[1]
np.linalg.slogdet({d}).logabsdet * {s}
np.linalg.solve({d}, {d}[0])
np.linalg.solve({d}, {q})
np.linalg.svd({d}, compute_uv=False)
np.linalg.svdvals({d})
np.linalg.tensordot({r}, {r}, axes=2)
np.linalg.tensorinv({d}, ind=1)
np.linalg.tensorsolve({d}, {d}[0])
np.linalg.trace({r})
np.linalg.vecdot({a}, {a}) * 0.5
np.linalg.vector_norm({a} + 0.2)
"""

OTHER = """
lax.erf({a})
lax.erfc({a})
lax.erf_inv(0.9 * np.tanh({a}))
lax.lgamma({p} + 0.1)
lax.digamma({p} + 0.4)
lax.logistic({a})
lax.rsqrt({p} + 0.1)
lax.cummax({a})
lax.cummin({a})
lax.cumsum({a})
lax.cumprod(np.cos({a}))
lax.top_k({a}, 1)[0]
lax.associative_scan(np.add, {a})
lax.associative_scan(np.multiply, np.cos({a}))
lax.dynamic_slice({v}, ({k},), (1,))
lax.dynamic_update_slice({v}, {v}[:1] * 2.0, ({k},))
lax.dynamic_index_in_dim({a}, {k}, 0, False)
lax.stop_gradient({i}) * {a}
lax.clamp(-0.913, {a}, 1.117)
nn.relu({a} + 0.0113)
nn.gelu({a})
nn.silu({a})
nn.softplus({a})
nn.softmax({a})
nn.log_softmax({a})
nn.elu({a} + 0.0213)
nn.selu({a} + 0.0313)
nn.leaky_relu({a} + 0.0413)
nn.sigmoid({a})
nn.log_sigmoid({a})
nn.mish({a})
nn.celu({a} + 0.0513)
nn.hard_sigmoid({a})
nn.hard_tanh({a})
nn.soft_sign({a} + 0.0413)
nn.squareplus({a})
nn.standardize({a} + np.arange({a}.shape[-1]))
"""


def lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.strip().splitlines() if known(line))


def known(formula: str) -> bool:
    """Whether the NumPy that is installed has all functions of a formula."""
    return all(hasattr(fnp, name.split(".")[0]) for name in named(formula, "np"))


def named(formula: str, module: str) -> list[str]:
    return re.findall(rf"\b{module}\.([a-z_0-9]+(?:\.[a-z_0-9]+)?)", formula)


FLOATS = tuple(lines(text) for text in (ELEMENTWISE, REDUCING, SHAPING, PRODUCTS, LINALG, OTHER))
"""Groups of formulas with float results; each group is drawn equally often."""

PLAIN = (lines(BOOLEAN), lines(INTEGER))
"""Formulas with boolean and with integer results."""

FORMULAS = tuple(formula for group in (*FLOATS, *PLAIN) for formula in group)

CONVERSIONS = {
    "p": ("({a} * {a} + 0.3)", "np.exp(np.sin({a}))"),
    "s": ("np.sum({a})", "np.mean(np.sin({a}))"),
    "v": ("np.ravel({a})", "np.ravel({a})[:3]"),
    "w": ("np.ravel({a})[:2]",),
    "r": ("np.atleast_2d({a})",),
    "q": ("np.resize({a}, (2, 2))", "np.outer({v}[:2], {v}[:2])"),
    "d": (
        "({q} @ {q}.T + np.diag(np.arange(1.0, {q}.shape[0] + 1.0)))",
        "(np.sin({q} @ {q}.T) * 0.3 + np.diag(np.arange(2.0, {q}.shape[0] + 2.0)))",
    ),
    "m": ("({a} > 0.0317)", "({a} < {b} + 0.0713)"),
    "n": ("({a} > -0.2317)",),
    "i": ('np.argsort({v}, kind="stable")', "np.astype({a} * 1.7, int)"),
    "j": ('np.argsort({a}, axis=-1, kind="stable")',),
    "k": ("np.argmax({v})", "np.count_nonzero({a} > 0.0119)"),
}
"""What stands for an operand of a kind of which a program has none; ``d`` is definite."""

NOT_IN_PROGRAMS = {
    "constants, dtypes and what is known of them": (
        "e euler_gamma inf nan newaxis pi float16 float32 float64 int8 int16 int32 int64 uint8 "
        "uint16 uint32 uint64 complex64 complex128 bool bool_ dtype finfo iinfo result_type "
        "promote_types can_cast issubdtype generic number integer signedinteger unsignedinteger "
        "inexact floating complexfloating isscalar ndarray False_ True_ byte cdouble character "
        "common_type csingle double flexible half int_ intc intp isdtype iterable long longlong "
        "min_scalar_type mintypecode object_ short single typename ubyte uint uintc uintp ulong "
        "ulonglong ushort einsum_path"
    ),
    "they take shapes and numbers of rows only": (
        "empty eye fromfunction identity ones tri zeros broadcast_shapes indices ix_ "
        "tril_indices triu_indices diag_indices blackman bartlett hamming hanning kaiser "
        "ravel_multi_index unravel_index mask_indices"
    ),
    "they print, or say what happens to warnings": (
        "array_repr array_str array2string base_repr binary_repr errstate format_float_positional "
        "format_float_scientific get_printoptions geterr geterrcall printoptions seterr "
        "seterrcall set_printoptions"
    ),
    "they act on bits or counts of plain arrays": (
        "packbits unpackbits histogram histogram_bin_edges histogramdd"
    ),
    "they read and write files and memory": (
        "asarray_chkfinite from_dlpack frombuffer fromfile fromiter fromregex fromstring "
        "genfromtxt load loadtxt may_share_memory save savetxt savez savez_compressed shares_memory"
    ),
    "NumPy's write into an array": "fill_diagonal place put put_along_axis",
    "they are indexed, run through or called in another way than functions": (
        "c_ frompyfunc index_exp mgrid ndenumerate ndindex ogrid r_ s_ ufunc"
    ),
    "the shapes of their results depend on values, so bodies refuse them": (
        "argwhere flatnonzero nonzero trim_zeros unique union1d setdiff1d intersect1d setxor1d "
        "unique_all unique_counts unique_inverse unique_values"
    ),
}
"""Public names of funcgrad.numpy that no formula has, by the reason."""


def covered() -> set[str]:
    """The public names of funcgrad.numpy that formulas use."""
    conversions = [text for some in CONVERSIONS.values() for text in some]
    texts = [*FORMULAS, *conversions]
    return {
        name.split(".")[0]
        for text in texts
        for module in ("np", "fnp")
        for name in named(text, module)
    }


def covered_of(module: str) -> set[str]:
    """The names of linalg, lax or nn that formulas use."""
    return {name for text in FORMULAS for name in re.findall(rf"\b{module}\.(\w+)", text)}


def missing() -> set[str]:
    """Public names of funcgrad.numpy without a formula and without a reason."""
    exempt = {name for names in NOT_IN_PROGRAMS.values() for name in names.split()}
    return set(fnp.__all__) - covered() - exempt


_modules = (lax, nn)
