"""Contractions as loops: axes that are kept and axes that are summed over, and how they are tiled.

The sizes of tiles, and the axis that vectors lie along, are those with the fewest cycles, counted
roughly: of products, loads, and what stands before and after the sums.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from .kinds import Kind

FEW_PRODUCTS = 48
"""So many products of vectors are written out, in place of a loop."""

HIDING = 8
"""So many sums run side by side that none waits for another."""

LARGE = 1 << 18
"""From so many elements on, a factor is copied so that its vectors follow each other."""

PAGE = 1 << 12
"""Rows that lie as many bytes apart share the few lines that a cache has for each place."""

MOST_VECTORS = 8
"""Vectors of a tile side by side, and half as many where it has more than a few rows."""


class Axis(NamedTuple):
    """A loop: its length, and the step of each operand."""

    size: int
    steps: tuple[int, ...]


class Contraction(NamedTuple):
    """Sums of products.

    Attributes:
        kind: of the sums.
        kinds: of the two factors, of what is read at the end, of the results.
        kept: axes of the results; steps are of all operands.
        summed: axes of the factors alone.
        results: the number of operands at the end that are written.
        strong: the factor of which zeros win over infinities and NaN, if any.
    """

    kind: Kind
    kinds: tuple[Kind, ...]
    kept: tuple[Axis, ...]
    summed: tuple[Axis, ...]
    results: int = 1
    strong: int | None = None

    @property
    def depth(self) -> int:
        """The number of products in a sum."""
        return math.prod(a.size for a in self.summed)


class Across(NamedTuple):
    """Tiles of sums whose vectors lie along an axis that is kept.

    Attributes:
        vector: the axis that vectors lie along.
        row: the other axis of the tile.
        rows: so many of the row axis are computed together.
        vectors: so many vectors of each.
        lanes: of a vector.
        sets: of sums, which are added at the end.
        packed: the factor that is copied to where its vectors follow each other.
    """

    vector: int
    row: int
    rows: int
    vectors: int
    lanes: int
    sets: int
    packed: int | None = None


class Dots(NamedTuple):
    """Tiles of sums whose vectors lie along the last axis that is summed over.

    Attributes:
        row, column: the axes of the tile.
        rows, columns: its size.
        lanes: of a vector.
        sets: of sums, which are added at the end.
    """

    row: int
    column: int
    rows: int
    columns: int
    lanes: int
    sets: int


Tiling: TypeAlias = Across | Dots


def simplified(c: Contraction) -> Contraction:
    """The same contraction with as few axes as possible: at least two kept, and one summed."""
    none = Axis(1, (0,) * len(c.kinds))
    kept, summed = _collapsed(c.kept), _collapsed(c.summed)
    if not c.depth:
        summed = [none._replace(size=0)]
    summed = sorted(summed, key=lambda a: -max(abs(s) for s in a.steps[:2]))
    return c._replace(kept=(*kept, *[none] * (2 - len(kept))), summed=tuple(summed) or (none,))


def _collapsed(axes: Sequence[Axis]) -> list[Axis]:
    """Axes without those of length 1; two of which one continues the other are one."""
    found = [a for a in axes if a.size != 1]
    while True:
        for i, outer in enumerate(found):
            j = _continued_by(found, outer)
            if j is not None:
                found[j] = found[j]._replace(size=found[j].size * outer.size)
                del found[i]
                break
        else:
            return found


def _continued_by(axes: Sequence[Axis], outer: Axis) -> int | None:
    for j, inner in enumerate(axes):
        if inner is not outer and outer.steps == tuple([s * inner.size for s in inner.steps]):
            return j
    return None


# --- costs ---------------------------------------------------------------------------------------


def candidates(c: Contraction, bits: int) -> Iterator[tuple[float, Tiling]]:
    """Tilings of a contraction, each with its cycles."""
    for v, r in itertools.permutations(range(len(c.kept)), 2):
        yield from _across(c, v, r, bits)
        yield from _dots(c, v, r, bits)


def cheapest(c: Contraction, bits: int) -> tuple[float, Tiling]:
    """The best tiling of a contraction, with its cycles."""
    return min(candidates(c, bits), key=lambda f: f[0])


def _lanes(c: Contraction, size: int, bits: int) -> int:
    full = max(1, bits // (8 * max(k.size for k in (c.kind, *c.kinds))))
    return min(full, 1 << (size - 1).bit_length() if size else 1)


def _budget(bits: int) -> int:
    """So many sums stand in registers, beside what they are made of."""
    return 24 if bits == 512 else 12


def blocks(size: int, most: int) -> int:
    """The length of equal parts, none longer than ``most``; the last two may overlap."""
    return -(-size // -(-size // most)) if size else 1


def _sets(products: int, size: int, most: int) -> int:
    for sets in (8, 4, 2):
        if products * sets <= min(HIDING, most) and size % sets == 0:
            return sets
    return 1


def _across(c: Contraction, v: int, r: int, bits: int) -> Iterator[tuple[float, Tiling]]:
    along, row = c.kept[v], c.kept[r]
    lanes, budget = _lanes(c, along.size, bits), _budget(bits)
    total = -(-along.size // lanes)
    most = min(total, MOST_VECTORS if row.size <= 3 else MOST_VECTORS // 2)
    for vectors in {blocks(total, n) for n in range(1, most + 1)}:
        rows = blocks(row.size, max(1, min(budget // vectors, 14)))
        sets = _sets(rows * vectors, c.summed[-1].size, budget)
        tiling = Across(v, r, rows, vectors, lanes, sets)
        for packed in (None, *_worth_packing(c, tiling)):
            yield cost_across(c, tiling, packed), tiling._replace(packed=packed)


def _worth_packing(c: Contraction, t: Across) -> list[int]:
    """The factors that are worth copying: those that depend on the vectors' axis alone."""
    along, row = c.kept[t.vector], c.kept[t.row]
    found = []
    for o in (0, 1):
        if t.lanes == 1 or not along.steps[o] or row.steps[o] or row.size < 2:
            continue
        if along.steps[o] != 1 or c.depth * along.size >= LARGE:
            found.append(o)
    return found


def cost_across(c: Contraction, t: Across, packed: int | None) -> float:
    """The cycles of a tiling, if a factor is copied or none."""
    along, row = c.kept[t.vector], c.kept[t.row]
    panels = -(-along.size // (t.lanes * t.vectors))
    tiles = float(panels * -(-row.size // t.rows))
    others = [a for k, a in enumerate(c.kept) if k not in (t.vector, t.row)]
    tiles *= math.prod(a.size for a in others)
    products = t.rows * t.vectors
    loads = 0.0
    for o in (0, 1):
        count = (t.rows if row.steps[o] else 1) * (t.vectors if along.steps[o] else 1)
        plain = along.steps[o] in (0, 1) or t.lanes == 1 or packed == o
        far = o != packed and along.steps[o] == 1 and c.depth * along.size >= LARGE
        near = {abs(a.steps[o]) for a in (along, row, c.summed[-1]) if a.size > 1}
        apart = row.steps[o] * c.kinds[o].size
        far = far or (o != packed and c.depth > 1 and not near & set(range(1, 9)))
        far = far or (o != packed and t.rows > 4 and apart != 0 and apart % PAGE == 0)
        loads += count * ((1.5 if far else 1.0) if plain else _strided(t.lanes))
    cycles = max(0.5 * products, 0.5 * loads, 4 / t.sets if products * t.sets < HIDING else 0)
    cycles += 0.1 * loads + (0.3 if c.depth * products > FEW_PRODUCTS else 0)
    written = 0.0
    for o in range(2, len(c.kinds)):
        plain = along.steps[o] in (0, 1) or t.lanes == 1
        stored = 3 if o >= len(c.kinds) - c.results else 1
        written += products * (1.0 if plain else stored * _strided(t.lanes))
    cost = tiles * (c.depth * cycles + written + 8)
    if packed is not None:
        moved = 0.15 if along.steps[packed] == 1 else 0.35 if _has_unit(c, packed) else 1.5
        copies = math.prod(a.size for a in others if a.steps[packed])
        cost += copies * c.depth * panels * t.lanes * t.vectors * moved
    return cost


def _strided(lanes: int) -> float:
    """The cycles of a vector of numbers that do not lie side by side; if stored, thrice as many."""
    return 4 + 1.3 * lanes


def _has_unit(c: Contraction, o: int) -> bool:
    return any(a.steps[o] == 1 for a in c.summed)


def _dots(c: Contraction, r: int, s: int, bits: int) -> Iterator[tuple[float, Tiling]]:
    inner, row, column = c.summed[-1], c.kept[r], c.kept[s]
    if not set(inner.steps[:2]) <= {0, 1} or inner.size < 2:
        return
    lanes = _lanes(c, inner.size, bits)
    most = 16 if bits == 512 else 8
    for columns in (1, 2, 4):
        if columns > 1 and columns > column.size:
            continue
        columns = blocks(column.size, columns)
        rows = blocks(row.size, max(1, min(lanes, most) if column.size == 1 else most // columns))
        sets = _sets(rows * columns, inner.size // lanes or 1, most)
        tiling = Dots(r, s, rows, columns, lanes, sets)
        products = rows * columns
        tiles = math.prod(a.size for k, a in enumerate(c.kept) if k not in (r, s))
        tiles *= -(-row.size // rows) * -(-column.size // columns)
        loads = 0
        for o in (0, 1):
            loads += (rows if row.steps[o] else 1) * (columns if column.steps[o] else 1)
        cycles = max(0.5 * products, 0.5 * loads, 4 / sets if products * sets < HIDING else 0)
        turns = c.depth // inner.size * -(-inner.size // lanes)
        end = 12 + products * (3 if column.size == 1 else 5) + 2.0 * lanes.bit_length()
        yield tiles * (turns * (cycles + 0.1 * loads + 1.0) + end), tiling
