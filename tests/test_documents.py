"""What documents and lists name exists, and the picture of the architecture shows the imports."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import re
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp

ROOT = Path(fg.__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]

FILE = re.compile(
    r"(?<![\w/.-])(?:funcgrad|tests|docs|examples|benchmarks|\.github|\.ci)/[\w.*/-]*[\w*]"
)
DOTTED = re.compile(r"(?<![\w./-])(?:funcgrad|fg)(?:\.[A-Za-z_]\w*)+")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def resolved(dotted: str) -> Any:
    """What a dotted name stands for; raises if it is nothing."""
    value: Any = fg
    path = ["funcgrad"]
    for part in dotted.split(".")[1:]:
        path.append(part)
        try:
            value = getattr(value, part)
        except AttributeError:
            value = importlib.import_module(".".join(path))
    return value


def missing_files(text: str) -> list[str]:
    """The paths in a text of which nothing is there."""
    named = set(FILE.findall(text))
    return sorted(name for name in named if not any(ROOT.glob(name)))


def missing_names(text: str) -> list[str]:
    """The dotted names in a text that stand for nothing."""
    missing = []
    for name in sorted(set(DOTTED.findall(text))):
        if name.endswith(".py"):
            continue
        try:
            resolved(name)
        except (AttributeError, ImportError):
            missing.append(name)
    return missing


def anchors(text: str) -> set[str]:
    """The names under which the headings of a page are linked to."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in words}


def missing_links(path: Path, text: str) -> list[str]:
    """The links within the repository that lead nowhere."""
    missing = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        page = path.parent / target if target else path
        if not page.exists():
            missing.append(link)
        elif anchor and anchor not in anchors(page.read_text(encoding="utf-8")):
            missing.append(link)
    return missing


@pytest.mark.parametrize("name", NAMES)
def test_paths_names_and_links_exist(name):
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    assert missing_files(text) == []
    assert missing_names(text) == []
    assert missing_links(path, text) == []


def test_every_variable_that_native_code_reads_is_listed():
    page = (ROOT / "docs" / "compiler.md").read_text(encoding="utf-8")
    native = (ROOT / "funcgrad" / "compiler" / "native").rglob("*.py")
    read = {name for path in native for name in re.findall(r'"(FUNCGRAD_\w+)"', path.read_text())}
    assert len(read) >= 8
    assert [name for name in sorted(read) if f"`{name}`" not in page] == []


def test_what_is_missing_is_found(tmp_path):
    assert missing_files("see `funcgrad/core/nothing.py`, tests/*.py") == [
        "funcgrad/core/nothing.py"
    ]
    names = "`fg.grad`, funcgrad.core.tracing.Trace, fg.gradd, funcgrad.cor.tracing, x.fg.no"
    assert missing_names(names) == ["fg.gradd", "funcgrad.cor.tracing"]
    page = tmp_path / "page.md"
    text = "# One two\n[a](#one-two) [b](#one) [c](other.md) [d](https://example.org) [e](page.md)"
    page.write_text(text)
    assert missing_links(page, text) == ["#one", "other.md"]


@pytest.fixture(scope="module")
def script() -> Any:
    """The module that draws the picture."""
    spec: Any = importlib.util.spec_from_file_location(
        "architecture_picture", ROOT / "docs" / "architecture_picture.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(np.__version__.startswith("2.0"), reason="the page is as of a newer NumPy")
@pytest.mark.usefixtures("by_numpy")
def test_the_page_of_edges_is_todays():
    pytest.importorskip("ml_dtypes", reason="the page shows types of ml_dtypes")
    spec: Any = importlib.util.spec_from_file_location("edges_page", ROOT / "docs/edges_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = module.PAGE.read_text(encoding="utf-8")
    assert written == module.page(), "run python docs/edges_page.py"


@pytest.fixture(scope="module")
def coverage() -> Any:
    """The module that writes the page of names."""
    spec: Any = importlib.util.spec_from_file_location(
        "coverage_page", ROOT / "docs" / "coverage_page.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="this NumPy lacks some of the names")
def test_the_page_of_names_is_todays(coverage):
    pytest.importorskip("ml_dtypes", reason="some of the names are types of ml_dtypes")
    written = coverage.PAGE.read_text(encoding="utf-8")
    assert written == coverage.page(), "run python docs/coverage_page.py"
    share = re.search(r"Of the (\d+)\s+names.*?, (\d+)\s+are", written, re.DOTALL)
    assert share
    assert 0.97 * int(share[1]) <= int(share[2]) <= int(share[1])


def test_every_missing_name_of_numpy_has_a_reason(coverage):
    names = coverage.listed(coverage.NAMES.read_text(encoding="utf-8"))
    assert len(names["numpy"]) > 450
    reasons = coverage.by_name(coverage.NOT_NUMBERS) | coverage.by_name(coverage.MISSING_OF_NUMPY)
    missing = {n for n in names["numpy"] if not hasattr(fnp, n)}
    recent = {"astype", "cumulative_prod", "cumulative_sum", "matvec", "unstack", "vecmat"}
    assert missing - recent == set(reasons)


def shown(svg: str) -> tuple[dict[str, float], dict[tuple[str, str], str]]:
    """The packages with their layers, and the arrows, that a picture shows."""
    elements = list(ElementTree.fromstring(svg).iter())
    packages = {
        e.attrib["data-name"]: float(e.attrib["data-layer"])
        for e in elements
        if e.get("class") == "package"
    }
    arrows = {
        (e.attrib["data-from"], e.attrib["data-to"]): e.attrib["data-weight"]
        for e in elements
        if e.get("class") == "arrow"
    }
    return packages, arrows


@pytest.fixture(scope="module")
def found(script):
    """Today's imports."""
    return script.imports()


def test_the_picture_shows_todays_imports(script, found):
    advice = "run python docs/architecture_picture.py"
    assert shown(script.PICTURE.read_text(encoding="utf-8")) == found, advice
    assert len(found.arrows) > 50
    assert all(found.layers[a] > found.layers[b] for a, b in found.arrows)


def test_the_picture_names_every_package(script):
    packages = {p.stem for p in script.PACKAGE.iterdir() if p.suffix == ".py" or p.is_dir()}
    assert set(script.layers()) == packages - {"__init__", "__pycache__", "pytest_plugin"}
    assert set(script.PURPOSES) == set(script.layers())


def test_boxes_of_the_picture_do_not_overlap(script, found):
    placed = list(script.boxes(found).values())
    for above, below in itertools.pairwise(placed):
        assert above.y + above.height < below.y


def test_the_oldest_versions_are_the_lower_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    listed = (extras[name] for name in ("special", "testing", "llvm"))
    bounds = dict.fromkeys([*project["dependencies"], *itertools.chain(*listed)])
    pins = (ROOT / ".ci" / "oldest").read_text(encoding="utf-8").split()
    for bound in bounds:
        name, _, version = bound.partition(">=")
        (pin,) = (p.partition("==")[2] for p in pins if p.startswith(f"{name}=="))
        assert (pin + ".0.0").startswith(version + "."), bound
        assert set(pin.removeprefix(version)) <= {".", "0"}, bound
    assert len(pins) == len(bounds)


def test_the_core_is_there():
    for line in (ROOT / ".ci" / "core_tests").read_text(encoding="utf-8").split():
        file, _, function = line.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert not function or f"def {function}(" in text
