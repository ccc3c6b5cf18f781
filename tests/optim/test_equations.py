"""Each optimizer against its published equations, written out in plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from funcgrad import optim

STEPS = 6
RATE = 0.05


def run(tx, first, gradients):
    params, state = first, tx.init(first)
    path = []
    for g in gradients:
        updates, state = tx.update(g, state, params)
        params = optim.apply_updates(params, updates)
        path.append(params)
    return np.array(path)


def data(shape=(3, 2)):
    rng = np.random.default_rng(5)
    gradients = rng.normal(size=(STEPS, *shape))
    gradients[2:, 0] *= -0.3
    return rng.normal(size=shape), gradients


def check(tx, reference, shape=(3, 2), rtol=1e-12):
    """The reference is a generator: it is sent parameters and gradients, and yields updates."""
    first, gradients = data(shape)
    p, expected = first, []
    steps = reference(first)
    next(steps)
    for g in gradients:
        p = p + steps.send((p, g))
        expected.append(p)
    np.testing.assert_allclose(run(tx, first, gradients), expected, rtol=rtol, atol=1e-14)


def test_sgd_with_momentum():
    def heavy_ball(p):
        v, u = 0 * p, None
        while True:
            _, g = yield u
            v = 0.9 * v + g
            u = -RATE * v

    def nesterov(p):
        v, u = 0 * p, None
        while True:
            _, g = yield u
            v = 0.9 * v + g
            u = -RATE * (g + 0.9 * v)

    check(optim.sgd(RATE, momentum=0.9), heavy_ball)
    check(optim.sgd(RATE, momentum=0.9, nesterov=True), nesterov)
    first, gradients = data()
    np.testing.assert_allclose(
        run(optim.sgd(RATE), first, gradients), first - RATE * np.cumsum(gradients, 0), rtol=1e-13
    )


@pytest.mark.parametrize("eps_root", [0.0, 1e-3])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_adamw(eps_root, nesterov, decay):
    b1, b2, eps = 0.8, 0.95, 1e-5

    def kingma(p):
        m, v, t, u = 0 * p, 0 * p, 0, None
        while True:
            p, g = yield u
            t += 1
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g**2
            mean = m / (1 - b1**t)
            if nesterov:
                mean = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
            u = -RATE * (mean / (np.sqrt(v / (1 - b2**t) + eps_root) + eps) + decay * p)

    tx = optim.adamw(RATE, b1, b2, eps, eps_root, weight_decay=decay, nesterov=nesterov)
    check(tx, kingma)
    if not decay:
        check(optim.adam(RATE, b1, b2, eps, eps_root, nesterov=nesterov), kingma)


def adam_family(b1, b2, rule):
    def steps(p):
        m, v, t, u = 0 * p, 0 * p, 0, None
        while True:
            p, g = yield u
            t += 1
            m_before, m = m, b1 * m + (1 - b1) * g
            v, direction = rule(p, g, m_before, m, v, t)
            u = -RATE * direction

    return steps


def test_amsgrad():
    top = 0.0

    def rule(p, g, _, m, v, t):
        nonlocal top
        v = 0.9 * v + 0.1 * g**2
        top = np.maximum(top, v / (1 - 0.9**t))
        return v, m / (1 - 0.7**t) / (np.sqrt(top) + 1e-3)

    check(optim.amsgrad(RATE, 0.7, 0.9, 1e-3), adam_family(0.7, 0.9, rule))


def test_adamax():
    def rule(p, g, _, m, v, t):
        v = np.maximum(0.9 * v, np.abs(g) + 1e-3)
        return v, m / (1 - 0.7**t) / v

    check(optim.adamax(RATE, 0.7, 0.9, 1e-3), adam_family(0.7, 0.9, rule))


def test_adabelief():
    def rule(p, g, _, m, v, t):
        v = 0.9 * v + 0.1 * (g - m) ** 2 + 1e-4
        return v, m / (1 - 0.7**t) / (np.sqrt(v / (1 - 0.9**t)) + 1e-3)

    check(optim.adabelief(RATE, 0.7, 0.9, 1e-3, 1e-4), adam_family(0.7, 0.9, rule))


def test_radam():
    n = 2 / (1 - 0.9) - 1

    def rule(p, g, _, m, v, t):
        v = 0.9 * v + 0.1 * g**2
        k = n - 2 * t * 0.9**t / (1 - 0.9**t)
        mean = m / (1 - 0.7**t)
        if k < 4.5:
            return v, mean
        r = np.sqrt((k - 4) * (k - 2) * n / ((n - 4) * (n - 2) * k))
        return v, r * mean / (np.sqrt(v / (1 - 0.9**t)) + 1e-3)

    check(optim.radam(RATE, 0.7, 0.9, 1e-3, threshold=4.5), adam_family(0.7, 0.9, rule))


def test_yogi():
    def steps(p):
        m, v, t, u = 0 * p + 1e-6, 0 * p + 1e-6, 0, None
        while True:
            p, g = yield u
            t += 1
            m = 0.7 * m + 0.3 * g
            v = v - 0.1 * np.sign(v - g**2) * g**2
            u = -RATE * m / (1 - 0.7**t) / (np.sqrt(v / (1 - 0.9**t)) + 1e-3)

    check(optim.yogi(RATE, 0.7, 0.9), steps)


def test_lamb():
    def rule(p, g, _, m, v, t):
        v = 0.9 * v + 0.1 * g**2
        d = m / (1 - 0.7**t) / (np.sqrt(v / (1 - 0.9**t)) + 1e-3) + 0.2 * p
        return v, d * np.linalg.norm(p) / np.linalg.norm(d)

    check(optim.lamb(RATE, 0.7, 0.9, 1e-3, weight_decay=0.2), adam_family(0.7, 0.9, rule))


def test_lars():
    def steps(p):
        v, u = 0 * p, None
        while True:
            p, g = yield u
            d = g + 0.2 * p
            rate = RATE * 0.1 * np.linalg.norm(p) / (np.linalg.norm(d) + 0.01)
            v = 0.8 * v - rate * d
            u = v

    check(optim.lars(RATE, 0.2, trust_coefficient=0.1, eps=0.01, momentum=0.8), steps)


def test_lion():
    def steps(p):
        m, u = 0 * p, None
        while True:
            p, g = yield u
            u = -RATE * (np.sign(0.7 * m + 0.3 * g) + 0.2 * p)
            m = 0.9 * m + 0.1 * g

    check(optim.lion(RATE, 0.7, 0.9, weight_decay=0.2), steps)


def test_adagrad():
    def steps(p):
        s, u = 0 * p + 0.3, None
        while True:
            _, g = yield u
            s = s + g**2
            u = -RATE * g / np.sqrt(s + 1e-3)

    check(optim.adagrad(RATE, 0.3, 1e-3), steps)


def test_adadelta():
    def steps(p):
        squares, moves, u = 0 * p, 0 * p, None
        while True:
            p, g = yield u
            g = g + 0.2 * p
            squares = 0.8 * squares + 0.2 * g**2
            d = np.sqrt(moves + 1e-3) / np.sqrt(squares + 1e-3) * g
            moves = 0.8 * moves + 0.2 * d**2
            u = -RATE * d

    check(optim.adadelta(RATE, 0.8, 1e-3, weight_decay=0.2), steps)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [None, 0.6])
@pytest.mark.parametrize("inside", [False, True])
def test_rmsprop(centered, momentum, inside):
    def steps(p):
        m, v, s, u = 0 * p, 0 * p + 0.2, 0 * p, None
        while True:
            _, g = yield u
            m = 0.8 * m + 0.2 * g
            v = 0.8 * v + 0.2 * g**2
            variance = v - m**2 if centered else v
            below = np.sqrt(variance + 1e-3) if inside else np.sqrt(variance) + 1e-3
            s = -RATE * g / below + (momentum or 0.0) * s
            u = s

    tx = optim.rmsprop(RATE, 0.8, 1e-3, 0.2, eps_in_sqrt=inside, centered=centered,
                       momentum=momentum)  # fmt: skip
    check(tx, steps)


def test_rprop():
    def steps(p):
        size, before, u = 0 * p + RATE, 0 * p, None
        while True:
            _, g = yield u
            agree = np.sign(g * before)
            size = np.where(agree > 0, np.minimum(size * 1.2, 0.06), size)
            size = np.where(agree < 0, np.maximum(size * 0.5, 0.03), size)
            g = np.where(agree < 0, 0, g)
            u, before = -np.sign(g) * size, g

    check(optim.rprop(RATE, min_step_size=0.03, max_step_size=0.06), steps)


def test_sm3():
    def steps(p):
        rows, columns, m, u = np.zeros(3), np.zeros(2), 0 * p, None
        while True:
            _, g = yield u
            s = np.zeros((3, 2))
            for i in range(3):
                for j in range(2):
                    s[i, j] = min(rows[i], columns[j]) + g[i, j] ** 2
            rows, columns = s.max(1), s.max(0)
            m = 0.8 * m + 0.2 * g / np.sqrt(s + 1e-8)
            u = -RATE * m

    check(optim.sm3(RATE, 0.8), steps)
    # With one axis, or none, the cover is the sum itself.
    for part in (0, (0, 0)):
        first, gradients = data((3, 4))
        first, gradients = first[part], np.array([g[part] for g in gradients])
        found = run(optim.sm3(RATE, 0.0), first, gradients)
        steps_taken = gradients / np.sqrt(np.cumsum(gradients**2, 0) + 1e-8)
        np.testing.assert_allclose(found, first - RATE * np.cumsum(steps_taken, 0), rtol=1e-12)


def test_novograd():
    def steps(p):
        m, v, t, u = 0 * p, None, 0, None
        while True:
            p, g = yield u
            t += 1
            total = np.sum(g**2)
            v = total if v is None else 0.4 * v + 0.6 * total
            m = 0.7 * m + (g / (np.sqrt(v) + 1e-3) + 0.2 * p)
            u = -RATE * m

    check(optim.novograd(RATE, 0.7, 0.4, 1e-3, weight_decay=0.2), steps)


def test_adan():
    def steps(p):
        m, d, n, before, t, u = 0 * p, 0 * p, 0 * p, None, 0, None
        while True:
            p, g = yield u
            t += 1
            change = 0 * g if before is None else g - before
            before = g
            m = 0.9 * m + 0.1 * g
            d = 0.8 * d + 0.2 * change
            n = 0.7 * n + 0.3 * (g + 0.2 * change) ** 2
            above = m / (1 - 0.9**t) + 0.2 * d / (1 - 0.8**t)
            u = -RATE * (above / (np.sqrt(n / (1 - 0.7**t) + 1e-8) + 1e-3) + 0.1 * p)

    check(optim.adan(RATE, 0.9, 0.8, 0.7, 1e-3, weight_decay=0.1), steps)


def test_adafactor():
    def steps(p):
        rows, columns, t, u = np.zeros(3), np.zeros(2), 0, None
        while True:
            p, g = yield u
            t += 1
            beta = 1 - t**-0.7
            s = g**2 + 1e-6
            rows = beta * rows + (1 - beta) * s.mean(1)
            columns = beta * columns + (1 - beta) * s.mean(0)
            d = g / np.sqrt(np.outer(rows, columns) / rows.mean())
            d = d / max(1.0, np.sqrt(np.mean(d**2)) / 0.9)
            u = -(RATE * d * max(np.sqrt(np.mean(p**2)), 1e-3) + 0.1 * p)

    tx = optim.adafactor(RATE, 2, 0.7, clipping_threshold=0.9, weight_decay_rate=0.1, eps=1e-6)
    check(tx, steps)


def test_muon():
    def steps(p):
        m, t, u = 0 * p, 0, None
        while True:
            p, g = yield u
            t += 1
            m = 0.8 * m + 0.2 * g
            x = 0.8 * m / (1 - 0.8 ** (t + 1)) + 0.2 * g / (1 - 0.8**t)
            x = x / (np.sqrt(np.sum(x**2)) + 1e-8)
            for _ in range(5):
                gram = x.T @ x
                x = 3.4445 * x + x @ (-4.775 * gram + 2.0315 * gram @ gram)
            u = -RATE * (x + 0.1 * p)

    check(optim.muon(RATE, beta=0.8, weight_decay=0.1), steps)


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5)])
def test_orthogonalize_brings_singular_values_near_one(shape):
    x = np.random.default_rng(0).normal(size=shape)
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    found = optim.orthogonalize(x)
    values = np.diag(u.T @ found @ vh.T)
    assert np.all((values > 0.6) & (values < 1.3))
    np.testing.assert_allclose((u * values) @ vh, found, atol=1e-12)  # the same singular vectors
    # Newton's iteration proper converges to the polar factor.
    polar = optim.orthogonalize(x, (1.875, -1.25, 0.375), ns_steps=30)
    np.testing.assert_allclose(polar, u @ vh, atol=1e-10)


def test_lbfgs_direction_is_the_two_loop_recursion():
    rng = np.random.default_rng(3)
    half = rng.normal(size=(4, 4))
    matrix = half @ half.T + np.eye(4)
    tx = optim.scale_by_lbfgs(memory_size=2)
    x, pairs = rng.normal(size=4), []
    state, before = tx.init(x), None
    for step in range(5):
        g = matrix @ x
        if before is not None:
            pairs = [*pairs, (x - before[0], g - before[1])][-2:]
        before = (x, g)
        q, alphas = g, []
        for s, y in reversed(pairs):
            alphas.append(s @ q / (s @ y))
            q = q - alphas[-1] * y
        s, y = pairs[-1] if pairs else (None, None)
        q = q * (s @ y / (y @ y) if pairs else min(1.0, 1 / np.linalg.norm(g)))
        for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
            q = q + (alpha - y @ q / (s @ y)) * s
        direction, state = tx.update(g, state, x)
        np.testing.assert_allclose(direction, q, rtol=1e-12)
        assert state.count == step + 1
        x = x - 0.3 * direction


def test_lbfgs_leaves_out_changes_of_negative_curvature():
    tx = optim.scale_by_lbfgs()
    state = tx.init(np.zeros(2))
    _, state = tx.update(np.array([1.0, 1.0]), state, np.array([1.0, 1.0]))
    direction, state = tx.update(np.array([2.0, 2.0]), state, np.array([0.5, 0.5]))
    np.testing.assert_array_equal(state.weights_memory, np.zeros(10))
    np.testing.assert_array_equal(direction, [2.0, 2.0])


def test_optimistic_gradient_and_sign():
    def optimistic(p):
        before, u = None, None
        while True:
            _, g = yield u
            u = -RATE * (1.5 * g - 0.5 * (g if before is None else before))
            before = g

    check(optim.optimistic_gradient_descent(RATE, 1.0, 0.5), optimistic)
    first, gradients = data()
    found = run(optim.sign_sgd(RATE), first, gradients)
    np.testing.assert_allclose(found, first - RATE * np.cumsum(np.sign(gradients), 0), rtol=1e-12)


def test_noise_has_the_variance_it_should():
    tx = optim.noisy_sgd(1.0, eta=0.04, gamma=1.0, key=1)
    params = np.zeros(20_000)
    state = tx.init(params)
    for t in range(1, 4):
        updates, state = tx.update(np.ones(20_000), state)
        assert abs(np.mean(updates) + 1) < 0.01
        assert abs(np.std(updates) / np.sqrt(0.04 / t) - 1) < 0.02


def test_polyak_step_reaches_the_minimum_of_a_parabola_half_way():
    tx = optim.polyak_sgd(max_learning_rate=10.0)
    x = np.array([3.0, 4.0])
    updates, _ = tx.update(2 * x, tx.init(x), value=np.sum(x**2))
    np.testing.assert_allclose(updates, -x / 2)
    assert not np.any(tx.update(np.zeros(2), tx.init(x), value=0.0)[0])
    for variant, factor in (("sps", 1.0), ("sps+", 0.0)):
        tx = optim.polyak_sgd(f_min=3.0, variant=variant)
        updates, _ = tx.update(np.array([1.0, 1.0]), tx.init(x), value=1.0)
        np.testing.assert_allclose(updates, [factor, factor])
