"""Write nn_losses.json: losses and gradients computed by PyTorch, which ours must reproduce.

Needs torch. Run as ``python tests/data/make_nn_losses.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
import torch.nn.functional as F  # pyright: ignore[reportMissingImports]

TARGET = Path(__file__).with_name("nn_losses.json")
RNG = np.random.default_rng(7)


def record(name: str, arguments: dict[str, Any], loss: Any, x: Any) -> dict[str, Any]:
    """One call of ours by keyword, with the value and the gradient to the first argument."""
    (gradient,) = torch.autograd.grad(loss, x)
    stored = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in arguments.items()}
    result = {"value": loss.item(), "gradient": gradient.tolist()}
    return {"name": name, "arguments": stored, **result}


def leaf(x: np.ndarray) -> Any:
    return torch.tensor(x, requires_grad=True)


def cross_entropies() -> Any:
    logits, labels = 3 * RNG.normal(size=(5, 4)), RNG.integers(0, 4, 5)
    weights = RNG.uniform(0.2, 2.0, 4)
    for smoothing in (0.0, 0.3):
        for given in (None, weights):
            for reduction in ("mean", "sum"):
                x = leaf(logits)
                loss = F.cross_entropy(
                    x,
                    torch.tensor(labels),
                    weight=None if given is None else torch.tensor(given),
                    label_smoothing=smoothing,
                    reduction=reduction,
                )
                arguments = {"logits": logits, "labels": labels, "label_smoothing": smoothing}
                yield record(
                    "softmax_cross_entropy_with_integer_labels",
                    {**arguments, "class_weights": given, "reduction": reduction},
                    loss,
                    x,
                )
    probabilities = RNG.dirichlet(np.ones(4), 5)
    x = leaf(logits)
    loss = F.cross_entropy(x, torch.tensor(probabilities), label_smoothing=0.1)
    arguments = {"logits": logits, "labels": probabilities, "label_smoothing": 0.1}
    yield record("softmax_cross_entropy", arguments, loss, x)
    x = leaf(logits)
    soft = RNG.uniform(size=(5, 4))
    loss = F.binary_cross_entropy_with_logits(x, torch.tensor(soft))
    yield record("sigmoid_binary_cross_entropy", {"logits": logits, "labels": soft}, loss, x)
    for log_targets in (False, True):
        x = leaf(logits)
        given = np.log(probabilities) if log_targets else probabilities
        loss = F.kl_div(x, torch.tensor(given), reduction="batchmean", log_target=log_targets)
        arguments = {"log_predictions": logits, "targets": given, "log_targets": log_targets}
        yield record("kl_divergence", arguments, loss, x)


def others() -> Any:
    predictions, targets = RNG.normal(size=(3, 5)), RNG.normal(size=(3, 5))
    named = {"predictions": predictions, "targets": targets}
    x, y = leaf(predictions), torch.tensor(targets)
    yield record("squared_error", named, F.mse_loss(x, y), x)
    yield record("absolute_error", named, F.l1_loss(x, y), x)
    yield record("huber_loss", {**named, "delta": 0.7}, F.huber_loss(x, y, delta=0.7), x)
    counts = RNG.poisson(2.0, size=(3, 5)).astype(float)
    arguments = {"log_predictions": predictions, "targets": counts}
    yield record("poisson_nll_loss", arguments, F.poisson_nll_loss(x, torch.tensor(counts)), x)
    variance = RNG.uniform(0.2, 2.0, (3, 5))
    loss = F.gaussian_nll_loss(x, y, torch.tensor(variance), full=True)
    yield record("gaussian_nll_loss", {**named, "variance": variance, "full": True}, loss, x)
    loss = torch.mean(1 - F.cosine_similarity(x, y))
    yield record("cosine_distance", named, loss, x)


def ctc() -> Any:
    for batch, frames, classes, sizes, blank in (
        (3, 7, 5, (3, 2, 0), 0),
        (2, 6, 4, (3, 1), 2),
        (1, 40, 6, (12,), 0),
    ):
        logits = 2 * RNG.normal(size=(batch, frames, classes))
        others = [c for c in range(classes) if c != blank]
        labels = RNG.choice(others, size=(batch, max(sizes)))
        labels[0, :2] = labels[0, 0]  # a repetition
        lengths = np.array([frames - i for i in range(batch)])
        x = leaf(logits)
        losses = F.ctc_loss(
            torch.log_softmax(x, -1).transpose(0, 1),
            torch.tensor(labels),
            torch.tensor(lengths),
            torch.tensor(sizes),
            blank=blank,
            reduction="sum",
        )
        arguments = {
            "logits": logits,
            "logit_paddings": (np.arange(frames) >= lengths[:, None]).astype(float),
            "labels": labels,
            "label_paddings": (np.arange(max(sizes)) >= np.array(sizes)[:, None]).astype(float),
            "blank_id": blank,
            "reduction": "sum",
        }
        yield record("ctc_loss", arguments, losses, x)


def main() -> None:
    lines = [json.dumps(r) for r in (*cross_entropies(), *others(), *ctc())]
    head = {"source": "torch.nn.functional", "torch": torch.__version__}
    TARGET.write_text(json.dumps(head)[:-1] + ',\n"losses": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
