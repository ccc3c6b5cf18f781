"""Random numbers on a GPU: every kernel as CUDA C++, one table.

A thread draws one element, with the counters and the keys of the NumPy path, so that the numbers
are the same. It goes through rounds of rejection alone: no other element waits, nor does the host.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ...arrays import ArrayModule
from ..kernels import KERNELS, Kernel
from .schedule import threefry_rounds

OPTIONS = ("--fmad=false",)
"""Products and sums are rounded one by one, as on the CPU: else rejections may differ."""


def _cipher() -> str:
    lines = ["unsigned int k[3] = {key.x, key.y, key.x ^ key.y ^ 0x1BD11BDAu};"]
    lines.append("unsigned int x = high + k[0], y = low + k[1];")
    for rotations, a, b, number in threefry_rounds():
        for r in rotations:
            lines.append(f"x += y; y = ((y << {r}) | (y >> {32 - r})) ^ x;")
        lines.append(f"x += k[{a}]; y += k[{b}] + {number}u;")
    return "\n    ".join(lines)


WORDS = (
    r"""
struct fg_words { unsigned int x, y; };
__device__ inline fg_words fg_words_of(fg_words key, unsigned int high, unsigned int low) {
    CIPHER
    return fg_words{x, y};
}
__device__ inline fg_words fg_new_key(fg_words key, unsigned int number) {
    return fg_words_of(key, 0u, number);
}
__device__ inline unsigned long long fg_joined(fg_words w) {
    return ((unsigned long long)w.x << 32) | w.y;
}
template <class U> __device__ inline void fg_integer(fg_words w, U& out) {
    out = sizeof(U) == 8 ? (U)fg_joined(w) : (U)(w.x ^ w.y);
}
__device__ inline void fg_uniform(fg_words w, float& out) {
    out = (float)((w.x ^ w.y) >> 9) * 1.1920928955078125e-07f;
}
__device__ inline void fg_uniform(fg_words w, double& out) {
    out = (double)(fg_joined(w) >> 12) * 2.220446049250313e-16;
}
template <class F> __device__ inline F fg_uniform_of(fg_words key, unsigned int number) {
    F u;
    fg_uniform(fg_new_key(key, number), u);
    return u;
}
"""
).replace("CIPHER", _cipher())
"""Two words of 32 bits, which are a key or what a counter gives, and numbers made of them."""

GAMMA = r"""
template <class F> __device__ inline void fg_positive_root(fg_words key, F c, F& x, F& root) {
    F low = (sizeof(F) == 4 ? (F)5.9604644775390625e-08 : (F)1.1102230246251565e-16) - (F)1;
    for (;; key = fg_new_key(key, 0)) {
        F u = fg_uniform_of<F>(fg_new_key(key, 1), 0);
        x = (F)erfinv((double)(u * ((F)1 - low) + low)) * (F)1.4142135623730951;
        root = (F)1 + x * c;
        if (!(root <= (F)0)) return;
    }
}
template <class F> __device__ inline F fg_cube(fg_words key, F d) {
    F c = (F)(1.0 / 3.0) / sqrt(d), x, root;
    for (key = fg_new_key(key, 0);; key = fg_new_key(key, 0)) {
        fg_positive_root(fg_new_key(key, 1), c, x, root);
        F u = fg_uniform_of<F>(fg_new_key(key, 2), 0);
        F square = x * x, cube = root * root * root;
        bool squeezed = u < (F)1 - (F)0.0331 * (square * square);
        if (squeezed || cube != cube
            || log(u) < square * (F)0.5 + d * (((F)1 - cube) + log(cube))) return cube;
    }
}
template <class F> __device__ inline F fg_gamma(fg_words key, F a, bool log_space) {
    if (!(a >= (F)0)) return (F)nan("");
    bool boosted = a < (F)1;
    F d = (boosted ? a + (F)1 : a) - (F)(1.0 / 3.0);
    F cube = fg_cube(key, d);
    F out = log_space ? log(d) + log(cube) : d * cube;
    if (!boosted) return out;
    F u = fg_uniform_of<F>(fg_new_key(key, 1), 0), power = (F)1 / a;
    if (!log_space) return out * pow((F)1 - u, power);
    F boost = log1p(-u);
    return boost == (F)0 ? out : out + boost * power;
}
"""
"""Marsaglia and Tsang's gamma numbers: see ``evaluate_random_gamma``."""

REJECTION = r"""
template <class F, class Proposal> __device__ inline bool fg_attempt(
    fg_words& key, unsigned int e, const Proposal& proposal, F& k
) {
    F u = fg_uniform_of<F>(fg_new_key(key, 1), e) - (F)0.5;
    F v = fg_uniform_of<F>(fg_new_key(key, 2), e);
    key = fg_new_key(key, 0);
    return proposal(u, v, k);
}
template <class F, class Proposal> __device__ inline int fg_first_accepted(
    fg_words key, unsigned int e, const Proposal& proposal
) {
    F k;
    int rounds = 1;
    while (!fg_attempt(key, e, proposal, k)) ++rounds;
    return rounds;
}
template <class F, class Proposal> __device__ inline F fg_last_accepted(
    fg_words key, unsigned int e, const Proposal& proposal, int rounds
) {
    F k, out = 0;
    for (int r = 0; r < rounds; ++r)
        if (fg_attempt(key, e, proposal, k)) out = k;
    return out;
}
template <class F> __device__ inline F fg_stirling_tail(F k) {
    const F table[10] = {
        (F)0.0810614667953272, (F)0.0413406959554092, (F)0.0276779256849983,
        (F)0.02079067210376509, (F)0.0166446911898211, (F)0.0138761288230707,
        (F)0.0118967099458917, (F)0.0104112652619720, (F)0.00925546218271273,
        (F)0.00833056343336287};
    if (k <= (F)9) return table[k > (F)0 ? (int)k : 0];
    F square = (k + (F)1) * (k + (F)1);
    F inner = (F)(1.0 / 360.0) - (F)(1.0 / 1260.0) / square;
    return ((F)(1.0 / 12.0) - inner / square) / (k + (F)1);
}
"""
"""Rounds that all elements of a key share: see ``last_accepted``."""

POISSON = r"""
struct fg_poisson {
    float rate;
    __device__ bool operator()(float u, float v, float& k) const {
        float b = 0.931f + 2.53f * sqrtf(rate);
        float a = -0.059f + 0.02483f * b;
        float inverse_alpha = 1.1239f + 1.1328f / (b - 3.4f);
        float centred = 0.5f - fabsf(u);
        k = floorf((2 * a / centred + b) * u + rate + 0.43f);
        if (centred >= 0.07f && v <= 0.9277f - 3.6224f / (b - 2)) return true;
        if (k < 0 || (centred < 0.013f && v > centred)) return false;
        float s = logf(v * inverse_alpha / (a / (centred * centred) + b));
        double m = k, r = rate;
        double log_factorial = (m + 0.5) * log(m + 1) - m - 1 + 0.9189385332046728;
        log_factorial += fg_stirling_tail(m);
        return (double)s <= m * log(r) - r - log_factorial;
    }
};
__device__ inline fg_poisson fg_poisson_of(float rate) {
    return fg_poisson{rate >= 10 ? rate : 1e5f};
}
__device__ inline int fg_few_events(fg_words key, unsigned int e, float rate) {
    float log_product = 0;
    for (int rounds = 0;; ++rounds) {
        log_product += logf(fg_uniform_of<float>(fg_new_key(key, 1), e));
        if (!(log_product > -rate)) return rounds;
        key = fg_new_key(key, 0);
    }
}
"""
"""Poisson numbers: see ``evaluate_random_poisson``."""

BINOMIAL = r"""
template <class F> struct fg_binomial {
    F n, p;
    __device__ bool operator()(F u, F v, F& k) const {
        F spread = sqrt(n * p * ((F)1 - p));
        F b = (F)1.15 + (F)2.53 * spread;
        F a = (F)-0.0873 + (F)0.0248 * b + (F)0.01 * p;
        F centred = (F)0.5 - fabs(u);
        k = floor(((F)2 * a / centred + b) * u + (n * p + (F)0.5));
        if (centred >= (F)0.07 && v <= (F)0.92 - (F)4.2 / b) return true;
        if (k < (F)0 || k > n) return false;
        F odds = p / ((F)1 - p), mode = floor((n + (F)1) * p);
        F s = log(v * (((F)2.83 + (F)5.1 / b) * spread) / (a / (centred * centred) + b));
        F t = (mode + (F)0.5) * log((mode + (F)1) / (odds * (n - mode + (F)1)))
            + (n + (F)1) * log((n - mode + (F)1) / (n - k + (F)1))
            + (k + (F)0.5) * log(odds * (n - k + (F)1) / (k + (F)1))
            + fg_stirling_tail(mode) + fg_stirling_tail(n - mode)
            - fg_stirling_tail(k) - fg_stirling_tail(n - k);
        return s <= t;
    }
};
template <class F> struct fg_trials {
    bool valid, finite, half, few;
    F n, q;
    __device__ fg_trials(F count, F p) {
        valid = count >= (F)0 && p >= (F)0 && p <= (F)1;
        finite = valid && count - count == (F)0;
        half = p < (F)0.5;
        q = half ? p : (F)1 - p;
        few = !(count * q > (F)10);
        n = floor(count);
    }
    __device__ bool many() const { return finite && !few; }
    __device__ fg_binomial<F> proposal() const {
        return many() ? fg_binomial<F>{n, q} : fg_binomial<F>{(F)1e4, (F)0.5};
    }
    __device__ F waiting(fg_words key, unsigned int e) const {
        F used = 0, log_failure = log1p(-q);
        for (int rounds = 0;; ++rounds) {
            F u = fg_uniform_of<F>(fg_new_key(key, 0), e);
            used += ceil(log(u) / log_failure);
            if (!(used <= n)) return (F)rounds;
            key = fg_new_key(key, 1);
        }
    }
};
"""
"""Binomial numbers: see ``binomial_counts``."""

_KEY = "uint32 key0, uint32 key1"
_FLOATS = ("float", "double")
_UNSIGNED = ("unsigned char", "unsigned short", "unsigned int", "unsigned long long")
_ELEMENT = "unsigned int e = (unsigned int)(i % each);\n"

PREAMBLE: str = WORDS + GAMMA + REJECTION + POISSON + BINOMIAL
"""What their bodies call."""


def _kernel(name: str, ins: str, outs: str, body: str, types: tuple[str, ...] = ()) -> Kernel:
    return Kernel(name, ins, outs, body, types, preamble=PREAMBLE, options=OPTIONS)


_TABLE: tuple[Kernel, ...] = (
    _kernel(
        "threefry2x32",
        f"{_KEY}, uint32 count0, uint32 count1",
        "uint32 x0, uint32 x1",
        "fg_words w = fg_words_of({key0, key1}, count0, count1); x0 = w.x; x1 = w.y",
    ),
    _kernel(
        "random_integers",
        f"{_KEY}, int64 each",
        "T out",
        "unsigned long long e = i % each;\n"
        "fg_integer(fg_words_of({key0, key1}, (unsigned int)(e >> 32), (unsigned int)e), out)",
        _UNSIGNED,
    ),
    _kernel(
        "random_floats",
        f"{_KEY}, int64 each",
        "T out",
        "unsigned long long e = i % each;\n"
        "fg_uniform(fg_words_of({key0, key1}, (unsigned int)(e >> 32), (unsigned int)e), out)",
        _FLOATS,
    ),
    _kernel(
        "random_gamma",
        f"{_KEY}, T a, int64 each, int32 log_space",
        "T out",
        _ELEMENT + "out = fg_gamma(fg_new_key({key0, key1}, e), a, log_space != 0)",
        _FLOATS,
    ),
    _kernel(
        "poisson_rounds",
        f"{_KEY}, float32 rate, int64 each",
        "int32 rounds",
        _ELEMENT + "rounds = fg_first_accepted<float>({key0, key1}, e, fg_poisson_of(rate))",
    ),
    _kernel(
        "random_poisson",
        f"{_KEY}, float32 rate, int64 each, int32 rounds",
        "int64 out",
        _ELEMENT
        + "if (rate >= 10) out = (long long)"
        "fg_last_accepted<float>({key0, key1}, e, fg_poisson_of(rate), rounds);\n"
        "else if (rate > 0) out = fg_few_events({key0, key1}, e, rate);\n"
        "else out = rate == 0 ? 0 : -1",
    ),
    _kernel(
        "binomial_rounds",
        f"{_KEY}, T count, T p, int64 each",
        "int32 rounds",
        _ELEMENT
        + "rounds = fg_first_accepted<T>({key0, key1}, e, fg_trials<T>(count, p).proposal())",
        _FLOATS,
    ),
    _kernel(
        "random_binomial",
        f"{_KEY}, T count, T p, int64 each, int32 rounds",
        "T out",
        _ELEMENT + "fg_trials<T> trials(count, p);\n"
        "if (!trials.finite) out = trials.valid ? count : (T)nan(\"\");\n"
        "else {\n"
        "    T drawn = trials.few ? trials.waiting({key0, key1}, e)\n"
        "        : fg_last_accepted<T>({key0, key1}, e, trials.proposal(), rounds);\n"
        "    out = trials.half ? drawn : trials.n - drawn;\n"
        "}",
        _FLOATS,
    ),
)  # fmt: skip


def kernel(xp: ArrayModule, name: str) -> Callable[..., Any]:
    """A kernel of the table for arrays of CuPy."""
    return partial(KERNELS[name], xp)
