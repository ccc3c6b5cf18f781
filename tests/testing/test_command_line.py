"""The command line: what it finds, what it reports, its files and its exit statuses."""

import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

import funcgrad as fg
from funcgrad.testing.command import files, lock, running
from funcgrad.testing.command.errors import CommandError
from funcgrad.testing.command.main import main

ROOT = str(Path(fg.__file__).parents[1])

RIGHT = '''
"""Functions with right derivatives, and some that cannot be checked."""
from typing import Annotated
import numpy as np
import funcgrad as fg
from funcgrad.testing import Claim, check_derivatives

@check_derivatives(domain=(-5, 5), shapes=["n"])
def softplus(x):
    print("this text is not shown")
    return np.log1p(np.exp(x))

@check_derivatives(order=1, max_examples=3)
def _private(x):
    return np.arctan(x)

@fg.custom_vjp
def doubled(x):
    return x * 2

doubled.defvjp(lambda x: (x * 2, None), lambda _, ct: (ct * 2,))

def loss(w: Annotated[np.ndarray, "n m"], x: Annotated[np.ndarray, "m"], power: int = 2):
    return np.sum((w @ x) ** power)

sine = Claim(np.sin, jvp=lambda x, t: (np.sin(*x), np.cos(*x) * t[0]))

def bare(x):
    return x

def load(path: str):
    return path

def product(w: np.ndarray, x: np.ndarray):
    return w @ x

def steps(x: float):
    yield x

class Layer:
    @check_derivatives
    def forward(self, x):
        return x

    @staticmethod
    @check_derivatives(order=1)
    def scale(x):
        return 2 * x
'''

WRONG = '''
"""Functions with <wrong> derivatives."""
import numpy as np
import funcgrad as fg
from funcgrad.testing import Claim, check_derivatives
from funcgrad.testing import strategies as fst
from .right import softplus

@fg.custom_jvp
def halved(x):
    return x * 0.5

halved.defjvp(lambda primals, tangents: (primals[0] * 0.5, tangents[0] * 0.4))

scaled = Claim(np.sin, vjp=lambda x: (np.sin(x), lambda ct: (ct * np.cos(x) * 1.001,)))

@check_derivatives(order=1)
def leaves(x):
    raise SystemExit(7)

@check_derivatives(order=1)
def not_defined(x):
    return np.log(-1 - x * x)

@check_derivatives(order=1, args=(fst.arrays((2,), domain=fst.whole_numbers(1, 9)),))
def jumps(x):
    return np.floor(x) + x

@fg.custom_jvp
def no_rule(x):
    return x
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the package models; what is imported from it is forgotten afterwards."""
    package = tmp_path / "models"
    package.mkdir()
    (package / "__init__.py").write_text("from .right import softplus\n")
    (package / "right.py").write_text(RIGHT)
    (package / "wrong.py").write_text(WRONG)
    (package / "broken.py").write_text("import no_such_module_at_all\n")
    (package / "__main__.py").write_text("raise AssertionError\n")
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forget(set(sys.modules) - before, tmp_path)


def forget(names, folder):
    for name in names:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def command(*arguments):
    """The exit status of a quick run."""
    return main([*arguments, "--profile", "quick"])


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_module_whose_derivatives_are_right(folder, capsys):
    assert command("models.right") == 0
    out, err = capsys.readouterr()
    rows = lines(out)
    assert rows[0] == "function order modes points verdict seconds"
    assert [row.rsplit(" ", 1)[0] for row in rows[1:7]] == [
        "models.right:softplus 2 fwd, rev 5 pass",
        "models.right:_private 1 fwd, rev 3 pass",
        "models.right:doubled 2 fwd, rev 5 pass",
        "models.right:loss 2 fwd, rev 5 pass",
        "models.right:sine 1 fwd 5 pass",
        "models.right:Layer.scale 1 fwd, rev 5 pass",
    ]
    assert "models.right:doubled: mode 'fwd': " in out
    reasons = dict(row.split(": ", 1) for row in rows[rows.index("not checked:") + 1 : -2])
    assert set(reasons) == {
        f"models.right:{name}" for name in ("bare", "load", "product", "steps", "Layer.forward")
    }
    assert reasons["models.right:bare"].startswith("x has no annotation; use check_derivatives")
    assert "annotated as <class 'str'>" in reasons["models.right:load"]
    assert "TypeError: unsupported operand" in reasons["models.right:product"]
    assert reasons["models.right:steps"] == "a generator function"
    assert reasons["models.right:Layer.forward"].startswith("a method")
    assert rows[-1].startswith("6 functions: 6 passed; 5 not checked; ")
    assert "not shown" not in out + err
    assert "[1/7] models.right:softplus: pass, " in err


def test_a_package_with_errors(folder, capsys):
    report = folder / "report.json"
    assert command("models", "--json", str(report), "-k", "models.[wb]*") == 1
    out, _ = capsys.readouterr()
    found = json.loads(report.read_text())
    verdicts = {f["name"].partition(":")[2]: f["verdict"] for f in found["functions"]}
    assert verdicts == {
        "halved": "fail",
        "scaled": "fail",
        "leaves": "error",
        "not_defined": "error",
        "jumps": "inconclusive",
        "no_rule": "error",
    }
    assert found["unchecked"] == [
        {
            "name": "models.broken",
            "reason": "cannot import 'models.broken': ModuleNotFoundError: No module named "
            "'no_such_module_at_all' (broken.py, line 1)",
        }
    ]
    assert found["counts"]["error"] == 3
    assert (found["status"], found["interrupted"], found["lock"]) == (1, False, None)
    by_name = {f["name"].partition(":")[2]: f for f in found["functions"]}
    assert by_name["leaves"]["message"] == "SystemExit: 7"
    assert "outside the domain of not_defined" in by_name["not_defined"]["message"]
    finding = by_name["halved"]["finding"]
    assert finding["diagnosis"] == "found/expected is 0.8 everywhere"
    assert (finding["order"], finding["mode"]) == (1, "'fwd'")
    assert "FAIL models.wrong:halved" in out
    for name in ("halved", "scaled"):
        example = by_name[name]["example"]
        assert example in out
        with pytest.raises(fg.testing.GradientCheckError, match="differs from finite differences"):
            exec(example, {})


def test_programs_of_packages_are_not_run(folder, capsys):
    assert command("models", "-k", "__main__") == 2
    out, err = capsys.readouterr()
    assert "models.__main__: a program: importing it would run it" in out
    assert "nothing to check in models" in err


def test_named_functions(folder, capsys):
    assert command("models.right:bare", "models/right.py:loss", "models.right:Layer.scale") == 0
    out, _ = capsys.readouterr()
    names = [line.split()[0] for line in out.splitlines()[1:4]]
    assert names == ["models.right:bare", "models.right:loss", "models.right:Layer.scale"]
    assert command("models.right:product") == 1
    assert "ERROR models.right:product" in capsys.readouterr().out


def test_options_reach_the_checks(folder, capsys):
    report = folder / "report.json"
    options = ["--order", "1", "--modes", "rev", "--domain", "1,2", "--seed", "5"]
    assert command("models.right:bare", *options, "--json", str(report)) == 0
    (found,) = json.loads(report.read_text())["functions"]
    assert (found["order"], found["modes"], found["seed"]) == (1, ["rev"], 5)
    assert (found["domain"], found["kind"], found["points"]) == ("1,2", "named", 5)
    (folder / "positive.py").write_text("import numpy as np\ndef f(x): return np.log(x - 2e3)\n")
    assert command("positive:f") == 1
    assert "are outside the domain of f (positive.py:2)" in capsys.readouterr().out
    assert command("positive:f", "--domain", "2001,3000", "--modes", "fwd,lin") == 0


def test_files_outside_of_packages(folder, capsys):
    place = folder / "scripts"
    place.mkdir()
    (place / "json.py").write_text("def f(x: float): return x * x\n")
    assert command("scripts/json.py") == 0
    assert "checked_json:f" in capsys.readouterr().out
    assert sys.modules["json"] is json
    del sys.modules["checked_json"]


BAD = {
    "no_such_module": "there is no module 'no_such_module'",
    "models.nothing": "there is no module 'models.nothing'",
    "models.broken": "cannot import 'models.broken': ModuleNotFoundError: No module named "
    "'no_such_module_at_all' (broken.py, line 1)",
    "models.right:sofplus": "models.right has no 'sofplus'; did you mean 'softplus'?",
    "models.right:Layer": "models.right:Layer is a class; name a function: ",
    "models.right:np": "models.right:np is a module, not a function",
    "models.right:": "'models.right:' names no function; write module:function",
    "nothing.py": "there is no file 'nothing.py'",
    "./models/right": "there is no file 'models/right'",
    "syntax": "cannot import 'syntax': SyntaxError: ",
    "models.right --modes up": "--modes: unknown mode 'up'",
    "models.right --modes ,": "--modes: modes is empty",
    "models.right --domain all": "--domain: unknown domain 'all'",
    "models.right --domain 2,1": "--domain: interval: low must be below high",
    "models.right --json nowhere/a.json": "--json: there is no folder",
    "models.right --html models": "--html: 'models' is a folder; name a file",
    "--check-lock nothing.lock": "--check-lock: cannot read 'nothing.lock': No such file",
    "--check-lock models/right.py": "--check-lock: 'models/right.py' is not a lock file",
    "": "name modules, packages, files or functions to check",
}


@pytest.mark.parametrize("arguments", BAD)
def test_wrong_commands_get_one_line(folder, capsys, arguments):
    (folder / "syntax.py").write_text("def f(:\n")
    assert command(*arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"funcgrad.testing: {BAD[arguments]}"), err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    ["--order 0", "--order x", "--seed -1", "--timeout x", "--lock a --check-lock b", "--profile"],
)
def test_wrong_options_are_usage_errors(capsys, options):
    with pytest.raises(SystemExit) as caught:
        main(["models", *options.split()])
    assert caught.value.code == 2
    assert "usage: python -m funcgrad.testing" in capsys.readouterr().err


class Outline(HTMLParser):
    """Checks that elements are closed, and collects what is referred to and said."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        assert not {"src", "href", "onload"} & {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_html_report_is_one_whole_file(folder, capsys):
    (folder / "odd.py").write_text(
        "from funcgrad.testing import check_derivatives\n"
        "@check_derivatives(order=1, max_examples=2)\n"
        "def f(x):\n    raise TypeError('<script>alert(1)</script> & more')\n"
        "def unclear(x: 'Missing'): return x\n"
    )
    report = folder / "report.html"
    assert command("odd", "models.wrong:halved", "models.right", "--html", str(report)) == 1
    text = report.read_text()
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert "script" not in outline.seen
    assert outline.seen.count("tr") == 9
    assert outline.seen.count("section") == 2
    said = "".join(outline.words)
    assert "TypeError: <script>alert(1)</script> & more" in said
    assert "check_grads(models.wrong.halved, args" in said
    assert "Not checked" in said
    assert "odd:unclear: the annotations of unclear" in said
    assert "@import" not in text
    assert "url(" not in text
    assert len(text) < 12_000


def locked(folder, *targets):
    """The path of a fresh lock file."""
    lock = folder / "derivatives.lock"
    assert command(*targets, "--lock", str(lock)) == 0
    return lock


def changed(folder, source):
    """Other contents of the module models.right, which is imported anew."""
    (folder / "models" / "right.py").write_text(source)
    forget([name for name in sys.modules if name.partition(".")[0] == "models"], folder)


LOCKED = """
import numpy as np
import funcgrad as fg
from funcgrad.testing import check_derivatives

@check_derivatives(order=2, domain=(-5, 5), shapes=[3], max_examples=2)
def softplus(x):
    return np.log1p(np.exp(x))

@check_derivatives(order=1, max_examples=2)
def arctan(x):
    return np.arctan(x)

@fg.custom_vjp
def doubled(x: float):
    return x * 2

doubled.defvjp(lambda x: (x * 2, None), lambda _, ct: (ct * 2,))

def square(x: float):
    return x * x
"""


def test_a_lock_holds_what_was_checked(folder, capsys):
    changed(folder, LOCKED)
    lock = locked(folder, "models.right", "--seed", "3")
    contents = json.loads(lock.read_text())
    assert list(contents) == sorted(contents)
    assert contents["targets"] == ["models.right"]
    names = list(contents["functions"])
    assert names == sorted(names)
    assert len(names) == 4
    softplus = contents["functions"]["models.right:softplus"]
    source = softplus.pop("source")
    assert len(source) == 16
    assert softplus == {
        "domain": "(-5, 5)",
        "modes": ["fwd", "rev"],
        "order": 2,
        "points": 2,
        "profile": "quick",
        "seed": 3,
        "shapes": "[3]",
        "verdict": "pass",
    }
    before = lock.read_text()
    assert locked(folder, "models.right", "--seed", "3").read_text() == before
    capsys.readouterr()
    assert main(["--check-lock", str(lock)]) == 0
    out, _ = capsys.readouterr()
    assert f"{lock}: nothing has changed" in out
    assert " 5 " in out


def test_a_lock_shows_what_has_changed(folder, capsys):
    changed(folder, LOCKED)
    lock = locked(folder, "models.right")
    report = folder / "report.json"

    def differences(old, new, pattern):
        assert old in LOCKED
        changed(folder, LOCKED.replace(old, new))
        status = command("--check-lock", str(lock), "--json", str(report), "-k", pattern)
        found = json.loads(report.read_text())["lock"]
        return status, found["differences"], found["notes"]

    note = "models.right:square: its source has changed, and it was checked again"
    assert differences("x * x", "x * x * x", "square") == (0, [], [note])
    status, found, _ = differences("def square", "def cube", "*:[sc][qu]*")
    assert status == 3
    gone, new = "models.right:square has disappeared", "models.right:cube is new and not locked"
    assert found == [gone, new]
    status, found, notes = differences("order=2, domain=(-5, 5)", "order=1", "softplus")
    assert (status, found) == (3, ["models.right:softplus: checked to order 1, and was to order 2"])
    assert "models.right:softplus: domain real, and was (-5, 5)" in notes
    status, found, _ = differences("order=1,", "order=1, modes='rev',", "arctan")
    assert (status, found) == (3, ["models.right:arctan: no longer checked in mode fwd"])
    status, found, _ = differences("(ct * 2,)", "(ct * 3,)", "doubled")
    assert (status, found) == (1, ["models.right:doubled: fail, and was pass"])
    status, found, _ = differences("square(x: float)", "square(x)", "square")
    assert status == 3
    assert found == [
        "models.right:square can no longer be checked: x has no annotation; use "
        "check_derivatives, or name the function"
    ]


def test_a_pattern_restricts_the_lock_too(folder, capsys):
    changed(folder, LOCKED)
    lock = locked(folder, "models.right")
    assert command("--check-lock", str(lock), "-k", "square") == 0
    assert "1 function: 1 passed; 3 deselected by -k" in capsys.readouterr().out


def test_versions_are_noted(folder, capsys):
    lock = locked(folder, "models.right:softplus")
    contents = json.loads(lock.read_text())
    lock.write_text(json.dumps({**contents, "numpy": "1.0"}))
    assert command("--check-lock", str(lock)) == 0
    assert ", and was 1.0" in capsys.readouterr().out
    wrong = {**contents, "functions": {"f": 1}}
    for damaged in ({**contents, "format": 9}, {"format": 1}, [], wrong):
        lock.write_text(json.dumps(damaged))
        assert command("--check-lock", str(lock)) == 2


STOPPED = """
from funcgrad.testing import check_derivatives

@check_derivatives(order=1)
def first(x):
    return 2 * x

@check_derivatives
def second(x):
    raise KeyboardInterrupt

@check_derivatives
def third(x):
    return x
"""


def test_an_interrupt_keeps_what_is_done(folder, capsys):
    (folder / "stopped.py").write_text(STOPPED)
    lock, report = folder / "derivatives.lock", folder / "report.json"
    lock.write_text("as it was")
    arguments = ["--lock", str(lock), "--json", str(report), "--html", str(folder / "r.html")]
    assert command("stopped", *arguments) == 130
    found = json.loads(report.read_text())
    assert [f["name"] for f in found["functions"]] == ["stopped:first"]
    assert (found["interrupted"], found["status"]) == (True, 130)
    why = "the command was interrupted"
    assert found["unchecked"] == [
        {"name": f"stopped:{name}", "reason": why} for name in ("second", "third")
    ]
    assert lock.read_text() == "as it was"
    assert "(interrupted)" in capsys.readouterr().out
    assert "(interrupted)" in (folder / "r.html").read_text()


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="alarms that interrupt Python")
def test_a_function_that_hangs_is_stopped(folder, capsys):
    (folder / "slow.py").write_text(
        "import time\ndef f(x):\n    while True: time.sleep(0.01)\ndef g(x): return x\n"
    )
    start = time.monotonic()
    assert command("slow:f", "slow:g", "--timeout", "3", "--order", "1") == 1
    assert time.monotonic() - start < 30
    out, _ = capsys.readouterr()
    assert "ERROR slow:f\n  stopped after 3 s" in out
    assert "2 functions: 1 passed, 1 with errors" in out


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="alarms that interrupt Python")
def test_an_alarm_in_a_finalizer_stops_what_comes_after_it():
    class Slow:
        def __del__(self):
            start = time.monotonic()
            while time.monotonic() - start < 0.1:
                pass

    def hangs():
        Slow()
        while True:
            time.sleep(0.001)

    with pytest.raises(running.TimedOut), running.time_limit(0.02):
        hangs()


def test_files_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "report"
    files.write(path, "before")

    def fails(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="the disk is full"):
        files.write(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_seed_gives_the_same_points(folder, capsys):
    (folder / "watched.py").write_text(
        "import numpy as np\nseen = []\n"
        "def f(x):\n    if isinstance(x, np.ndarray): seen.append(x.tolist())\n    return x * 2\n"
    )

    def points(seed):
        assert command("watched:f", "--seed", seed, "--order", "1") == 0
        seen = sys.modules["watched"].seen
        taken, seen[:] = list(seen), []
        return taken

    assert points("1") == points("1") != points("2")


def test_progress_is_a_bar_on_a_terminal(capsys, monkeypatch):
    pytest.importorskip("rich")
    from funcgrad.testing.command.terminal import progress

    class Terminal:
        written = ""

        def isatty(self):
            return True

        def write(self, text):
            self.written += text

        def flush(self):
            pass

    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    with progress(2, terminal) as show:
        show("models:[f]", None)
        show("models:[f]", running.Result("models:[f]", "", "", "", None, "pass", 0.1))
    assert "models:[f]" in terminal.written
    assert "1/2" in terminal.written


def test_python_runs_it_as_a_module(folder):
    environment = {**os.environ, "PYTHONPATH": ROOT}
    run = subprocess.run(
        [sys.executable, "-m", "funcgrad.testing", "models.right:sine", "--profile", "quick"],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "models.right:sine  1      fwd    5       pass" in run.stdout


def test_without_hypothesis_it_says_what_to_install():
    code = (
        "import runpy, sys; sys.modules['hypothesis'] = None; sys.argv = ['x', 'models']; "
        "runpy.run_module('funcgrad.testing', run_name='__main__')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert run.returncode == 2
    assert run.stderr.startswith("funcgrad.testing: funcgrad.testing.strategies needs hypothesis")
    assert "pip install 'funcgrad[testing]'" in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
def test_reports_do_not_replace_links_and_devices(tmp_path):
    target = tmp_path / "target.json"
    link = tmp_path / "link.json"
    link.symlink_to(target)
    files.write(link, "text")
    assert link.is_symlink()
    assert target.read_text() == "text"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CommandError, match="not a regular file"):
        files.check_writable(pipe, "--json")


HALVED = """
import numpy as np
import funcgrad as fg

@fg.custom_vjp
def halved(x):
    return np.sin(x)

halved.defvjp(lambda x: (np.sin(x), x), lambda x, ct: (ct * np.cos(x) / 2,))
"""


@pytest.mark.parametrize("name", ["random.py", "my-file.py"])
def test_programs_of_files_that_cannot_be_imported_by_name_run(name, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / name).write_text(HALVED)
    environment = {**os.environ, "PYTHONPATH": ROOT}

    def run(*arguments):
        return subprocess.run([sys.executable, *arguments], capture_output=True, text=True,
                              cwd=tmp_path, env=environment, check=False)  # fmt: skip

    found = run("-m", "funcgrad.testing", f"files/{name}", "--profile", "quick").stdout
    lines = found.partition("this program repeats it:")[2].strip().splitlines()
    program = "\n".join(lines[: next(i for i, x in enumerate(lines) if "seed=" in x) + 1])
    assert "GradientCheckError" in run("-c", program).stderr


@pytest.mark.parametrize(
    "change", [{"order": "two"}, {"seed": -1}, {"profile": "nope"}, {"modes": ["up"]}]
)
def test_a_lock_file_edited_by_hand_is_refused(change, tmp_path):
    entry = {"order": 2, "modes": ["fwd"], "profile": "ci", "seed": 0, "domain": "", "shapes": "",
             "verdict": "pass", "source": "0"}  # fmt: skip
    contents = {"format": 1, **lock.versions(), "targets": ["m"], "functions": {"m:f": entry}}
    path = tmp_path / "d.lock"
    path.write_text(json.dumps(contents))
    assert lock.read_lock(path).targets == ["m"]
    path.write_text(json.dumps({**contents, "functions": {"m:f": {**entry, **change}}}))
    with pytest.raises(CommandError, match="is not a lock file"):
        lock.read_lock(path)
