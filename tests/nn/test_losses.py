"""Losses: formulas, PyTorch's numbers, masks, weights, reductions, dtypes, derivatives, errors."""

import inspect
import itertools
import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats

import funcgrad as fg
from funcgrad.nn import losses as nn
from funcgrad.testing import check_grads

STORED = json.loads((Path(__file__).parents[1] / "data" / "nn_losses.json").read_text())["losses"]
RNG = np.random.default_rng(11)
SHAPE = (3, 4)
X, Y = RNG.normal(size=SHAPE), RNG.normal(size=SHAPE)
SIGNS = np.where(Y > 0, 1.0, -1.0)
SOFT = RNG.dirichlet(np.ones(4), 3)
UNIT = RNG.uniform(size=SHAPE)
LABELS = np.array([2, 0, 3])
FRAMES = RNG.normal(size=(3, 5, 4))
NO_PADDING = np.zeros((3, 5)), np.array([[1, 2], [3, 3], [2, 1]]), np.zeros((3, 2))


def norm(x):
    return np.sqrt(np.sum(x * x, -1))


def ctc_by_enumeration(logits, labels, blank):
    """The loss of one sequence: the sum over all paths that collapse to the labels."""
    log_p = scipy.special.log_softmax(logits, -1)
    total = -np.inf
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        collapsed = [c for c, _ in itertools.groupby(path) if c != blank]
        if collapsed == list(labels):
            total = np.logaddexp(total, sum(log_p[t, c] for t, c in enumerate(path)))
    return -total


# Function of float arguments, these, and the losses by their definition.
CASES = {
    "absolute_error": (nn.absolute_error, (X, Y), lambda x, y: np.abs(x - y)),
    "contrastive_loss": (
        lambda x, y, **k: nn.contrastive_loss(x, y, np.array([1, 0, 0]), margin=3.0, **k),
        (X, Y),
        lambda x, y: (
            np.where([True, False, False], norm(x - y) ** 2, np.maximum(0, 3 - norm(x - y)) ** 2)
            / 2
        ),
    ),
    "cosine_distance": (
        nn.cosine_distance,
        (X, Y),
        lambda x, y: 1 - np.sum(x * y, -1) / norm(x) / norm(y),
    ),
    "ctc_loss": (
        lambda x, **k: nn.ctc_loss(x, *NO_PADDING, **k),
        (FRAMES,),
        lambda x: [ctc_by_enumeration(f, y, 0) for f, y in zip(x, NO_PADDING[1], strict=True)],
    ),
    "gaussian_nll_loss": (
        lambda x, y, v, **k: nn.gaussian_nll_loss(x, y, v, full=True, **k),
        (X, Y, UNIT + 0.1),
        lambda x, y, v: -scipy.stats.norm.logpdf(y, x, np.sqrt(v)),
    ),
    "hinge_loss": (nn.hinge_loss, (X, SIGNS), lambda x, y: np.maximum(0, 1 - x * y)),
    "huber_loss": (
        lambda x, y, **k: nn.huber_loss(x, y, delta=0.7, **k),
        (X, Y),
        lambda x, y: scipy.special.huber(0.7, x - y),
    ),
    "kl_divergence": (
        nn.kl_divergence,
        (np.log(UNIT), SOFT),
        lambda x, y: np.sum(y * np.log(y) - y * x, -1),
    ),
    "kl_divergence log_targets": (
        lambda x, y, **k: nn.kl_divergence(x, y, log_targets=True, **k),
        (np.log(UNIT), np.log(SOFT)),
        lambda x, y: np.sum(scipy.special.rel_entr(np.exp(y), np.exp(x)), -1),
    ),
    "l2_loss": (nn.l2_loss, (X, Y), lambda x, y: (x - y) ** 2 / 2),
    "log_cosh": (nn.log_cosh, (X, Y), lambda x, y: np.log(np.cosh(x - y))),
    "negative_sampling_loss": (
        nn.negative_sampling_loss,
        (X, Y, RNG.normal(size=(3, 5, 4))),
        lambda u, v, n: (
            -scipy.special.log_expit(np.sum(u * v, -1))
            - np.sum(scipy.special.log_expit(-np.einsum("bd,bkd->bk", u, n)), -1)
        ),
    ),
    "poisson_nll_loss": (
        nn.poisson_nll_loss,
        (X, np.floor(4 * UNIT)),
        lambda x, y: -scipy.stats.poisson.logpmf(y, np.exp(x)) - scipy.special.gammaln(y + 1),
    ),
    "sigmoid_binary_cross_entropy": (
        nn.sigmoid_binary_cross_entropy,
        (X, UNIT),
        lambda x, y: -y * scipy.special.log_expit(x) - (1 - y) * scipy.special.log_expit(-x),
    ),
    "softmax_cross_entropy": (
        nn.softmax_cross_entropy,
        (X, SOFT),
        lambda x, y: -np.sum(y * scipy.special.log_softmax(x, -1), -1),
    ),
    "softmax_cross_entropy_with_integer_labels": (
        lambda x, **k: nn.softmax_cross_entropy_with_integer_labels(x, LABELS, **k),
        (X,),
        lambda x: -scipy.special.log_softmax(x, -1)[np.arange(3), LABELS],
    ),
    "squared_error": (nn.squared_error, (X, Y), lambda x, y: (x - y) ** 2),
    "squared_hinge_loss": (
        nn.squared_hinge_loss,
        (X, SIGNS),
        lambda x, y: np.maximum(0, 1 - x * y) ** 2,
    ),
    "triplet_margin_loss": (
        lambda x, y, z, **k: nn.triplet_margin_loss(x, y, z, norm_degree=3, eps=1e-3, **k),
        (X, Y, UNIT),
        lambda x, y, z: np.maximum(
            0,
            np.cbrt(np.sum(np.abs(x - y) ** 3, -1) + 1e-3)
            - np.cbrt(np.sum(np.abs(x - z) ** 3, -1) + 1e-3)
            + 1,
        ),
    ),
}


def test_every_name_has_a_case():
    assert {name.split()[0] for name in CASES} | {"cosine_similarity"} == set(nn.__all__)


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    function, args, definition = CASES[name]
    expected = np.array(definition(*args))
    losses = function(*args, reduction="none")
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
    assert losses.shape == expected.shape
    np.testing.assert_allclose(function(*args), expected.mean(), rtol=1e-12)
    np.testing.assert_allclose(function(*args, reduction="sum"), expected.sum(), rtol=1e-12)


@pytest.mark.parametrize("i", range(len(STORED)))
def test_numbers_of_pytorch(i):
    stored = STORED[i]
    arguments = {
        k: np.array(v) if isinstance(v, list) else v for k, v in stored["arguments"].items()
    }
    first = next(iter(arguments))
    x = arguments.pop(first)
    function = getattr(nn, stored["name"])
    value, gradient = fg.value_and_grad(lambda x: function(x, **arguments))(x)
    np.testing.assert_allclose(value, stored["value"], rtol=1e-12)
    np.testing.assert_allclose(gradient, stored["gradient"], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_derivative_laws(name):
    function, args, _ = CASES[name]
    check_grads(lambda *a: function(*a, reduction="none"), args, order=2, directions=1)


def losses_shape(name):
    function, args, _ = CASES[name]
    return function(*args, reduction="none").shape


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_float32(name):
    function, args, _ = CASES[name]
    small = tuple(a.astype(np.float32) for a in args)
    mask = np.array([True, False, True]).reshape((3,) + (1,) * (len(losses_shape(name)) - 1))
    weights = np.full(mask.shape, 0.5, np.float32)
    for given in (
        {},
        {"reduction": "none"},
        {"reduction": "sum"},
        {"where": mask},
        {"weights": weights},
        {"where": mask, "weights": weights},
    ):
        f = lambda *a, g=given: function(*a, **g)  # noqa: E731
        eager = f(*small)
        assert eager.dtype == np.float32
        np.testing.assert_allclose(eager, f(*args), rtol=2e-5)
        assert fg.jit(f)(*small).dtype == np.float32
        assert fg.vmap(f)(*(np.stack([a, a]) for a in small)).dtype == np.float32
        total = lambda *a, f=f: np.sum(f(*a))  # noqa: E731
        gradients = fg.jit(fg.grad(total, tuple(range(len(small)))))(*small)
        assert all(g.dtype == np.float32 for g in gradients)


@pytest.mark.parametrize("name", CASES)
def test_jit_and_vmap(name):
    function, args, _ = CASES[name]
    mask = np.array([True, False, True]).reshape((3,) + (1,) * (len(losses_shape(name)) - 1))
    f = lambda where, *a: function(*a, where=where)  # noqa: E731
    np.testing.assert_allclose(fg.jit(f)(mask, *args), f(mask, *args), rtol=1e-14)
    rows = [tuple(a + 0.1 * i for a in args) for i in range(3)]
    if "kl" in name or "poisson" in name or "cross" in name or "gaussian" in name:
        rows = [tuple(a * (1 + 0.1 * i) for a in args) for i in range(3)]
    masks = [mask, np.roll(mask, 1), np.zeros_like(mask)]
    looped = [f(m, *row) for m, row in zip(masks, rows, strict=True)]
    stacked = (np.stack(a) for a in zip(*rows, strict=True))
    np.testing.assert_allclose(fg.vmap(f)(np.stack(masks), *stacked), looped, rtol=1e-13)
    assert looped[2] == 0


@pytest.mark.parametrize("held", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", CASES)
def test_masked_entries_change_nothing(name, held):
    function, args, _ = CASES[name]
    shape = losses_shape(name)
    where = np.ones(shape, bool)
    where[1] = False
    dirty = [np.array(a) for a in args]
    for a in dirty:
        a[1] = held
    kept = tuple(a[where[:, 0] if where.ndim == 2 else where] for a in args)
    integer = "integer" in name or "ctc" in name or "contrastive" in name
    if integer:  # labels are part of the function: compare with the losses themselves
        expected = function(*args, reduction="none")[[0, 2]].mean()
    else:
        expected = function(*kept)
    f = lambda *a: function(*a, where=where)  # noqa: E731
    for run in (f, fg.jit(f)):
        np.testing.assert_allclose(run(*dirty), expected, rtol=1e-14)
    np.testing.assert_array_equal(function(*dirty, where=where, reduction="none")[1], 0)
    numbers = tuple(range(len(args)))
    clean = fg.grad(f, numbers)(*args)
    for gradient in (fg.grad(f, numbers), fg.jit(fg.grad(f, numbers))):
        for got, expected in zip(gradient(*dirty), clean, strict=True):
            np.testing.assert_array_equal(got[1], 0)
            np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)
    tangents = tuple(np.ones_like(a) for a in args)
    pushed = fg.jvp(f, tuple(dirty), tangents)[1]
    np.testing.assert_allclose(pushed, fg.jvp(f, args, tangents)[1], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_reductions_masks_and_weights_go_together(name):
    function, args, _ = CASES[name]
    losses = function(*args, reduction="none")
    where = np.array([True, False, True]).reshape((3,) + (1,) * (losses.ndim - 1))
    weights = np.array([0.5, 7.0, 2.0]).reshape(where.shape)
    full = np.broadcast_to(where * weights, losses.shape)
    given = {"where": where, "weights": weights}
    np.testing.assert_allclose(function(*args, reduction="none", **given), full * losses)
    np.testing.assert_allclose(function(*args, reduction="sum", **given), np.sum(full * losses))
    np.testing.assert_allclose(function(*args, **given), np.average(losses, weights=full))
    np.testing.assert_allclose(
        function(*args, weights=weights),
        np.average(losses, weights=np.broadcast_to(weights, losses.shape)),
    )
    nothing = {"where": np.zeros_like(where), "weights": weights}
    assert function(*args, **nothing) == 0
    assert function(*args, where=np.zeros_like(where)) == 0
    for g in fg.grad(lambda *a: function(*a, **nothing), tuple(range(len(args))))(*args):
        np.testing.assert_array_equal(g, 0)
    assert function(*args, weights=np.zeros(1)) == 0
    scaled = lambda w: function(*args, reduction="sum", weights=w)  # noqa: E731
    np.testing.assert_allclose(
        fg.grad(scaled)(weights),
        np.sum(losses, tuple(range(1, losses.ndim)), keepdims=True),
        rtol=1e-13,
    )


@pytest.mark.parametrize("name", [n for n in nn.__all__ if n != "cosine_similarity"])
def test_common_arguments(name):
    parameters = inspect.signature(getattr(nn, name)).parameters
    for common, default in (("reduction", "mean"), ("where", None), ("weights", None)):
        assert parameters[common].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[common].default == default


@pytest.mark.parametrize("name", CASES)
def test_wrong_common_arguments(name):
    function, args, _ = CASES[name]
    with pytest.raises(ValueError, match=r"reduction must be one of .*; got 'average'"):
        function(*args, reduction="average")
    with pytest.raises(TypeError, match="where must be boolean; got float64"):
        function(*args, where=np.ones(losses_shape(name)))
    with pytest.raises(fg.errors.ShapeError, match=r"where of shape .* does not broadcast"):
        function(*args, where=np.ones(7, bool))
    with pytest.raises(fg.errors.ShapeError, match=r"weights of shape .* does not broadcast"):
        function(*args, weights=np.ones((2, *losses_shape(name))))


LARGE = (-1e4, -745.0, -30.0, 0.0, 30.0, 745.0, 1e4)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_large_logits(dtype):
    eps = np.finfo(dtype).eps
    for label in (0.0, 0.3, 1.0):
        y = np.dtype(dtype).type(label)
        f = lambda x, y=y: nn.sigmoid_binary_cross_entropy(x, y)  # noqa: E731
        for x in LARGE:
            with mpmath.workdps(50):
                z, t = mpmath.mpf(x), mpmath.mpf(float(y))
                exact = mpmath.log1p(mpmath.exp(z)) - t * z
                slope = 1 / (1 + mpmath.exp(-z)) - t
            x = np.dtype(dtype).type(x)
            np.testing.assert_allclose(f(x), float(exact), rtol=4 * eps, atol=1e-40)
            np.testing.assert_allclose(fg.grad(f)(x), float(slope), rtol=eps, atol=2 * eps)
            assert np.isfinite(fg.grad(fg.grad(f))(x))

    def of_logits(z):
        return nn.softmax_cross_entropy_with_integer_labels(z, np.array([1]))

    for x in LARGE:
        logits = np.array([[0.0, x]], dtype)
        exact = scipy.special.log1p(np.exp(-x)) if x > -700 else -x
        np.testing.assert_allclose(of_logits(logits), exact, rtol=4 * eps, atol=2 * eps)
        p = scipy.special.expit(x)
        for shift in (0.0, 1e4):  # rounds nothing: the sum is exact
            np.testing.assert_allclose(
                fg.grad(of_logits)(logits + logits.dtype.type(shift)),
                [[1 - p, p - 1]],
                atol=2 * eps,
            )
        for error, size in ((x, abs(x)), (-x, abs(x))):
            e = np.array([error], dtype)
            exact = float(mpmath.log(mpmath.cosh(error)))
            np.testing.assert_allclose(nn.log_cosh(e), exact, rtol=4 * eps)
            np.testing.assert_allclose(fg.grad(nn.log_cosh)(e), np.tanh(error), atol=2 * eps)
            assert nn.huber_loss(e) == (size - 0.5 if size else 0)


def test_log_cosh_of_small_errors():
    for x in (1e-3, 1e-6, 1e-9):
        np.testing.assert_allclose(nn.log_cosh(np.array([x])), x * x / 2 - x**4 / 12, rtol=1e-6)


def test_derivatives_at_kinks():
    zero = np.zeros(1)
    assert fg.grad(nn.absolute_error)(zero) == 0
    assert fg.grad(lambda x: nn.hinge_loss(x, np.ones(1)))(np.ones(1)) == 0
    for x in (2.0, -2.0):
        slope = fg.grad(lambda x: nn.huber_loss(x, delta=2.0))(np.array([x]))
        np.testing.assert_allclose(slope, [x])
    vectors = np.ones((1, 3))
    f = lambda x: nn.contrastive_loss(x, vectors, np.zeros(1))  # noqa: E731
    np.testing.assert_array_equal(fg.grad(f)(vectors), 0)


def test_excluded_classes():
    logits = np.array([[0.5, -np.inf, 1.0], [-np.inf, 2.0, 0.0]])
    labels = np.array([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])
    left = -np.log(scipy.special.softmax([0.5, 1.0])) @ [0.5, 0.5]
    right = -scipy.special.log_expit(2.0)
    f = lambda x: nn.softmax_cross_entropy(x, labels, reduction="sum")  # noqa: E731
    value, gradient = fg.value_and_grad(f)(logits)
    np.testing.assert_allclose(value, left + right)
    np.testing.assert_allclose(gradient, scipy.special.softmax(logits, -1) - labels, atol=1e-15)
    g = lambda x: nn.softmax_cross_entropy_with_integer_labels(  # noqa: E731
        x, np.array([2, 1]), reduction="sum"
    )
    np.testing.assert_allclose(
        fg.grad(g)(logits), scipy.special.softmax(logits, -1) - np.eye(3)[[2, 1]], atol=1e-15
    )
    none = np.full((1, 3), -np.inf)
    assert nn.softmax_cross_entropy_with_integer_labels(none, np.array([1])) == np.inf
    impossible = nn.softmax_cross_entropy(logits, np.full((2, 3), 1 / 3), reduction="none")
    np.testing.assert_array_equal(impossible, np.inf)


def test_kl_divergence_of_zeros():
    log_p = np.log(np.array([0.2, 0.3, 0.5]))
    targets = np.array([0.0, 0.4, 0.6])
    expected = scipy.stats.entropy(targets, np.exp(log_p))
    with np.errstate(divide="ignore"):
        log_t = np.log(targets)
    for given, log in ((targets, False), (log_t, True)):
        f = lambda x, g=given, log=log: nn.kl_divergence(x, g, log_targets=log)  # noqa: E731
        np.testing.assert_allclose(f(log_p), expected, rtol=1e-13)
        np.testing.assert_allclose(fg.grad(f)(log_p), -targets, rtol=1e-13)
        absent = np.where(targets == 0, -np.inf, log_p)
        np.testing.assert_allclose(f(absent), expected, rtol=1e-13)
        np.testing.assert_allclose(fg.grad(f)(absent), -targets, rtol=1e-13)


def test_axes():
    for axis in (0, -2, (0, 1), None):
        x, y = RNG.normal(size=(3, 4)), RNG.dirichlet(np.ones(12)).reshape(3, 4)
        expected = -np.sum(y * scipy.special.log_softmax(x, axis), axis)
        got = nn.softmax_cross_entropy(x, y, axis, reduction="none")
        np.testing.assert_allclose(got, expected)
        where = np.ones(expected.shape, bool)
        np.testing.assert_allclose(nn.softmax_cross_entropy(x, y, axis, where=where), got.mean())
        divergence = nn.kl_divergence(x, y, axis, reduction="none", where=where)
        np.testing.assert_allclose(divergence, np.sum(y * (np.log(y) - x), axis))
    labels = np.array([2, 0, 1, 1])
    got = nn.softmax_cross_entropy_with_integer_labels(X, labels, 0, reduction="none")
    expected = -scipy.special.log_softmax(X, 0)[labels, np.arange(4)]
    np.testing.assert_allclose(got, expected)
    weights = np.array([0.5, 1.0, 2.0])
    got = nn.softmax_cross_entropy_with_integer_labels(X, labels, 0, class_weights=weights)
    np.testing.assert_allclose(got, np.average(expected, weights=weights[labels]))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_integer_labels_equal_one_hot_labels(smoothing):
    one_hot = np.eye(4)[LABELS]
    sample, classes = np.array([0.3, 2.0, 1.0]), np.array([1.0, 0.2, 3.0, 0.5])
    where = np.array([True, True, False])
    for given in (
        {},
        {"class_weights": classes},
        {"weights": sample},
        {"class_weights": classes, "weights": sample, "where": where},
    ):
        f = lambda x, g=given: nn.softmax_cross_entropy(  # noqa: E731
            x, one_hot, label_smoothing=smoothing, **g
        )
        h = lambda x, g=given: nn.softmax_cross_entropy_with_integer_labels(  # noqa: E731
            x, LABELS, label_smoothing=smoothing, **g
        )
        np.testing.assert_allclose(f(X), h(X), rtol=1e-14)
        np.testing.assert_allclose(fg.grad(f)(X), fg.grad(h)(X), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(fg.jit(h)(X), h(X), rtol=1e-14)


def test_smoothed_binary_labels():
    for y in (0.0, 1.0):
        labels = np.full(SHAPE, y)
        got = nn.sigmoid_binary_cross_entropy(X, labels, label_smoothing=0.2)
        np.testing.assert_allclose(
            got, nn.sigmoid_binary_cross_entropy(X, np.full(SHAPE, 0.1 + 0.8 * y)), rtol=1e-14
        )
    integers = nn.sigmoid_binary_cross_entropy(X, (Y > 0).astype(int))
    booleans = nn.sigmoid_binary_cross_entropy(X, Y > 0)
    assert integers == booleans == nn.sigmoid_binary_cross_entropy(X, (Y > 0) * 1.0)


def test_labels_out_of_range():
    f = nn.softmax_cross_entropy_with_integer_labels
    for bad in (-1, 4):
        labels = np.array([0, bad, 2])
        with pytest.raises(ValueError, match=f"labels must be from 0 to 3; found {bad}"):
            f(X, labels)
        where = labels != bad
        expected = f(X[where], labels[where])
        np.testing.assert_allclose(f(X, labels, where=where), expected)
        np.testing.assert_allclose(fg.jit(f)(X, labels, where=where), expected)
    with pytest.raises(TypeError, match=r"needs integer labels; got float64. For probabilities"):
        f(X, np.array([0.0, 1.0, 2.0]))
    with pytest.raises(fg.errors.ShapeError, match=r"needs labels of shape \(3,\).*got \(3, 4\)"):
        f(X, np.eye(4, dtype=int)[LABELS])
    with pytest.raises(fg.errors.ShapeError, match="one class weight for each class"):
        f(X, LABELS, class_weights=np.ones(3))


def test_shapes_must_agree():
    """Broadcasting (n, 1) against (n,) would give n**2 losses without a word."""
    column = X[:, :1]
    for function in (
        nn.squared_error,
        nn.absolute_error,
        nn.hinge_loss,
        nn.l2_loss,
        nn.sigmoid_binary_cross_entropy,
        nn.softmax_cross_entropy,
        nn.cosine_distance,
    ):
        with pytest.raises(fg.errors.ShapeError, match=r"\(3, 1\) and \(3,\)"):
            function(column, X[:, 0])
    with pytest.raises(fg.errors.ShapeError, match=r"negatives of shape \(3, 'k', 4\)"):
        nn.negative_sampling_loss(X, Y, Y)
    with pytest.raises(fg.errors.ShapeError, match="axis 2 does not exist"):
        nn.softmax_cross_entropy(X, SOFT, 2)


def test_cosine_similarity():
    cosine = np.sum(X * Y, -1) / norm(X) / norm(Y)
    np.testing.assert_allclose(nn.cosine_similarity(X, Y), cosine)
    np.testing.assert_allclose(nn.cosine_similarity(X.T, Y.T, axis=0), cosine)
    bounded = np.sum(X * Y, -1) / np.maximum(norm(X), 2) / np.maximum(norm(Y), 2)
    np.testing.assert_allclose(nn.cosine_similarity(X, Y, epsilon=2.0), bounded)
    check_grads(nn.cosine_similarity, (X, Y), order=2, directions=1)
    small = [a.astype(np.float32) for a in (X, Y)]
    assert nn.cosine_similarity(*small).dtype == np.float32
    assert fg.jit(nn.cosine_similarity)(*small).dtype == np.float32
    value, gradient = fg.value_and_grad(nn.cosine_similarity)(np.zeros(4), X[0])
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)


def paths(labels):
    """The least number of frames that labels need."""
    return len(labels) + sum(a == b for a, b in itertools.pairwise(labels))


@pytest.mark.parametrize("blank", [0, 2])
def test_ctc_sums_over_all_alignments(blank):
    classes, most = 3, 3
    labelled = [c for c in range(classes) if c != blank]
    sequences = [s for n in range(most + 1) for s in itertools.product(labelled, repeat=n)]
    for frames in (1, 2, 4):
        logits = 2 * np.random.default_rng(frames).normal(size=(frames, classes))
        padded = np.full((len(sequences), most), -1)
        for row, s in zip(padded, sequences, strict=True):
            row[: len(s)] = s
        batch = np.broadcast_to(logits, (len(sequences), frames, classes))
        given = np.zeros((len(sequences), frames)), padded, padded < 0
        f = lambda x, g=given: nn.ctc_loss(x, *g, blank_id=blank, reduction="none")  # noqa: E731
        expected = [ctc_by_enumeration(logits, s, blank) for s in sequences]
        losses = f(batch)
        np.testing.assert_allclose(losses, expected, rtol=1e-12)
        np.testing.assert_allclose(fg.jit(f)(batch), losses, rtol=1e-14)
        impossible = np.array([paths(s) > frames for s in sequences])
        np.testing.assert_array_equal(np.isinf(losses), impossible)
        for gradient in (
            fg.grad(lambda x, f=f: np.sum(f(x)))(batch),
            fg.jit(fg.grad(lambda x, f=f: np.sum(f(x))))(batch),
        ):
            assert np.all(np.isfinite(gradient))
            np.testing.assert_array_equal(gradient[impossible], 0)
            assert np.all(np.any(gradient[~impossible] != 0, axis=(1, 2)))


def test_ctc_probabilities_of_all_sequences_add_up_to_one():
    logits = np.random.default_rng(0).normal(size=(4, 3))
    sequences = [s for n in range(5) for s in itertools.product((1, 2), repeat=n)]
    total = 0.0
    for s in sequences:
        labels = np.array([s], int).reshape(1, len(s))
        total += math.exp(-nn.ctc_loss(logits[None], np.zeros((1, 4)), labels, labels < 0))
    assert total == pytest.approx(1, rel=1e-13)


def test_ctc_padding_frames_and_infinite_logits():
    labels, none = np.array([[1, 2]]), np.zeros((1, 2))
    short = FRAMES[:1, :3]
    expected = nn.ctc_loss(short, np.zeros((1, 3)), labels, none)
    long = np.concatenate([short, np.full((1, 2, 4), 50.0)], axis=1)
    pad = np.array([[0, 0, 0, 1, 1]])
    f = lambda x: nn.ctc_loss(x, pad, labels, none)  # noqa: E731
    np.testing.assert_allclose(f(long), expected, rtol=1e-14)
    np.testing.assert_array_equal(fg.grad(f)(long)[:, 3:], 0)
    logits = np.array(short)
    logits[0, :, 3] = -np.inf
    logits[0, 0, 0] = -np.inf
    g = lambda x: nn.ctc_loss(x, np.zeros((1, 3)), labels, none)  # noqa: E731
    np.testing.assert_allclose(g(logits), ctc_by_enumeration(logits[0], [1, 2], 0), rtol=1e-13)
    assert np.all(np.isfinite(fg.grad(g)(logits)))
    assert np.all(np.isfinite(fg.grad(g)(1e4 * short)))


def test_ctc_of_masked_impossible_labels():
    given = np.zeros((2, 2)), np.array([[1, 0], [1, 1]]), np.array([[0, 1], [0, 0]])
    where = np.array([True, False])
    f = lambda x: nn.ctc_loss(x, *given, where=where)  # noqa: E731
    losses = nn.ctc_loss(FRAMES[:2, :2], *given, reduction="none")
    assert losses[1] == np.inf
    value, gradient = fg.value_and_grad(f)(FRAMES[:2, :2])
    np.testing.assert_allclose(value, losses[0], rtol=1e-14)
    assert np.all(np.isfinite(gradient))


def test_ctc_errors():
    good = (FRAMES, np.zeros((3, 5)), NO_PADDING[1], np.zeros((3, 2)))
    for i, wrong in (
        (0, FRAMES[0]),
        (1, np.zeros((3, 4))),
        (2, NO_PADDING[1][:2]),
        (3, np.zeros((3, 3))),
    ):
        args = [*good[:i], wrong, *good[i + 1 :]]
        with pytest.raises(fg.errors.ShapeError, match=r"ctc_loss needs logits \(batch, frames"):
            nn.ctc_loss(*args)
    wild = np.where(np.arange(3)[:, None] == 1, -7, good[2])
    where = np.array([True, False, True])
    expected = nn.ctc_loss(*good, reduction="none")[where].mean()
    np.testing.assert_allclose(nn.ctc_loss(*good[:2], wild, good[3], where=where), expected)
    with pytest.raises(TypeError, match="ctc_loss needs integer labels; got float64"):
        nn.ctc_loss(*good[:2], good[2] * 1.0, good[3])
    with pytest.raises(ValueError, match="labels must be from 0 to 3; found 9"):
        nn.ctc_loss(*good[:2], np.where(good[2] == 3, 9, good[2]), good[3])
