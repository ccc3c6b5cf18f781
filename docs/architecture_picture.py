"""Draws docs/architecture.svg: the packages in their layers, and who imports whom.

Run it after imports between packages have changed: python docs/architecture_picture.py
"""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "funcgrad"
PICTURE = ROOT / "docs" / "architecture.svg"

PURPOSES = {
    "train": "training loop, saved trees",
    "nn": "layers, losses, initializers",
    "optim": "optimizers and schedules",
    "scipy": "SciPy's functions",
    "random": "random numbers from keys",
    "testing": "checks of derivatives",
    "debug": "where NaNs and errors come from",
    "custom_batching": "batching rules of users",
    "lax": "loops, branches, JAX's operators",
    "numpy": "NumPy's functions and methods",
    "custom_derivatives": "derivative rules of users",
    "image": "resampled images",
    "checkpoint_policies": "what checkpoint keeps",
    "api": "grad, vjp, jvp, vmap, jit, ...",
    "control": "operators that hold jaxprs",
    "compiler": "passes, generated programs",
    "transforms": "linearize, transpose, vmap",
    "ops": "one record per operator",
    "tree": "pytrees",
    "core": "traces, jaxprs, records",
    "typing": "names for annotations",
    "errors": "exceptions",
    "arrays": "NumPy or CuPy",
    "equality": "values as keys",
    "context": "what holds while code runs",
}

WEIGHTS = {"few": (1, 1.0, "#b8c4d0"), "some": (6, 2.0, "#7d93a8"), "many": (21, 3.6, "#2f5d86")}
"""Of each kind of arrow: from how many import statements on, its width, its colour."""

LANE, LEFT, TOP, BOX, GAP = 44, 24, 58, 112, 12
SPACING = 4.5


class Imports(NamedTuple):
    """Packages with their layers from the top, and the weight of each pair that imports."""

    layers: dict[str, float]
    arrows: dict[tuple[str, str], str]


def layers() -> dict[str, float]:
    """The table of layers that the tests of the architecture hold."""
    tree = ast.parse((ROOT / "tests" / "test_architecture.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "LAYERS":
            return ast.literal_eval(node.value)
    raise LookupError("tests/test_architecture.py has no table LAYERS")


def imported(path: Path) -> Iterator[str]:
    """The packages that the import statements of a file name, the file's own left out."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    own = path.relative_to(PACKAGE).with_suffix("").parts[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if not node.level and (node.module or "").partition(".")[0] != "funcgrad":
            continue
        base = package[: len(package) - node.level + 1] if node.level else ()
        module = (*base, *(node.module.split(".") if node.module else ()))
        for name in {module[1]} if len(module) > 1 else {alias.name for alias in node.names}:
            if name != own:
                yield name


def imports() -> Imports:
    """What the files of the package import now."""
    order = dict(sorted(layers().items(), key=lambda item: -item[1]))
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if own in order:
            counts.update((own, name) for name in imported(path) if name in order)
    arrows = {
        pair: max((w for w in WEIGHTS if WEIGHTS[w][0] <= n), key=lambda w: WEIGHTS[w][0])
        for pair, n in counts.items()
    }
    places = {name: i for i, name in enumerate(order)}
    by_place = sorted(arrows, key=lambda pair: (places[pair[0]], places[pair[1]]))
    return Imports(order, {pair: arrows[pair] for pair in by_place})


class Box(NamedTuple):
    """Where a package is drawn."""

    x: float
    y: float
    height: float


def boxes(found: Imports) -> dict[str, Box]:
    """A stair of boxes, each as high as the arrows that end at it need."""
    placed, y = {}, float(TOP)
    for i, name in enumerate(found.layers):
        arriving = sum(target == name for _, target in found.arrows)
        height = max(30.0, SPACING * (arriving + 1))
        placed[name] = Box(LEFT + LANE * i, y, height)
        y += height + GAP
    return placed


def arrow_lines(found: Imports, placed: dict[str, Box]) -> list[str]:
    """From the lower edge of the importing box down, and to the left edge of the imported one."""
    departing: collections.Counter[str] = collections.Counter()
    arriving: collections.Counter[str] = collections.Counter()
    total = collections.Counter(source for source, _ in found.arrows)
    lines = []
    for (source, target), weight in found.arrows.items():
        _, width, colour = WEIGHTS[weight]
        a, b = placed[source], placed[target]
        # The last arrow of a box goes furthest down, and is the leftmost.
        x = a.x + 4 + SPACING * (total[source] - 1 - departing[source]) * 0.8
        y = b.y + SPACING * (arriving[target] + 1)
        departing[source] += 1
        arriving[target] += 1
        lines.append(
            f'<path class="arrow" data-from="{source}" data-to="{target}" data-weight="{weight}" '
            f'd="M{x:.1f} {a.y + a.height:.1f}V{y:.1f}H{b.x - 5:.1f}" fill="none" '
            f'stroke="{colour}" stroke-width="{width}"/>'
        )
        lines.append(
            f'<path d="M{b.x - 6:.1f} {y - 2.4:.1f}L{b.x:.1f} {y:.1f}l-6 2.4z" fill="{colour}"/>'
        )
    return lines


def box_lines(found: Imports, placed: dict[str, Box]) -> list[str]:
    """The boxes with the names of packages, and beside them what they are for."""
    lines = []
    for name, layer in found.layers.items():
        box = placed[name]
        middle = box.y + box.height / 2 + 5
        lines += [
            f'<rect class="package" data-name="{name}" data-layer="{layer:g}" x="{box.x:.1f}" '
            f'y="{box.y:.1f}" width="{BOX}" height="{box.height:.1f}" rx="5" fill="#eef3f8" '
            'stroke="#2f5d86" stroke-width="1.2"/>',
            f'<text x="{box.x + BOX / 2:.1f}" y="{middle:.1f}" text-anchor="middle" '
            f'font-size="15" font-weight="bold" fill="#16324a">{escape(name)}</text>',
            f'<text x="{box.x + BOX + 10:.1f}" y="{middle:.1f}" font-size="13" '
            f'fill="#4a5a68">{escape(PURPOSES[name])}</text>',
        ]
    return lines


def band_lines(found: Imports, placed: dict[str, Box], width: float) -> list[str]:
    """A shade behind every other layer."""
    lines = []
    for i, layer in enumerate(sorted(set(found.layers.values()), reverse=True)):
        members = [placed[name] for name, other in found.layers.items() if other == layer]
        top, bottom = members[0].y - GAP / 2, members[-1].y + members[-1].height + GAP / 2
        if i % 2 == 0:
            lines.append(
                f'<rect y="{top:.1f}" width="{width:.0f}" height="{bottom - top:.1f}" '
                'fill="#f4f6f8"/>'
            )
    return lines


def legend(right: float) -> list[str]:
    """What the widths of arrows mean."""
    words = {"few": "1 to 5 import statements", "some": "6 to 20", "many": "more than 20"}
    lines = [
        f'<text x="{LEFT}" y="30" font-size="16" font-weight="bold" fill="#16324a">'
        "Packages of funcgrad, a shade for each layer; arrows lead to what is imported</text>"
    ]
    for i, (weight, text) in enumerate(words.items()):
        _, width, colour = WEIGHTS[weight]
        y = 62 + 22 * i
        lines.append(
            f'<path d="M{right - 250} {y}h40" stroke="{colour}" stroke-width="{width}"/>'
            f'<text x="{right - 200}" y="{y + 5}" font-size="13" fill="#4a5a68">{text}</text>'
        )
    return lines


def picture(found: Imports) -> str:
    """The SVG."""
    placed = boxes(found)
    last = list(placed.values())[-1]
    width, height = last.x + BOX + 130, last.y + last.height + 20
    body = [
        *band_lines(found, placed, width),
        *arrow_lines(found, placed),
        *box_lines(found, placed),
        *legend(width),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        'font-family="Helvetica, Arial, sans-serif">\n'
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(imports()), encoding="utf-8")
