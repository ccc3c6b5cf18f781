"""Rotations: SciPy's values in every mode."""

import numpy as np
import pytest
import scipy.spatial.transform as st
from surface.arrays import spread
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy.spatial.transform import Rotation, Slerp

QUATS = spread((5, 4), -1.0, 1.0)
VECTORS = spread((5, 3))
ANGLES = spread((5, 3), -1.2, 1.3)


def both(name, *rest):
    """A function of quaternions with our rotations and with SciPy's, up to sign."""

    def of(kind):
        def f(q, *args):
            out = getattr(kind.from_quat(q), name)(*args)
            return kind.as_matrix(out) if isinstance(out, kind) else out

        return f

    check_function(of(Rotation), of(st.Rotation), Call((QUATS, *rest), rtol=1e-10), "d")
    check_function(of(Rotation), of(st.Rotation), Call((QUATS[0], *rest), rtol=1e-10), "d")


@pytest.mark.parametrize("name", ["as_matrix", "as_rotvec", "as_mrp", "inv", "magnitude"])
def test_forms(name):
    both(name)


@pytest.mark.parametrize("seq", ["xyz", "XYZ", "zyx", "ZXZ", "yxy", "YZX"])
def test_angles(seq):
    both("as_euler", seq)
    angles = ANGLES + (np.array([0, 1.5, 0]) if seq[0] == seq[2] else 0.0)
    for a in (angles, angles[0]):
        ours = Rotation.from_euler(seq, a)
        np.testing.assert_allclose(ours.as_matrix(), st.Rotation.from_euler(seq, a).as_matrix())
        np.testing.assert_allclose(ours.as_euler(seq), a)


def test_vectors():
    both("apply", VECTORS[0])
    turned = Rotation.from_quat(QUATS).apply(VECTORS)
    np.testing.assert_allclose(turned, st.Rotation.from_quat(QUATS).apply(VECTORS))
    back = Rotation.from_quat(QUATS).apply(turned, inverse=True)
    np.testing.assert_allclose(back, VECTORS)


@pytest.mark.parametrize(
    ("name", "args"),
    [("from_matrix", st.Rotation.from_quat(QUATS).as_matrix()), ("from_rotvec", VECTORS),
     ("from_rotvec", 1e-5 * VECTORS), ("from_mrp", VECTORS)],
)  # fmt: skip
def test_made_from(name, args):
    ours, theirs = getattr(Rotation, name)(args), getattr(st.Rotation, name)(args)
    np.testing.assert_allclose(ours.as_matrix(), theirs.as_matrix(), atol=1e-14)
    one = getattr(Rotation, name)(args[0])
    np.testing.assert_allclose(one.as_matrix(), theirs[0].as_matrix(), atol=1e-14)


def test_derivative_where_nothing_turns():
    def matrix(v):
        return Rotation.from_rotvec(Rotation.from_rotvec(v).as_rotvec()).as_matrix()

    slope = fg.jacobian(matrix)(np.zeros(3))
    np.testing.assert_allclose(slope[2, 1], [1.0, 0.0, 0.0])
    assert np.isfinite(fg.jacobian(fg.jacobian(matrix))(np.zeros(3))).all()


def test_products_means_and_parts():
    p, q = Rotation.from_quat(QUATS), st.Rotation.from_quat(QUATS)
    np.testing.assert_allclose((p * p[::-1]).as_matrix(), (q * q[::-1]).as_matrix())
    np.testing.assert_allclose(p.mean().as_matrix(), q.mean().as_matrix())
    joined = Rotation.concatenate([p[:2], p[2], Rotation.identity()])
    assert len(joined) == 4
    assert Rotation.identity(3).quat.shape == (3, 4)
    drawn = Rotation.random(fg.random.key(0), 4)
    np.testing.assert_allclose(np.linalg.norm(drawn.quat, axis=-1), 1.0)
    assert Rotation.random(fg.random.key(0)).single
    out = fg.jit(lambda r: r.inv())(p)
    np.testing.assert_allclose((out * p).magnitude(), 0.0, atol=1e-7)


def test_slerp():
    times, at = np.array([0.0, 0.4, 1.0, 2.0, 2.5]), np.array([0.0, 0.3, 1.7, 2.5])
    ours = Slerp(times, Rotation.from_quat(QUATS))
    theirs = st.Slerp(times, st.Rotation.from_quat(QUATS))
    np.testing.assert_allclose(ours(at).as_matrix(), theirs(at).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(ours(0.3).as_matrix(), theirs(0.3).as_matrix(), atol=1e-12)


def test_traced_times_and_indices():
    times, at = np.array([0.0, 0.4, 1.0, 2.0, 2.5]), np.array([0.0, 0.3, 1.7, 2.5])
    ours = Slerp(times, Rotation.from_quat(QUATS))
    theirs = st.Slerp(times, st.Rotation.from_quat(QUATS))
    found = fg.jit(lambda t: ours(t).as_matrix())(at)
    np.testing.assert_allclose(found, theirs(at).as_matrix(), atol=1e-12)
    slope = fg.grad(lambda t: ours(t).as_matrix()[0, 1])(0.3)
    step = 1e-6
    difference = [theirs(0.3 + d).as_matrix()[0, 1] for d in (step, -step)]
    np.testing.assert_allclose(slope, (difference[0] - difference[1]) / (2 * step), rtol=1e-6)
    found = fg.jit(lambda t: ours(t).quat)(np.array([-0.1, 0.3, 2.6, np.nan]))
    np.testing.assert_array_equal(np.isnan(found).all(axis=1), [True, False, True, True])
    some = fg.jit(lambda i: Rotation.from_quat(QUATS)[i].as_matrix())
    for i in (2, np.array([3, 0])):
        np.testing.assert_allclose(some(i), st.Rotation.from_quat(QUATS)[i].as_matrix())


def test_matrices_that_are_not_orthogonal():
    def ours(m):
        return Rotation.from_matrix(m).as_matrix()

    m = st.Rotation.from_quat(QUATS).as_matrix() + spread((5, 3, 3), -0.2, 0.1)
    check_function(ours, lambda m: st.Rotation.from_matrix(m).as_matrix(), Call((m,)), "d")
    left = fg.jit(ours)(np.stack([-m[0], m[1]]))
    np.testing.assert_array_equal(np.isnan(left).all(axis=(1, 2)), [True, False])
    exact = st.Rotation.from_quat(QUATS[0]).as_matrix()
    valid = fg.jit(lambda m: Rotation.from_matrix(m, assume_valid=True).as_matrix())(exact)
    np.testing.assert_allclose(valid, exact, atol=1e-14)


def test_powers_and_the_scalar_first():
    ours, theirs = Rotation.from_quat(QUATS), st.Rotation.from_quat(QUATS)
    for n in (0, 1, -1, 2, 0.3, np.float64(-1.7)):
        for found in (ours**n, fg.jit(lambda r, n: r**n)(ours, n)):
            np.testing.assert_allclose(found.as_matrix(), (theirs**n).as_matrix(), atol=1e-12)
    first = np.roll(QUATS, 1, axis=1)
    again = Rotation.from_quat(first, scalar_first=True)
    np.testing.assert_allclose(again.quat, ours.quat)
    np.testing.assert_allclose(again.as_quat(scalar_first=True), np.roll(ours.quat, 1, axis=1))


def test_means():
    one, weights = Rotation.from_quat(QUATS[0]), np.array([1.0, 0.0, 2.0, 0.5, 3.0])
    np.testing.assert_allclose(one.mean().as_matrix(), one.as_matrix())
    ours, theirs = Rotation.from_quat(QUATS), st.Rotation.from_quat(QUATS)
    np.testing.assert_allclose(
        ours.mean(weights).as_matrix(), theirs.mean(weights).as_matrix(), atol=1e-12
    )
    assert Rotation(ours.quat.astype(np.float32)).mean().quat.dtype == np.float32


def test_wrong_calls():
    one = Rotation.identity()
    for call, kind, words in [
        (lambda: Rotation.from_quat(VECTORS), ValueError, r"\(5, 3\)"),
        (lambda: Rotation.from_euler("xyw", ANGLES), ValueError, "'xyw'"),
        (lambda: one.as_euler("xxy"), ValueError, "twice"),
        (lambda: one[0], TypeError, "single"), (lambda: len(one), TypeError, "single"),
        (lambda: Slerp(np.arange(3.0), one), ValueError, "Slerp"),
        (lambda: Slerp(np.arange(5.0)[::-1], Rotation.from_quat(QUATS)), ValueError, "increase"),
        (lambda: Slerp(np.arange(5.0), Rotation.from_quat(QUATS))(4.5), ValueError, "between"),
        (lambda: Rotation.from_quat(np.zeros(4)), ValueError, "zero"),
        (lambda: Rotation.from_matrix(-np.eye(3)), ValueError, "determinant"),
        (lambda: one ** np.ones(2), ValueError, "power"),
        (lambda: one.mean(np.ones(3)), ValueError, "weights of shape"),
        (lambda: one.mean([-1.0]), ValueError, "negative"),
        (lambda: Rotation(np.ones((0, 4))).mean(), ValueError, "no rotations"),
    ]:  # fmt: skip
        with pytest.raises(kind, match=words):
            call()


def test_the_mean_of_float32_is_float32():
    several = Rotation.from_quat(np.array([[1, 2, 3, 4], [2, 1, 0, 1]], np.float32))
    assert several.mean().as_quat().dtype == np.float32
