"""A small transformer as a language model of characters, on real prose.

It reads the documentation of the Python language, which comes with Python, and is compared with a
bigram model, made by counting, on the last tenth of it:

    python examples/transformer.py --output transformer.png

After 5 epochs its perplexity per character is 3.80, that of the bigrams 10.98. The text depends on
the version of Python; this is that of 3.11.
"""

from __future__ import annotations

import argparse
from pydoc_data.topics import topics
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import lax, nn, optim, random, train

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error

HEADS = 4


def load_text() -> str:
    """The documentation, each paragraph once: it repeats some, which must not be held out too."""
    paragraphs = "\n".join(topics.values()).split("\n\n")
    return "\n\n".join(dict.fromkeys(paragraphs))


def make_model(
    vocabulary: int, context: int, features: int, blocks: int = 2, dropout: float = 0.1
) -> Any:
    """From characters (batch, time) to logits of the next ones, with the embedding's weights."""
    return nn.Tied(
        vocabulary,
        features,
        nn.LearnedPositions(context),
        *(
            nn.TransformerBlock(HEADS, features, is_causal=True, dropout=dropout)
            for _ in range(blocks)
        ),
        nn.LayerNorm(),
    )


def windows(codes: Any, context: int, stride: int) -> Any:
    """Pieces of context + 1 characters, an array (pieces, context + 1)."""
    return np.lib.stride_tricks.sliding_window_view(codes, context + 1)[::stride]


def bigram_perplexity(codes: Any, held_out: Any, vocabulary: int) -> float:
    """The perplexity of a model that has counted pairs of characters, starting at 1."""
    pairs = vocabulary * codes[:-1] + codes[1:]
    counts = 1 + np.bincount(pairs, minlength=vocabulary**2).reshape(vocabulary, vocabulary)
    logits = np.log(counts)[held_out[..., :-1]]
    return float(nn.perplexity(logits, held_out[..., 1:]))


def fit(apply: Any, params: Any, text: Any, held_out: Any, epochs: int, key: Any) -> Any:
    """Train the model; what train.fit returns."""
    order_key, dropout_key = random.split(key)
    batches = train.Batches(text, 16, key=order_key)

    def loss(params: Any, batch: Any, *, key: Any) -> Any:
        logits = apply(params, batch[:, :-1], key=key, train=True)
        return nn.softmax_cross_entropy_with_integer_labels(logits, batch[:, 1:])

    @fg.jit
    def evaluate(params: Any) -> Any:
        def losses(piece: Any) -> Any:
            logits = apply(params, piece[None, :-1])
            return nn.softmax_cross_entropy_with_integer_labels(logits, piece[None, 1:])

        return {"perplexity": nn.perplexity(lax.map(losses, held_out))}

    steps = epochs * len(batches)
    rate = optim.warmup_cosine_decay_schedule(0.0, 4e-3, steps // 10, steps)
    optimizer = optim.chain(
        optim.clip_by_global_norm(1.0), optim.adamw(rate, b2=0.99, weight_decay=0.1)
    )
    return train.fit(
        loss, params, optimizer, batches, epochs=epochs, key=dropout_key, evaluate=evaluate
    )


def sample(apply: Any, params: Any, prompt: Any, length: int, temperatures: Any, key: Any) -> Any:
    """Characters (temperatures, length) that the model writes after a prompt of its context."""
    temperatures = np.asarray(temperatures, np.float32)[:, None]

    @fg.jit
    def write(params: Any, windows: Any, keys: Any) -> Any:
        def step(windows: Any, key: Any) -> Any:
            logits = apply(params, windows)[:, -1] / temperatures
            chosen = random.categorical(key, logits)
            return np.concatenate([windows[:, 1:], chosen[:, None]], axis=1), chosen

        return lax.scan(step, windows, keys)[1]

    rows = np.tile(prompt, (len(temperatures), 1))
    return write(params, rows, random.split(key, length)).T


def attention_weights(params: Any, codes: Any) -> Any:
    """How much each character looks at those before it in the first block: (heads, time, time)."""
    embedding, positions, first_block, *_ = params
    (norm, attention, *_), _ = first_block[0]
    time = len(codes)
    x = nn.embedding(embedding, codes[None]) + positions["table"][:time]
    x = nn.layer_norm(norm, x)
    query, key = (
        (x @ attention[f"w{n}"] + attention[f"b{n}"]).reshape(1, time, HEADS, -1) for n in "qk"
    )
    # The average of the rows of an identity matrix is the vector of its weights.
    identity = np.broadcast_to(np.eye(time, dtype=x.dtype)[:, None], (1, time, HEADS, time))
    return nn.dot_product_attention(query, key, identity, is_causal=True)[0].swapaxes(0, 1)


def draw(path: str, history: Any, bigram: float, weights: Any, characters: Any) -> None:
    """Curves of the loss, and what the heads of the first block look at."""
    figure = Figure(figsize=(13, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.5])
    curves = left.subplots()
    window = max(1, len(history) // 60)
    smooth = np.convolve(history.losses, np.ones(window) / window, "valid")
    curves.plot(np.arange(window, len(history) + 1), smooth, linewidth=1, label="training")
    held_out = np.log([e["evaluation.perplexity"] for e in history.epochs])
    curves.plot([e["step"] for e in history.epochs], held_out, "o--", label="held out")
    curves.axhline(np.log(bigram), color="k", linestyle=":", label="bigrams, held out")
    curves.set(xlabel="step", ylabel="cross-entropy per character (nats)", ylim=(None, 3.5))
    curves.legend(frameon=False)
    curves.grid(alpha=0.3)
    labels = [{" ": "␣", "\n": "↵"}.get(c, c) for c in characters]
    right.suptitle("what a row's character looks at in the first block (roots of the weights)")
    for axes, head, map_ in zip(right.subplots(1, 2), (0, 1), weights, strict=False):
        axes.imshow(np.sqrt(map_), cmap="Blues", vmin=0, vmax=1)
        axes.set_title(f"head {head + 1}", fontsize=10)
        axes.set_xticks(range(len(labels)), labels, fontsize=7)
        axes.set_yticks(range(len(labels)), labels, fontsize=7)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Train, write, draw, and return both held-out perplexities."""
    parser = argparse.ArgumentParser(description="A small transformer that models characters.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="transformer.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="a small model, a part of the text")
    args = parser.parse_args(argv)
    text, context, features = load_text(), 64, 128
    if args.quick:
        text, context, features, args.epochs = text[:70_000], 32, 64, 1
    letters, codes = np.unique(list(text), return_inverse=True)
    cut = len(codes) * 9 // 10
    pieces = windows(codes[:cut], context, context // 2)
    held_out = windows(codes[cut:], context, context)
    bigram = bigram_perplexity(codes[:cut], held_out, len(letters))

    model = make_model(len(letters), context, features)
    init, apply = nn.stateless(model)
    init_key, fit_key, sample_key = random.split(random.key(args.seed), 3)
    _, params = init(init_key, (-1, context), np.float32)
    fitted = fit(apply, params, pieces, held_out, args.epochs, fit_key)
    prompt = held_out[0, :-1]
    print(f"\nThe model reads:\n{''.join(letters[prompt])}")
    temperatures = (0.3, 0.7, 1.0)
    written = sample(apply, fitted.params, prompt, 300, temperatures, sample_key)
    for temperature, row in zip(temperatures, written, strict=True):
        print(f"\nand goes on, at temperature {temperature}:\n{''.join(letters[row])}")
    perplexity = fitted.history.epochs[-1]["evaluation.perplexity"]
    print(f"\nheld-out perplexity per character: {perplexity:.2f}, of bigrams {bigram:.2f}")
    shown = prompt[:32]
    weights = attention_weights(fitted.params, shown)
    draw(args.output, fitted.history, bigram, weights, letters[shown])
    print(f"picture: {args.output}")
    return {"transformer": perplexity, "bigrams": bigram}


if __name__ == "__main__":
    main()
