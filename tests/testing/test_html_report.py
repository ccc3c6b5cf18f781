"""The HTML report: failures first, with their cause and source, on wide and on narrow screens."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("rich", reason="the command needs the extra testing")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
MODULE = """
import numpy as np
import funcgrad as fg
from funcgrad.testing import check_derivatives

def first_that_is_right(x: float) -> float:
    return np.sin(x)

@fg.custom_jvp
def a_function_with_quite_a_long_name_that_somebody_has_thought_about_for_long(x):
    return np.exp(-x) * np.cos(x)

@a_function_with_quite_a_long_name_that_somebody_has_thought_about_for_long.defjvp
def a_rule_given_with_defjvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return np.exp(-x) * np.cos(x), -np.exp(-x) * (np.cos(x) - np.sin(x)) * t

def the_caller(x: float) -> float:
    return 3 * a_function_with_quite_a_long_name_that_somebody_has_thought_about_for_long(x)
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("html")
    (folder / "rules_to_check.py").write_text(MODULE)
    command = [sys.executable, "-m", "funcgrad.testing", "rules_to_check", "--html", "report.html"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stderr
    return folder / "report.html"


def test_failures_come_first_with_cause_and_source(report):
    text = report.read_text()
    verdicts = re.findall(r'<td class="(\w+)">', text)
    assert verdicts == ["fail", "fail", "pass"]
    assert "cause      the rule of a_function_with_quite_a_long_name" in text
    assert "return np.exp(-x) * np.cos(x), -np.exp(-x)" in text
    assert "rules_to_check.py:" in text


def test_a_rule_is_no_function_that_was_forgotten(report):
    assert "a_rule_given_with_defjvp has no" not in report.read_text()
    assert "rules_to_check:a_rule_given_with_defjvp" not in report.read_text()


def browser():
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.mark.skipif(browser() is None, reason="no browser is installed")
@pytest.mark.parametrize("width", [420, 1280])
def test_nothing_is_wider_than_the_screen(report, width, tmp_path):
    """In a frame of that width, since windows of browsers have a least width."""
    wide = "Array.from(d.querySelectorAll('pre, p, h1, h2, li, .table'))"
    wide += ".map(e => e.getBoundingClientRect().right)"
    page = tmp_path / "page.html"
    page.write_text(
        f'<iframe id="f" style="width:{width}px;height:900px;border:0" src="report.html"></iframe>'
        "<script>onload = () => { const d = document.getElementById('f').contentDocument;"
        f"document.title = [d.documentElement.scrollWidth, Math.max(...{wide})].join(' '); }}"
        "</script>"
    )
    shutil.copy(report, tmp_path / "report.html")
    picture = tmp_path / f"{width}.png"
    found = browser()
    assert found is not None
    command = [
        found, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=4000",
    ]  # fmt: skip
    dumped = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    title = re.search(r"<title>([\d. ]+)</title>", dumped.stdout)
    assert title is not None, dumped.stderr[-500:]
    whole, furthest = map(float, title.group(1).split())
    assert whole <= width
    assert furthest <= width
    size = f"--window-size={max(width, 500)},1400"
    subprocess.run(
        [*command, size, f"--screenshot={picture}", page.as_uri()], capture_output=True, timeout=120
    )
    assert picture.stat().st_size > 10_000
