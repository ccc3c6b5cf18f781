"""The pytest plugin, in runs of their own."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

import funcgrad as fg
from funcgrad import pytest_plugin
from funcgrad.testing import PROFILES, GradientCheckError, profile_of
from funcgrad.testing.fixture import Checker
from funcgrad.testing.reports.records import take

pytest_plugins = ["pytester"]

ROOT = str(Path(fg.__file__).parents[1])

INSTALLED = any(
    point.value == "funcgrad.pytest_plugin"
    for point in importlib.metadata.entry_points(group="pytest11")
)

LOADED = [] if INSTALLED else ["-p", "funcgrad.pytest_plugin"]

CHECKS = """
import numpy as np
import pytest
import funcgrad as fg
from funcgrad.testing import Claim, check_derivatives, gradcheck

@fg.custom_jvp
def halved(x):
    return x * 0.5

halved.defjvp(lambda primals, tangents: (primals[0] * 0.5, tangents[0] * 0.4))

def quartic(x):
    return x**4

def of_values(x):
    return x * float(np.sum(x) > 0)

@check_derivatives(order=1, shapes=["n"])
def test_decorated(x):
    return np.arctan(x)

@check_derivatives(shapes=["n"])
def test_decorated_wrong(x):
    return halved(x)

def test_drawn():
    gradcheck(quartic, "n")

def test_drawn_wrong():
    gradcheck(halved, "n", order=1)

def test_raises():
    gradcheck(lambda x: np.asarray(float(np.sum(x))), "n")

def test_fixture(check_grads):
    assert check_grads(quartic, (np.ones(2),)).verdict == "pass"
    check_grads.claim(Claim(np.sin, vjp=lambda x: (np.sin(x), lambda ct: (ct * np.cos(x),))),
                      (np.ones(2),))

def test_fixture_wrong(check_grads):
    check_grads(halved, (np.ones(2),), order=2)

def test_jump(check_grads):
    check_grads(lambda x: np.floor(x) + np.ceil(x), (np.ones(1),), raises=False)
"""


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", ROOT, prepend=os.pathsep)
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    plugins = [] if INSTALLED else [pytest_plugin]
    return lambda *options: pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", *options, plugins=plugins
    )


def test_the_summary_counts_functions(pytester, run):
    pytester.makepyfile(test_checks=CHECKS)
    result = run("--derivative-profile=quick")
    result.assert_outcomes(passed=4, failed=4)
    result.stdout.fnmatch_lines(
        [
            "*= derivatives =*",
            "7 functions checked (profile quick): 1 to order 2, 2 to order 1, 1 inconclusive, "
            "1 with errors, 2 wrong",
        ]
    )


def test_failures_are_short_and_show_a_program(pytester, run):
    pytester.makepyfile(test_checks=CHECKS)
    result = run("--derivative-profile=quick", "-k", "wrong or raises")
    result.assert_outcomes(failed=4, deselected=4)
    text = result.stdout.str()
    assert "decorator.py" not in text
    assert "gradcheck.py" not in text
    assert "boundary.py" not in text
    result.stdout.fnmatch_lines(
        [
            "test_checks.py:*: in test_decorated_wrong",
            "E * test_decorated_wrong (test_checks.py:*): the jvp differs from finite differences",
            "E     diagnosis  found/expected is 0.8 everywhere",
            f"*- {pytest_plugin.SECTION} -*",
            "args = (np.array([[]0.0]),)",
            "check_grads(test_checks.test_decorated_wrong.checked, args, order=2, *seed=0)",
            '>       gradcheck(halved, "n", order=1)',
            "FAILED test_checks.py::test_decorated_wrong - funcgrad.testing.rep*",
        ]
    )
    programs = text.count("import numpy as np\n")
    assert programs - text.count("E       import numpy as np\n") == 3


def test_verbose_runs_list_what_each_test_checked(pytester, run):
    pytester.makepyfile(test_checks=CHECKS)
    result = run("-v", "--derivative-profile=quick", "-k", "drawn or fixture")
    result.stdout.fnmatch_lines(
        [
            "test_checks.py::test_drawn: quartic (test_checks.py:*): pass, order 2, "
            "modes fwd, rev, 5 points",
            "test_checks.py::test_drawn_wrong: halved (test_checks.py:*): fail, order 1, *",
            "test_checks.py::test_fixture: quartic (*): pass, order 1, modes fwd, rev, 1 point",
            "test_checks.py::test_fixture: sin: pass, order 1, modes rev, 1 point",
            "test_checks.py::test_fixture_wrong: halved (test_checks.py:*): fail, order 2*",
        ]
    )


def test_laws_left_out_are_counted(pytester, run):
    pytester.makepyfile(
        """
        import numpy as np
        from funcgrad.testing import gradcheck

        def of_values(x):
            return x * 2 if np.sum(x) > 0 else x

        def test_left_out():
            gradcheck(of_values, "n", order=1, max_examples=3, domain="positive")
        """
    )
    run().stdout.fnmatch_lines(["left out: *jit*(of 1 function)*"])


def test_runs_without_checks_have_no_summary(pytester, run):
    pytester.makepyfile("def test_nothing(): pass")
    result = run()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*derivatives*")


ASKS = """
from funcgrad.testing import profile_of

def test_profile():
    assert profile_of().name == "NAME"
"""


def test_the_profile_is_an_option_or_in_the_ini_file(pytester, run):
    pytester.makepyfile(test_asks=ASKS.replace("NAME", "thorough"))
    run("--derivative-profile", "thorough").assert_outcomes(passed=1)
    run().assert_outcomes(failed=1)
    pytester.makeini("[pytest]\nderivative_profile = thorough\n")
    run().assert_outcomes(passed=1)
    run("--derivative-profile", "quick").assert_outcomes(failed=1)
    assert profile_of().name == "ci"
    pytester.makeini("[pytest]\nderivative_profile = slow\n")
    result = run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unknown profile 'slow'; the profiles are quick, ci, thorough"])
    assert run("--derivative-profile", "slow").ret == pytest.ExitCode.USAGE_ERROR
    assert tuple(PROFILES) == pytest_plugin.PROFILES


def test_workers_send_what_they_checked(pytester, monkeypatch):
    """With pytest-xdist the summary and the programs come from the workers."""
    pytest.importorskip("xdist")
    monkeypatch.setenv("PYTHONPATH", ROOT, prepend=os.pathsep)
    pytester.makepyfile(test_checks=CHECKS)
    chosen = ["-k", "decorated", "--derivative-profile=quick", "-p", "no:cacheprovider"]
    result = pytester.runpytest_subprocess(*LOADED, "-n", "1", *chosen)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "test_checks.py:*: in test_decorated_wrong",
            "args = (np.array([[]0.0]),)",
            "2 functions checked (profile quick): 1 to order 1, 1 wrong",
            "FAILED test_checks.py::test_decorated_wrong - *",
        ]
    )


def test_an_installed_funcgrad_is_found_once(pytester, monkeypatch):
    """The plugin is found by its entry point, also where -p names it."""
    site = pytester.mkdir("site")
    info = site / "funcgrad-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: funcgrad\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[pytest11]\nfuncgrad = funcgrad.pytest_plugin\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), ROOT]))
    pytester.makepyfile(test_asks=ASKS.replace("NAME", "quick"))
    for more in ([], ["-p", "funcgrad"]):
        result = pytester.runpytest_subprocess(*more, "--derivative-profile=quick")
        result.assert_outcomes(passed=1)


def test_the_plugin_is_light():
    code = (
        "import sys, funcgrad.pytest_plugin\n"
        "loaded = {m.partition('.')[0] for m in sys.modules} & {'numpy', 'hypothesis', 'optree'}\n"
        "ours = sorted(m for m in sys.modules if m.startswith('funcgrad'))\n"
        "assert not loaded, loaded\n"
        "assert ours == ['funcgrad', 'funcgrad.pytest_plugin'], ours\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_fixture_takes_what_check_grads_takes():
    import numpy as np

    take()
    check = Checker()
    x = (np.ones(2),)
    check(np.sin, x, 2, "rev", directions=1)
    check.gradient(lambda x: np.sum(x * x), lambda x: 2 * x, x)
    check.pair(lambda x: (x * x, x), lambda ct, x: 2 * x * ct, x)
    with pytest.raises(GradientCheckError):
        check.gradient(lambda x: np.sum(x * x), lambda x: x, x)
    found = [(r.order, r.modes, r.verdict) for r in take()]
    first = (1, ("rev",), "pass")
    assert found == [(2, ("rev",), "pass"), first, first, (1, ("rev",), "fail")]
    with pytest.raises(TypeError, match="missing a required argument: 'args'"):
        check(np.sin)
