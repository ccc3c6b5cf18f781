"""The estimators pass scikit-learn's own checks, and the program compares them."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from example_programs import check_picture, load

for package in ("sklearn", "matplotlib", "rich"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load("sklearn_estimator")


@pytest.mark.parametrize("name", ["FuncgradClassifier", "FuncgradRegressor"])
@pytest.mark.filterwarnings("ignore")  # scikit-learn's checks warn on purpose
def test_scikit_learn_accepts_the_estimator(program: ModuleType, name: str) -> None:
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(getattr(program, name)(epochs=30), on_fail=None, on_skip=None)
    assert len(results) > 45
    failed = [r["check_name"] for r in results if r["status"] == "failed"]
    assert not failed
    skipped = [r["check_name"] for r in results if r["status"] != "passed"]
    assert skipped in ([], ["check_array_api_input"])  # needs an environment variable of SciPy


def test_the_program_matches_linear_models(
    program: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "e.png"
    results = program.main(["--output", str(path)])
    for _, scores in results.values():
        linear, ours = scores.values()
        assert ours.mean() > linear.mean() - 0.02
    assert "FuncgradClassifier" in capsys.readouterr().out
    check_picture(path)
    assert program.main(["--quick", "--output", str(path)])["breast cancer"][0] == "accuracy"


def test_grid_search_and_pickle(program: ModuleType) -> None:
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV

    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    grid = {"learning_rate": [1e-5, 1e-2]}
    search = GridSearchCV(program.FuncgradClassifier(epochs=20), grid, cv=3).fit(x, names)
    assert search.best_params_ == {"learning_rate": 1e-2}
    assert search.best_score_ > 0.9
    copy = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(copy.predict_proba(x), search.predict_proba(x))
