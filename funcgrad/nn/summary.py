"""A table of a model's layers."""

from __future__ import annotations

from typing import NamedTuple

from .. import random, tree
from ..api.staging import eval_shape
from ..core.tracebacks import user_facing
from ..typing import Array, Key, PyTree
from .layers.layer import Layer, LayerLike, as_layer, init_layer

__all__ = ["Row", "Summary", "summary"]


class Row(NamedTuple):
    """One layer: its depth in the model, name, shapes, and number of parameters and state."""

    depth: int
    name: str
    input_shape: PyTree
    output_shape: PyTree
    parameters: int
    state: int


class Summary(list[Row]):
    """Rows of a model's layers, which print as a table."""

    def __str__(self) -> str:
        head = ("layer", "input", "output", "parameters")
        lines = [
            ("  " * r.depth + r.name, _shape(r.input_shape), _shape(r.output_shape),
             f"{r.parameters:,}")
            for r in self
        ]  # fmt: skip
        widths = [max(len(line[i]) for line in (head, *lines)) for i in range(4)]

        def text(line: tuple[str, ...]) -> str:
            cells = [c.ljust(w) for c, w in zip(line[:3], widths[:3], strict=True)]
            return "  ".join([*cells, line[3].rjust(widths[3])])

        rule = "-" * (sum(widths) + 6)
        total = f"{self[0].parameters:,} parameters"
        if self[0].state:
            total += f", {self[0].state:,} numbers of state"
        return "\n".join([text(head), rule, *map(text, lines), rule, total])

    __repr__ = __str__


def _shape(shape: PyTree) -> str:
    if isinstance(shape, tuple | list) and shape and not isinstance(shape[0], int):
        return " ".join(map(_shape, shape))
    return f"({', '.join('batch' if d == -1 else str(d) for d in shape)})"


@user_facing
def summary(model: LayerLike, input_shape: PyTree) -> Summary:
    """List a model's layers with their shapes and numbers of parameters.

    Args:
        model: a layer.
        input_shape: shape of its inputs, -1 for the batch, or a tuple of shapes.

    Returns:
        A list of ``Row``, the model first, then its parts, indented; it prints as a table. No
        numbers are drawn.

    >>> from funcgrad import nn
    >>> nn.summary(nn.serial(nn.Dense(8), nn.relu, nn.Dense(2)), (-1, 3))
    layer       input       output      parameters
    ----------------------------------------------
    serial      (batch, 3)  (batch, 2)          50
      Dense(8)  (batch, 3)  (batch, 8)          32
      relu      (batch, 8)  (batch, 8)           0
      Dense(2)  (batch, 8)  (batch, 2)          18
    ----------------------------------------------
    50 parameters
    """
    rows = Summary()
    _add_rows(as_layer(model), input_shape, 0, rows)
    return rows


def _add_rows(layer: Layer, shape: PyTree, depth: int, rows: Summary) -> Array:
    shapes: list[PyTree] = []

    def init(key: Key) -> tuple[PyTree, PyTree]:
        output, params, state = init_layer(layer, key, shape, float)
        shapes.append(output)
        return params, state

    sizes = [
        sum(leaf.size for leaf in tree.leaves(part)) for part in eval_shape(init, random.key(0))
    ]
    rows.append(Row(depth, layer.name, shape, shapes[0], *sizes))
    inner = shape
    for i, part in enumerate(layer.layers):
        given = shape[i] if layer.route == "parallel" else inner
        output = _add_rows(part, given, depth + 1, rows)
        if layer.route == "serial":
            inner = output
    return shapes[0]
