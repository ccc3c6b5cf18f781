"""Losses of sequences whose alignment with their labels is not known."""

from __future__ import annotations

import numpy as np

from ... import arrays, lax
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...errors import ShapeError
from ...numpy.protocol import array, inexact
from ...typing import Array, ArrayLike
from ..activations.along_axes import log_softmax, logsumexp
from ..rescaled import in_single
from .reduction import check_classes, mask_of, masked, reduce_losses

__all__ = ["ctc_loss"]


@user_facing
@in_single
def ctc_loss(
    logits: ArrayLike,
    logit_paddings: ArrayLike,
    labels: ArrayLike,
    label_paddings: ArrayLike,
    *,
    blank_id: int = 0,
    reduction: str = "mean",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Array:
    """The negative logarithm of the probability of label sequences under any alignment.

    A path has one class for each frame; removing repetitions and then blanks gives its labels.
    The probability of labels is the sum of those of all paths, by the forward recursion in
    logarithms. Graves, Fernandez, Gomez and Schmidhuber, Connectionist temporal classification,
    ICML 2006, equations 5 to 8.

    Args besides the common ones (``help(nn.losses)``):
        logits: array of shape (batch, frames, classes), of which a softmax is taken.
        logit_paddings: array of shape (batch, frames): 1 or True for frames that are padding.
        labels: integers, array of shape (batch, labels). They must not be the blank.
        label_paddings: array of shape (batch, labels): 1 or True for labels that are padding,
            which must be at the end; what they are does not matter.
        blank_id: class of the blank.
        reduction: "mean", "sum", or "none" for an array of losses. Losses are not divided by the
            number of labels.

    Returns:
        Scalar, or array of shape (batch,). Labels that need more frames than there are have
        probability 0: their loss is inf, and its derivative 0. (Optax gives large numbers, which
        depend on its log_epsilon.)

    Raises:
        ShapeError: if shapes do not fit.

    >>> logits = np.zeros((1, 2, 3))
    >>> ctc_loss(logits, np.zeros((1, 2)), np.array([[1]]), np.zeros((1, 1))).round(6)
    np.float64(1.098612)
    """
    logits, labels = inexact(logits), array(labels)
    frames_padded, labels_padded = array(logit_paddings), array(label_paddings)
    _check_shapes(logits, frames_padded, labels, labels_padded)
    if where is not None:
        where = np.broadcast_to(mask_of("ctc_loss", where, logits.shape[:1]), logits.shape[:1])
        (logits,) = masked(where[:, None, None], logits)
        (labels,) = masked(where[:, None], labels)
    _check_labels(labels, labels_padded, logits.shape[2])
    frames_padded, labels_padded = frames_padded != 0, labels_padded != 0
    losses = -_log_probability(logits, frames_padded, labels, labels_padded, blank_id)
    return reduce_losses("ctc_loss", losses, reduction, where, weights)


def _check_shapes(logits: Array, frames_padded: Array, labels: Array, labels_padded: Array) -> None:
    given = [tuple(x.shape) for x in (logits, frames_padded, labels, labels_padded)]
    frames, batch = given[0][:2], given[0][:1]
    if len(given[0]) != 3 or len(given[2]) != 2:
        fits = False
    else:
        fits = given[1] == frames and given[2] == given[3] and given[2][:1] == batch
    if not fits:
        raise ShapeError(
            "ctc_loss needs logits (batch, frames, classes), logit_paddings (batch, frames), and "
            "labels and label_paddings (batch, labels); got shapes "
            f"{given[0]}, {given[1]}, {given[2]} and {given[3]}"
        )


def _check_labels(labels: Array, padded: Array, count: int) -> None:
    if not isinstance(labels, Tracer):
        labels = labels[:0] if isinstance(padded, Tracer) else labels[padded == 0]
    check_classes("ctc_loss", "labels", labels, count)


def _log_probability(
    logits: Array, frames_padded: Array, labels: Array, labels_padded: Array, blank: int
) -> Array:
    """The logarithm of the probability of the labels, -inf for none.

    States are blank, first label, blank, second label, ..., blank. A path stays in its state,
    goes to the next one, or passes over a blank between different labels.
    """
    batch, count = labels.shape
    xp = arrays.namespace((logits, labels))
    labels = np.where(labels_padded, blank, labels)
    states = _interleave(xp.full((batch, count + 1), blank), labels)
    before = np.concatenate([xp.full((batch, 2), blank), states], axis=1)[:, :-2]
    may_skip = (states != blank) & (states != before)
    emitted = np.take_along_axis(log_softmax(logits), states[:, None, :], axis=2)
    start = np.where(xp.arange(2 * count + 1) == 0, 0, -np.inf).astype(logits.dtype)
    lost = xp.full((batch, 2), -np.inf, logits.dtype)

    def advance(alpha: Array, frame: tuple[Array, Array]) -> tuple[Array, None]:
        emissions, padded = frame
        wide = np.concatenate([lost, alpha], axis=1)
        skipped = np.where(may_skip, wide[:, :-2], -np.inf)
        arrived = np.stack([alpha, wide[:, 1:-1], skipped])
        return np.where(padded[:, None], alpha, logsumexp(arrived, 0) + emissions), None

    frames = np.moveaxis(emitted, 1, 0), np.moveaxis(frames_padded, 1, 0)
    alpha, _ = lax.scan(advance, np.broadcast_to(start, (batch, 2 * count + 1)), frames)
    last = 2 * (count - np.sum(labels_padded, axis=1))
    from_last = last[:, None] - xp.arange(2 * count + 1)
    return logsumexp(alpha, 1, where=(from_last == 0) | (from_last == 1))


def _interleave(outer: Array, inner: Array) -> Array:
    """Columns of two matrices in turns; the first has one more."""
    pairs = np.stack([outer[:, :-1], inner], axis=2)
    flat = pairs.reshape((pairs.shape[0], 2 * inner.shape[1]))
    return np.concatenate([flat, outer[:, -1:]], axis=1)
