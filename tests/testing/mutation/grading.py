"""What a diagnosis has to say of each planted mistake.

The words of a finding are its title, its diagnosis, what the expected number comes from, and what
is said of the operation inside that fails. They are right if they name what was planted,
unspecific if they claim nothing of it, and misleading if all that they claim is another mistake.
"""

from __future__ import annotations

import re
from typing import Any

from .mutant import Mutant

CLAIMS: dict[str, str] = {
    "sign": r"sign is flipped|wrong sign|found/expected is -1\b(?!\.)|found is minus|negated",
    "lost": r"found is zero|(is|are) missing|is stopped|stop_gradient|left out|dropped|is lost"
            r"|forgotten|held constant|independent of",
    "twice": r"counted (twice|-?\d+ times)|added twice|a sum of both",
    "factor": r"found/expected is \S+ everywhere|\bfactor|times as large",
    "ratio": r"found/expected is",
    "number of elements": r"mean taken for|sum taken for|one over|the (length|number) of|N - 1",
    "transposed": r"transpos|axes in the order|axes are in another order|swapped axes",
    "places": r"in other places|in reverse|turned around|shifted by|permut|reordered|axes in the "
              r"order|another order",
    "axis": r"wrong axis|another axis|along axes? \(?\d",
    "broadcasting": r"broadcast|a sum is missing|only the (first|last) part|a sum, an index",
    "conj": r"conj|other phases",
    "part": r"real part|imaginary part",
    "unit": r"\bi times|\dj\b",
    "shape": r"wrong type|has shape|does not fit|the shapes",
    "dtype": r"precision|the dtype|rounding|was cast|wrong type",
    "not a number": r"infinite or NaN|not finite",
    "more than zero": r"expected is zero",
    "elements": r"elements differ, the others agree|only (where|for|the elements|elements)"
                r"|at (large|small|negative|positive)",
    "not linear": r"not linear|does not add up|zero (co)?tangent is not zero",
    "added": r"expected plus|constant is added|is added|offset|an added",
    "vmap": r"vmap",
    "jit": r"\bjit",
    "higher order": r"right up to order \d",
    "layout": r"Fortran|strides|read-only|order of memory|memory",
    "one array twice": r"one array is given as two",
    "overwritten": r"writes into|overwritten|same buffer|shared memory",
    "state": r"hidden state|later call|calls with the same|another point|earlier call"
             r"|of its arguments alone|remembers",
    "constants": r"other arguments are constants",
    "power": r"power|squared|square root|cubed|exponent|found is expected (times|divided|\*)"
             r"|(multiplied|divided) by|in the numerator|reciprocal|1 / expected",
    "other point": r"f\(x\)|(at|of) the (output|result|value)|output (for|in place|instead)"
                   r"|at another point|evaluated at|shifted by|derivative at|replaced by",
    "swapped": r"swapped|exchanged|of the other argument|belongs? to (the other|args)|replaced by"
               r"|order of the arguments|axes in the order",
    "replaced": r"replaced by|in place of|instead of|taken for",
    "triangle": r"triang|diagonal",
    "function": r"found is (the|a) (derivative|gradient|slope) of|derivative of another",
    "kink": r"kink|subgradient|beside|slopes?\b|between|one side|outside of",
}  # fmt: skip
"""What may be claimed: words by which it is known."""

RIGHT: dict[str, str] = {
    "sign": "sign",
    "sign of a term, sign of the first, sign of the second, sign of a gate, sign of the target, "
    "sign of the error, sign forgotten, sign kept": "sign, twice",
    "absolute value, modulus of the slope": "sign",
    "factor 2, factor 1/2, factor 2 forgotten, factor 2 of the penalty, factor of a unit, "
    "relative 1e-3, relative 1e-5, scale forgotten, scale squared, factor 3 forgotten, one digit, "
    "norm forgotten, determinant forgotten, determinant kept, size forgotten, deviation forgotten, "
    "not normalised, scale not normalised, wrong base, weights forgotten, factor kept, "
    "product forgotten, not inverted, single precision, small":
        "factor, ratio, lost, twice, number of elements, power, dtype",
    "missing 1/N, wrong N, N - 1, divided by N, mean instead of sum, divided by classes, "
    "divided by counts, repeats averaged, half to both": "number of elements, factor, ratio",
    "zero, dropped operand, dropped first operand, dropped term, dropped factor, one term, "
    "matrix dropped, shift forgotten, penalty forgotten, constant forgotten, "
    "projection forgotten, mean not subtracted, one neighbour, direct path forgotten, "
    "output path forgotten, cell path forgotten, reset path forgotten, forget gate forgotten, "
    "symmetric part forgotten, labels forgotten, cotangent forgotten, not summed, edge forgotten, "
    "ends forgotten, sum of products, one factor missing, one solve only, vectors forgotten, "
    "statistics held constant, mean held constant, variance held constant, size held constant, "
    "lengths held constant, modulus held constant, weights held constant": "lost, twice",
    "stopped, wrong at order 2, wrong at order 3": "higher order",
    "transposed, not transposed, result transposed, cotangent transposed, two axes swapped, "
    "permutation not inverted, one factor transposed, vectors not transposed, "
    "keys not transposed, values not transposed, columns first": "transposed, places, replaced",
    "kernel flipped, reversed, not reversed, reversed once, shifted, off by one, order forgotten, "
    "order of pairs, order reversed, descending, not sorted, permutation inverted, step forgotten, "
    "tangents sorted by themselves, labels off by one, inputs swapped, from the other end, tiled, "
    "dropped axis": "places, other point, replaced",
    "wrong axis, one row only, sum over rows, sum over the wrong axis":
        "axis, transposed, broadcasting, places",
    "missing broadcast sum, first row instead of sum, first image only":
        "broadcasting, lost, number of elements",
    "conj, missing conj, conj of both, conj of the factor, conj of the weights, "
    "conj of the input, conj of the cotangent": "conj",
    "real part, real part only, imaginary part, real part, complex, both parts":
        "part, unit, lost, conj",
    "times i": "unit",
    "shape": "shape",
    "dtype, rounded to single": "dtype",
    "not a number": "not a number",
    "one element, part of the domain": "elements",
    "subgradient": "kink, elements, lost, more than zero",
    "not linear": "not linear",
    "constant added": "added",
    "only under vmap, vmap over some": "vmap",
    "only under jit": "jit",
    "aliasing, output returned": "overwritten, state",
    "nondeterminism, state": "state, overwritten",
    "memory layout, memory layout by hand": "layout",
    "aliasing of arguments": "one array twice",
    "one argument alone": "constants",
    "a kind of cotangent, a kind of tangent": "not linear",
    "wrong power, reciprocal, times the input": "power, lost, twice",
    "output for input, input for output, of the output, at a shifted point, softmax twice, "
    "weights normalised again": "other point, power",
    "swapped partials, swapped operands, operands swapped, gates swapped, sides swapped, "
    "scale and offset swapped": "swapped, places, lost",
    "diagonal not halved, wrong triangle, not triangular, one triangle, diagonal only, trace only":
        "triangle, lost, transposed",
    "symmetry assumed": "transposed, twice",
    "elementwise, softmax elementwise": "lost, axis",
    "not cumulative": "lost, places",
    "repeats forgotten, repeats overwritten, last one wins": "lost",
    "leak, to both, all of them, mask forgotten": "lost, more than zero",
    "mask inverted, smaller one, smallest instead": "places, lost, replaced",
    "mask of the cotangent": "not linear, replaced",
    "largest only, always the first, last one always, wrong side, linear everywhere, "
    "quadratic everywhere, uniform": "lost, places, replaced, function",
    "mean instead of weights, sum instead": "lost, replaced, number of elements",
    "label of the other class": "replaced, sign, other point",
    "one": "lost, factor",
    "the exact one's": "function, replaced",
    "reset gate outside": "elements",
    "tiny entries": "elements",
    "some sizes, some magnitudes, some structures, some dtypes": "elements, factor, ratio, lost, "
    "sign, dtype, conj, part, unit",
}  # fmt: skip
"""Kinds of mistakes, and the claims that are right of them."""

NAMED: dict[str, str] = {
    "real tangent of a complex function": "part, dtype",
    "complex dense: real part": "part, dtype",
    "transposition of imag: missing conj": "sign, unit",
    "transposition of complex: missing conj": "sign, unit",
    "affine": "added, not linear",
    "gradient of entropy: constant forgotten": "added, lost",
    "gradient of entropy: sign of a term": "added, sign",
    "softmax cross-entropy: labels forgotten": "added, lost",
    "vjp of outer product: sum over rows": "lost, axis, broadcasting",
    "cosine similarity: wrong power": "power, factor",
    "deg2rad: reciprocal": "power, factor",
    "rad2deg: reciprocal": "power, factor",
}
"""Mistakes of which other claims are right than of their kind."""

NO_CLAIM = {
    "elements",
    "more than zero",
    "kink",
    "factor",
    "ratio",
    "not a number",
    "layout",
    "vmap",
    "jit",
}
"""What is said beside, and misleads nobody."""


def claims_of_kinds() -> dict[str, tuple[str, ...]]:
    """The right claims by kind."""
    table = {}
    for kinds, claims in RIGHT.items():
        for kind in kinds.split(", "):
            table[kind] = tuple(claims.split(", "))
    table["real part, complex"] = table["real part"]
    return table


KINDS = claims_of_kinds()


def words(finding: Any) -> str:
    """What a finding says of the mistake, without where it is."""
    inside = finding.cause or ""
    if inside.startswith(("the rule of", "the operator")):
        inside = inside.partition(": ")[2]
    return " | ".join([finding.check, finding.source, finding.diagnosis or "", inside])


def claimed(text: str) -> set[str]:
    """The claims in words."""
    return {claim for claim, pattern in CLAIMS.items() if re.search(pattern, text)}


def grade(mutant: Mutant, finding: Any) -> str:
    """'right', 'unspecific' or 'misleading'."""
    right = NAMED.get(mutant.name)
    allowed = set(right.split(", ") if right else KINDS[mutant.kind])
    found = claimed(words(finding))
    if found & allowed:
        return "right"
    return "misleading" if found - NO_CLAIM else "unspecific"
