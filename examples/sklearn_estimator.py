"""A funcgrad model as a scikit-learn estimator: pipelines, cross-validation and grid search work.

The estimator wraps a model (a layer of funcgrad.nn) and an optimizer, and passes scikit-learn's own
``check_estimator``. The script compares it with scikit-learn's linear models on real data:

    python examples/sklearn_estimator.py --output estimator.png
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad import nn, optim, random, train

try:
    from matplotlib.figure import Figure
    from rich.progress import track
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.datasets import load_breast_cancer, load_diabetes
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install 'funcgrad[examples]'") from error


def small_network(outputs: int) -> Any:
    """One hidden layer."""
    return nn.serial(nn.Dense(32), nn.relu, nn.Dense(outputs))


class _Estimator(BaseEstimator):
    """What classifier and regressor share: parameters, the training loop, the model's outputs."""

    def __init__(
        self,
        model: Callable[[int], Any] = small_network,
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-3,
        epochs: int = 100,
        batch_size: int = 32,
        random_state: Any = 0,
    ) -> None:
        self.model = model
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def _train(self, x: Any, y: Any, outputs: int, loss: Callable[[Any, Any], Any]) -> None:
        """Standardize the inputs and fit the parameters."""
        self.mean_, self.scale_ = x.mean(axis=0), x.std(axis=0)
        self.scale_[self.scale_ == 0] = 1
        seed = check_random_state(self.random_state).randint(2**31)
        init_key, order_key = random.split(random.key(seed))
        init, apply = nn.stateless(self.model(outputs))
        _, params = init(init_key, (-1, x.shape[1]))
        self._apply = fg.jit(apply)
        batches = train.Batches(
            ((x - self.mean_) / self.scale_, y), min(self.batch_size, len(x)), key=order_key
        )
        fitted = train.fit(
            lambda params, batch: loss(apply(params, batch[0]), batch[1]), params,
            optim.adamw(self.learning_rate, weight_decay=self.weight_decay), batches,
            epochs=self.epochs, progress=False,
        )  # fmt: skip
        self.params_, self.history_ = fitted.params, fitted.history
        self.n_iter_ = fitted.training.epoch

    def _outputs(self, x: Any) -> Any:
        check_is_fitted(self)
        x = validate_data(self, x, dtype=np.float64, reset=False)
        return self._apply(self.params_, (x - self.mean_) / self.scale_)

    def __getstate__(self) -> Any:
        """Everything but the compiled function, which cannot be pickled."""
        return {k: v for k, v in super().__getstate__().items() if k != "_apply"}

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        if hasattr(self, "params_"):
            outputs = self.params_[-1]["w"].shape[1]
            self._apply = fg.jit(nn.stateless(self.model(outputs))[1])


class FuncgradClassifier(ClassifierMixin, _Estimator):
    """A classifier from a model of unnormalised log-probabilities, trained by cross-entropy."""

    def fit(self, X: Any, y: Any) -> FuncgradClassifier:
        """Train on inputs (examples, features) and labels (examples,)."""
        x, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"FuncgradClassifier needs two classes; y has one class, {self.classes_[0]!r}"
            )
        self._train(x, codes, len(self.classes_), nn.softmax_cross_entropy_with_integer_labels)
        return self

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes, (examples, classes)."""
        return nn.softmax(self._outputs(X))

    def predict(self, X: Any) -> Any:
        """The most probable classes, (examples,)."""
        best = self._outputs(X).argmax(axis=1)
        return self.classes_[best]


class FuncgradRegressor(RegressorMixin, _Estimator):
    """A regressor trained by squared error on standardized targets."""

    def fit(self, X: Any, y: Any) -> FuncgradRegressor:
        """Train on inputs (examples, features) and numbers (examples,)."""
        x, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        y = y.astype(np.float64)
        self.y_mean_, self.y_scale_ = y.mean(), y.std() or 1.0
        self._train(
            x, (y - self.y_mean_) / self.y_scale_, 1, lambda z, y: np.mean((z[:, 0] - y) ** 2)
        )
        return self

    def predict(self, X: Any) -> Any:
        """Predicted numbers, (examples,)."""
        return self._outputs(X)[:, 0] * self.y_scale_ + self.y_mean_


def compare(quick: bool) -> dict[str, tuple[str, dict[str, Any]]]:
    """Scores of five folds for two real data sets, by linear models and by ours."""
    epochs = 5 if quick else 60
    jobs = [
        ("breast cancer", "accuracy", load_breast_cancer(return_X_y=True),
         {"logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
          "FuncgradClassifier": FuncgradClassifier(epochs=epochs, weight_decay=0.1)}),
        ("diabetes", "R²", load_diabetes(return_X_y=True),
         {"ridge regression": make_pipeline(StandardScaler(), Ridge(1.0)),
          "FuncgradRegressor": FuncgradRegressor(epochs=epochs // 4 or 1, learning_rate=2e-3,
                                                 weight_decay=1.0)}),
    ]  # fmt: skip
    folds = KFold(5, shuffle=True, random_state=0)
    results: dict[str, tuple[str, dict[str, Any]]] = {d: (m, {}) for d, m, _, _ in jobs}
    todo = [(d, xy, n, e) for d, _, xy, models in jobs for n, e in models.items()]
    for data, (x, y), name, estimator in track(todo, "cross-validation"):
        results[data][1][name] = cross_val_score(estimator, x, y, cv=folds)
    return results


def draw(path: str, results: dict[str, tuple[str, dict[str, Any]]]) -> None:
    """The folds' scores as points, their means as bars."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, (data, (measure, scores)) in zip(figure.subplots(1, 2), results.items(), strict=True):
        for i, (name, values) in enumerate(scores.items()):
            axes.bar(i, values.mean(), width=0.6, alpha=0.5, label=name)
            axes.plot(np.full(len(values), i), values, "ko", markersize=4)
        limits = (0.9, 1.005) if measure == "accuracy" else (0, None)
        axes.set(title=data, ylabel=measure, ylim=limits, xticks=range(len(scores)))
        axes.set_xticklabels(scores)
        axes.grid(axis="y", alpha=0.3)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> dict[str, tuple[str, dict[str, Any]]]:
    """Cross-validate, draw, and return the scores."""
    parser = argparse.ArgumentParser(description="funcgrad models in scikit-learn.")
    parser.add_argument("--output", default="estimator.png", help="file for the picture")
    parser.add_argument("--quick", action="store_true", help="train for a few epochs only")
    args = parser.parse_args(argv)
    results = compare(args.quick)
    for data, (measure, scores) in results.items():
        for name, values in scores.items():
            print(f"{data:14} {name:20} {measure} {values.mean():.3f} ± {values.std():.3f}")
    draw(args.output, results)
    print(f"picture: {args.output}")
    return results


if __name__ == "__main__":
    main()
