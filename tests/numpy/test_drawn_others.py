"""Functions of NumPy of which equal numbers, all of NaN or close places leave results open."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from surface.drawing import FLOATS, REALS, check_calls

import funcgrad.numpy as fnp


def quiet(fun):
    def run(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return fun(*args, **kwargs)

    return run


def in_order(module):
    """What ``argsort`` puts in order."""
    return lambda x, axis, **kwargs: module.take_along_axis(
        x, module.argsort(x, axis=axis, **kwargs), axis
    )


def test_argsort():
    def case(draw):
        x = draw.array(dtypes=REALS)
        return (x, draw.axis(x)), {"kind": draw.of(None, "stable")}

    check_calls(in_order(fnp), in_order(np), case, 20)


def parts(module, chosen):
    """The number at a place of a partition, and sums of what is on both sides of it."""

    def run(x, kth, axis):
        y = module.take_along_axis(x, chosen(module, x, kth, axis), axis)
        y = module.moveaxis(y, axis, -1)
        sides = y[..., :kth], y[..., kth + 1 :]
        return (y[..., kth], *(module.sum(s, axis=-1) for s in sides))

    return run


def test_argpartition():
    def case(draw):
        x = draw.array(dtypes=REALS)
        axis = draw.axis(x)
        return (x, draw.whole(0, x.shape[axis] - 1), axis), {}

    def by_partition(module, x, kth, axis):
        return module.argpartition(x, kth, axis=axis)

    def by_order(module, x, kth, axis):
        return module.argsort(x, axis=axis)

    check_calls(parts(fnp, by_partition), parts(np, by_order), case, 20)


def test_gradient():
    def case(draw):
        x = draw.array(sides=(2, 6), dtypes=REALS)
        axes = draw.axes(x)
        spaces = [draw.of(0.5, 2.0, draw.rising(x.shape[a])) for a in axes]
        order = draw.of(1, 2 if min(x.shape) > 2 else 1)
        return (x, *spaces), {"axis": axes, "edge_order": order}

    check_calls(fnp.gradient, np.gradient, case, 20)


def test_searchsorted():
    def of(module):
        return lambda a, v, side: module.searchsorted(a, v, side, sorter=np.argsort(a))

    def case(draw):
        a = draw.filled((draw.whole(1, 6),), REALS)
        return (a, draw.array((0, 2), dtypes=REALS), draw.of("left", "right")), {}

    check_calls(of(fnp), of(np), case, 20)


def with_gaps(draw):
    """An array with NaN in places, but not all of a line along the last axis."""
    x = draw.array(sides=(2, 6))
    holes = draw.filled(x.shape, ("f8",)) > 0.5
    holes[..., 0] = False
    return np.where(holes, np.nan, x).astype(x.dtype)


@pytest.mark.parametrize("name", ["nanargmax", "nanargmin"])
def test_places_of_extremes(name):
    def case(draw):
        return (with_gaps(draw),), {"axis": -1, "keepdims": draw.of(True, False)}

    check_calls(getattr(fnp, name), getattr(np, name), case, 15)


@pytest.mark.parametrize("name", ["nanpercentile", "nanquantile"])
def test_quantiles(name):
    """In double precision: NumPy takes other dtypes where the first line holds NaN."""

    def case(draw):
        x = with_gaps(draw).astype(np.float64)
        q = draw.filled(draw.of((), (3,)), ("f8",), 0, 100 if name == "nanpercentile" else 1)[()]
        method = draw.of("linear", "lower", "higher", "midpoint", "hazen", "weibull")
        axis = draw.of(None, draw.axis(x))
        return (x, q), {"axis": axis, "method": method, "keepdims": draw.of(True, False)}

    check_calls(getattr(fnp, name), quiet(getattr(np, name)), case, 15)


def test_polyfit():
    def case(draw):
        n = draw.whole(4, 7)
        y = draw.filled((n, *draw.of((), (2,))), REALS)
        kwargs = {"w": draw.filled((n,), ("f8",), 0.5, 2)} if draw.of(True, False) else {}
        return (draw.rising(n), y, draw.whole(0, 2)), kwargs

    check_calls(fnp.polyfit, np.polyfit, case, 15, 1e-9)


@pytest.mark.parametrize("name", ["histogram2d", "histogramdd"])
def test_histograms(name):
    """In double precision: edges have the dtype of their own numbers here, in NumPy of all."""

    def of(module):
        def counted(x, y, bins, **kwargs):
            if name == "histogram2d":
                return module.histogram2d(x, y, bins, **kwargs)
            counts, edges = module.histogramdd((x, y), bins, **kwargs)
            return (counts, *edges)

        return counted

    def case(draw):
        n = draw.whole(1, 9)
        x, y = (draw.filled((n,), ("f8",)) for _ in range(2))
        bins = draw.of(3, (2, 4), (draw.rising(4), draw.rising(3)))
        kwargs = {"range": draw.of(None, ((-1, 1), (-2, 1.5))), "density": draw.of(True, False)}
        if draw.of(True, False):
            kwargs["weights"] = draw.filled((n,), FLOATS, 0.2, 2)
        return (x, y, bins), kwargs

    check_calls(of(fnp), of(np), case, 15)
