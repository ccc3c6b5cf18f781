"""Recurrent networks: scans of a cell over time, with masks and carried state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ... import lax, tree
from ...api.stop_gradient import stop_gradient
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...typing import Array, DTypeLike, Key, PyTree, Shape
from .cells import Cell, gru, lstm, rnn
from .containers import Keyed, Run, make_container
from .layer import (
    InitResult,
    Layer,
    LayerLike,
    as_layer,
    check_shape,
    feature_size,
    init_layer,
    sized,
)

__all__ = ["GRU", "LSTM", "RNN", "Bidirectional", "Recurrent", "scan_cell"]


@user_facing
def scan_cell(
    cell: Cell,
    params: PyTree,
    x: Array,
    carry: PyTree = None,
    *,
    mask: Array | None = None,
    reverse: bool = False,
) -> tuple[PyTree, Array]:
    """Run a cell over time.

    Args besides the common ones (``help(nn.layers)``):
        cell: nn.rnn, nn.gru or nn.lstm, or a Cell of yours.
        params: the cell's parameters.
        x: inputs of shape (batch, time, m).
        carry: the first carry; None is the cell's start. Pass the last carry of the segment before
            through ``stop_gradient`` for truncated back-propagation.
        mask: booleans of shape (batch, time); where False the carry stays and the output is 0.

    Returns:
        (the last carry, outputs of shape (batch, time, n)).

    Raises:
        ShapeError: shapes do not fit.

    >>> from funcgrad import nn, random
    >>> params = nn.lstm.init(random.key(0), 3, 5, float)
    >>> (h, c), y = nn.scan_cell(nn.lstm, params, np.ones((2, 7, 3)))
    >>> h.shape, y.shape
    ((2, 5), (2, 7, 5))
    """
    if x.ndim != 3:
        raise ShapeError(f"scan_cell needs inputs of shape (batch, time, features); got {x.shape}")
    projected = np.swapaxes(cell.project(params, x), 0, 1)
    if carry is None:
        hidden = params["wh"].shape[0]
        carry = cell.start((x.shape[0],), hidden, projected.dtype)

    def step(carry: PyTree, z: Array) -> tuple[PyTree, Array]:
        return cell.step(params, carry, z)

    def masked_step(carry: PyTree, inputs: tuple[Array, Array]) -> tuple[PyTree, Array]:
        z, active = inputs
        new, y = cell.step(params, carry, z)
        new = tree.map(lambda a, b: np.where(active, a, b), new, carry)
        return new, np.where(active, y, 0.0)

    if mask is None:
        carry, y = lax.scan(step, carry, projected, reverse=reverse)
    else:
        if mask.shape != x.shape[:2]:
            raise ShapeError(
                f"scan_cell: a mask of shape {x.shape[:2]} is needed; got {mask.shape}"
            )
        active = np.swapaxes(mask, 0, 1)[:, :, None]
        carry, y = lax.scan(masked_step, carry, (projected, active), reverse=reverse)
    return carry, np.swapaxes(y, 0, 1)


@sized("hidden")
@user_facing
def Recurrent(
    cell: Cell,
    hidden: int,
    *,
    return_sequences: bool = True,
    reverse: bool = False,
    stateful: bool = False,
) -> Layer:
    """A recurrent layer of any cell, from (batch, time, m) to (batch, time, hidden).

    Args besides the common ones (``help(nn.layers)``):
        cell: nn.rnn, nn.gru or nn.lstm, or a Cell of yours.
        hidden: size of the outputs.
        return_sequences: give all outputs, or only the last one, of shape (batch, hidden).
        stateful: keep the last carry as state, from which the next call starts; no gradient flows
            back through it (truncated back-propagation). The batch size must then be known to init,
            and the initial state starts a new text.

    Returns:
        The layer; its apply takes ``mask=``, booleans of shape (batch, time).

    >>> from funcgrad import nn, random
    >>> nn.Recurrent(nn.gru, 8, return_sequences=False).init(random.key(0), (-1, 7, 3))[0]
    (-1, 8)
    """
    if not isinstance(cell, Cell):
        raise TypeError(f"Recurrent: cell must be a Cell, such as nn.gru; got {cell!r}")
    label = f"{cell.name}({hidden})"

    def init(key: Key, input_shape: Sequence[int], dtype: DTypeLike = float) -> InitResult:
        shape = check_shape(label, input_shape, 3)
        params = cell.init(key, feature_size(label, shape), hidden, dtype)
        if stateful and shape[0] < 0:
            raise ShapeError(
                f"{label} with stateful=True needs the batch size, as its state has one carry for "
                f"each example; got the input shape {shape}"
            )
        state = cell.start((shape[0],), hidden, dtype) if stateful else ()
        return (*(shape[:2] if return_sequences else shape[:1]), hidden), params, state

    def apply(
        params: PyTree,
        state: PyTree,
        inputs: Array,
        *,
        key: Key | None = None,
        train: bool = False,
        mask: Array | None = None,
    ) -> tuple[PyTree, PyTree]:
        carry = stop_gradient(state) if stateful else None
        carry, y = scan_cell(cell, params, inputs, carry, mask=mask, reverse=reverse)
        if not return_sequences:
            y = tree.leaves(carry)[0]
        return y, carry if stateful else state

    return Layer(init, apply, label, takes_mask=True)


@sized("hidden")
@user_facing
def RNN(hidden: int, **options: bool) -> Layer:
    """A simple recurrent layer; the options are those of ``Recurrent``.

    >>> from funcgrad import nn, random
    >>> nn.RNN(8).init(random.key(0), (-1, 7, 3))[0]
    (-1, 7, 8)
    """
    return Recurrent(rnn, hidden, **options)


@sized("hidden")
@user_facing
def GRU(hidden: int, **options: bool) -> Layer:
    """A layer of gated recurrent units; the options are those of ``Recurrent``.

    >>> from funcgrad import nn, random
    >>> nn.GRU(8, return_sequences=False).init(random.key(0), (-1, 7, 3))[0]
    (-1, 8)
    """
    return Recurrent(gru, hidden, **options)


@sized("hidden")
@user_facing
def LSTM(hidden: int, **options: bool) -> Layer:
    """A long short-term memory; the options are those of ``Recurrent``.

    >>> from funcgrad import nn, random
    >>> _, params, state = nn.LSTM(8, stateful=True).init(random.key(0), (4, 7, 3))
    >>> params["wi"].shape, [s.shape for s in state]
    ((3, 32), [(4, 8), (4, 8)])
    """
    return Recurrent(lstm, hidden, **options)


@user_facing
def Bidirectional(forward: LayerLike, backward: LayerLike) -> Layer:
    """Two recurrent layers whose outputs are joined along the last axis.

    Args:
        forward: a recurrent layer.
        backward: a recurrent layer made with reverse=True.

    Returns:
        The layer; its params are a pair, and its apply takes ``mask=``.

    >>> from funcgrad import nn, random
    >>> both = nn.Bidirectional(nn.LSTM(8), nn.LSTM(8, reverse=True))
    >>> both.init(random.key(0), (-1, 7, 3))[0]
    (-1, 7, 16)
    """
    parts = (as_layer(forward), as_layer(backward))

    def init(keyed: Keyed, shape: Shape, dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        made = [init_layer(part, key, shape, dtype) for part, key in keyed]
        one, two = made[0][0], made[1][0]
        if one[:-1] != two[:-1]:
            raise ShapeError(f"Bidirectional: the layers give different shapes, {one} and {two}")
        return (*one[:-1], one[-1] + two[-1]), [m[1:] for m in made]

    def apply(run: Run, x: Array) -> Array:
        return np.concatenate([run(0, x), run(1, x)], axis=-1)

    return make_container("Bidirectional", parts, "same", init, apply)
