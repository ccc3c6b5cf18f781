"""Interpolation, integrals, distances and rotations over drawn places, values and dtypes."""

import numpy as np
import pytest
import scipy.cluster.vq as svq
import scipy.integrate as sint
import scipy.interpolate as sip
import scipy.spatial.distance as sd
import scipy.spatial.transform as st
from surface.drawing import FLOATS, KINDS, REALS, check_calls

from funcgrad.scipy import integrate, interpolate
from funcgrad.scipy.cluster import vq
from funcgrad.scipy.spatial import distance, transform

# --- interpolation --------------------------------------------------------------------------------


def on_grid(module):
    def value(points, values, at, **options):
        return module.RegularGridInterpolator(points, values, bounds_error=False, **options)(at)

    return value


def grid_case(draw):
    sides = [draw.whole(2, 4) for _ in range(draw.whole(1, 3))]
    points = tuple(draw.rising(n) for n in sides)
    values = draw.filled((*sides, *draw.of((), (2,))), ("f8", "c16"))
    at = draw.filled((*draw.shape((1, 2), (1, 4)), len(sides)), ("f8",), -2.4, 2.4)
    fill = draw.of(None, np.nan, 0.5)
    return (points, values, at), {"method": draw.of("linear", "nearest"), "fill_value": fill}


def along(name):
    """A curve through values, at places, with an order of derivatives (integrals are negative)."""

    def of(module):
        def value(x, y, at, nu, slopes=(), **options):
            curve = getattr(module, name)(x, y, *slopes, **options)
            return curve.derivative(nu)(at) if nu > 0 else curve.antiderivative(-nu)(at)

        return value

    return of


def curve_case(name):
    def case(draw):
        n = draw.whole(2 if name in ("PchipInterpolator", "CubicHermiteSpline") else 4, 6)
        shape = [draw.whole(1, 3) for _ in range(draw.whole(0, 2))]
        axis = draw.whole(0, len(shape))
        shape.insert(axis, n)
        y = draw.filled(shape, ("f8", "f4", "i8"))
        kwargs = {"axis": axis, "extrapolate": draw.of(True, False)}
        if name == "CubicSpline":
            kwargs["bc_type"] = draw.of("not-a-knot", "clamped", "natural")
        if name == "CubicHermiteSpline":
            kwargs["slopes"] = (draw.filled(shape, ("f8",)),)
        if name == "Akima1DInterpolator":
            kwargs["method"] = draw.of("akima", "makima")
        at = draw.filled(draw.shape((1, 2), (1, 4)), ("f8",), -2.5, 2.5)
        return (draw.rising(n), y, at, draw.whole(-1, 2)), kwargs

    return case


def pieces(module):
    def value(c, x, at, nu, **options):
        return module.PPoly(c, x, **options)(at, nu)

    return value


def pieces_case(draw):
    n = draw.whole(1, 4)
    c = draw.filled((draw.whole(1, 5), n, *draw.of((), (2,))), ("f8", "c16"))
    extrapolate = draw.of(True, False, "periodic")
    at = draw.filled(draw.shape((1, 2), (1, 4)), ("f8",), -3, 3)
    return (c, draw.rising(n + 1), at, draw.whole(0, 2)), {"extrapolate": extrapolate}


CURVES = ["CubicSpline", "PchipInterpolator", "Akima1DInterpolator", "CubicHermiteSpline"]


def test_every_interpolation_is_drawn():
    assert {*CURVES, "PPoly", "RegularGridInterpolator"} == set(interpolate.__all__)


@pytest.mark.parametrize("name", CURVES)
def test_curves(name):
    of = along(name)
    check_calls(of(interpolate), of(sip), curve_case(name), 15, 1e-9)


def test_pieces():
    check_calls(pieces(interpolate), pieces(sip), pieces_case, 15)


def test_grids():
    check_calls(on_grid(interpolate), on_grid(sip), grid_case, 15)


# --- integrals ------------------------------------------------------------------------------------


def samples(name):
    def case(draw):
        y = draw.array(sides=(2, 7), dtypes=KINDS)
        axis = draw.axis(y)
        if name == "romb":
            shape = list(y.shape)
            shape[axis] = draw.of(2, 3, 5, 9)
            return (draw.filled(shape, KINDS),), {"axis": axis, "dx": draw.of(1.0, 0.3)}
        kwargs = {"axis": axis}
        if draw.of(True, False):
            kwargs["x"] = draw.rising(y.shape[axis])
        else:
            kwargs["dx"] = draw.of(1.0, 0.3)
        if name.startswith("cumulative"):
            kwargs["initial"] = draw.of(None, 0)
        return (y,), kwargs

    return case


@pytest.mark.parametrize(
    "name", ["trapezoid", "cumulative_trapezoid", "simpson", "cumulative_simpson", "romb"]
)
def test_samples(name):
    check_calls(getattr(integrate, name), getattr(sint, name), samples(name), 20)


def test_gaussian_quadrature():
    def of(module):
        def area(a, b, k, n):
            return module.fixed_quad(lambda x: np.cos(k * x) * np.exp(x), a, b, n=n)[0]

        return area

    def case(draw):
        a, b, k = (draw.filled((), FLOATS)[()] for _ in range(3))
        return (a, b, k, draw.whole(1, 9)), {}

    check_calls(of(integrate), of(sint), case, 10)


# --- distances ------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", distance.METRICS)
def test_distances(metric):
    def options(draw):
        return {
            "metric": metric,
            **({"p": draw.of(1.0, 1.5, 3.0)} if metric == "minkowski" else {}),
        }

    def two(draw):
        n = draw.whole(1, 4)
        rows = (draw.filled((draw.whole(1, 4), n), REALS) for _ in range(2))
        return tuple(rows), options(draw)

    def one(draw):
        return (draw.array((2, 2), (1, 5), REALS),), options(draw)

    check_calls(distance.cdist, sd.cdist, two, 10)
    check_calls(distance.pdist, sd.pdist, one, 10)


def test_nearest_codes():
    def case(draw):
        n = draw.whole(1, 3)
        return (draw.filled((draw.whole(1, 6), n)), draw.filled((draw.whole(1, 4), n))), {}

    check_calls(vq.vq, svq.vq, case, 20)


# --- rotations ------------------------------------------------------------------------------------

SEQUENCES = ("xyz", "XYZ", "zyx", "ZXZ", "yxy", "YZX", "z", "XY")


def quaternions(draw):
    return draw.filled((*draw.of((), (1,), (4,)), 4), ("f8",))


def matrices_of(name, *more):
    """The matrices of rotations that are made of numbers."""

    def of(kind):
        return lambda x, *args: getattr(kind, name)(*args, x).as_matrix()

    def case(draw):
        n = {"from_quat": 4}.get(name, 3)
        shape = (*draw.of((), (1,), (4,)), n)
        return (draw.filled(shape, ("f8",)),), {}

    return of, case


@pytest.mark.parametrize("name", ["from_quat", "from_rotvec", "from_mrp"])
def test_rotations_made_of_vectors(name):
    of, case = matrices_of(name)
    check_calls(of(transform.Rotation), of(st.Rotation), case, 15)


def test_rotations_made_of_angles():
    def of(kind):
        return lambda angles, seq: kind.from_euler(seq, angles).as_matrix()

    def case(draw):
        seq = draw.of(*SEQUENCES)
        lead = draw.of((1,), (4,))  # SciPy counts vectors of angles about one axis in two ways
        lead = lead if len(seq) == 1 else draw.of((), lead)
        return (draw.filled((*lead, len(seq)), ("f8",)), seq), {}

    check_calls(of(transform.Rotation), of(st.Rotation), case, 20)


@pytest.mark.parametrize("name", ["as_matrix", "as_rotvec", "as_mrp", "inv", "magnitude", "mean"])
def test_forms_of_rotations(name):
    def of(kind):
        def value(q):
            out = getattr(kind.from_quat(q), name)()
            return kind.as_matrix(out) if isinstance(out, kind) else out

        return value

    check_calls(
        of(transform.Rotation), of(st.Rotation), lambda draw: ((quaternions(draw),), {}), 10
    )


def test_angles_of_rotations():
    def of(kind):
        return lambda q, seq: kind.from_quat(q).as_euler(seq)

    def case(draw):
        return (quaternions(draw), draw.of(*SEQUENCES[:-2])), {}

    check_calls(of(transform.Rotation), of(st.Rotation), case, 20)


def test_products_and_turned_vectors():
    def of(kind):
        def value(p, q, v, inverse):
            both = kind.from_quat(p) * kind.from_quat(q)
            return both.as_matrix(), both.apply(v, inverse=inverse)

        return value

    def case(draw):
        n = draw.of((), (1,), (4,))
        p, q = (draw.filled((*draw.of((), n), 4), ("f8",)) for _ in range(2))
        return (p, q, draw.filled((*draw.of((), n), 3), ("f8",)), draw.of(True, False)), {}

    check_calls(of(transform.Rotation), of(st.Rotation), case, 20)


def test_turns_between_rotations():
    def of(module):
        def value(times, q, at):
            return module.Slerp(times, module.Rotation.from_quat(q))(at).as_matrix()

        return value

    def case(draw):
        n = draw.whole(2, 5)
        times = draw.rising(n)
        at = draw.filled(draw.of((), (3,)), ("f8",), times[0], times[-1])[()]
        return (times, draw.filled((n, 4), ("f8",)), at), {}

    check_calls(of(transform), of(st), case, 20)
