"""The report as one HTML file that needs no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from .lock import versions
from .running import Result
from .summary import Summary
from .terminal import HEAD, row

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; }
pre { background: #f5f5f5; padding: .8rem; font-size: 14px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
h2, li, p, td:first-child { overflow-wrap: anywhere; }
.table { overflow-x: auto; }
summary { cursor: pointer; }
@media (max-width: 40rem) {
  body { margin: 1rem auto; font-size: 15px; } th, td { padding-right: .5rem; }
  :is(th, td):nth-child(3), :is(th, td):nth-child(6) { display: none; }
}
section { border-left: 4px solid #b00020; padding-left: 1rem; margin: 1.5rem 0; }
.pass { color: #1b6e2c; } .fail, .error { color: #b00020; font-weight: 600; }
.inconclusive { color: #8a5a00; font-weight: 600; } .small { color: #555; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #161616; } pre { background: #242424; }
  th, td { border-color: #3a3a3a; } .pass { color: #6fcf83; } .small { color: #aaa; }
  .fail, .error { color: #ff7a85; } .inconclusive { color: #e0b050; }
}
"""


ORDER = ("fail", "error", "inconclusive", "pass")
"""Verdicts from what matters most."""


def html_text(summary: Summary) -> str:
    """The report as HTML."""
    results = sorted(summary.results, key=lambda r: ORDER.index(r.verdict))
    known = ", ".join(f"{name} {version}" for name, version in versions().items())
    about = f"profile {summary.profile}, seed {summary.seed}, {known}"
    body = [
        "<h1>Derivative checks</h1>",
        f"<p>{escape(' '.join(summary.targets))}</p>",
        f"<p><strong>{escape(summary.line())}</strong></p>",
        f'<p class="small">{escape(about)}</p>',
        *(result_table(results) if results else []),
        *(line for r in results if r.verdict != "pass" for line in section(r)),
        *left_out(summary.results),
        *items("Not checked", (f"{name}: {why}" for name, why in summary.unchecked)),
    ]
    if summary.comparison is not None:
        lock = summary.comparison
        body += items(f"Differences from {lock.path}", lock.differences)
        body += items(f"Notes on {lock.path}", lock.notes)
    head = '<meta charset="utf-8">'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>Derivative checks</title><style>{STYLE}</style>"
    inside = "\n".join(body)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n'
        f"<body>\n{inside}\n</body>\n</html>\n"
    )


def result_table(results: Sequence[Result]) -> list[str]:
    """The results, a row for each."""
    head = "".join(f'<th scope="col">{name}</th>' for name in HEAD)
    lines = [f'<div class="table"><table><thead><tr>{head}</tr></thead>', "<tbody>"]
    for result in results:
        cells = [f"<td>{escape(text)}</td>" for text in row(result)]
        verdict = HEAD.index("verdict")
        cells[verdict] = f'<td class="{result.verdict}">{escape(result.verdict)}</td>'
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return [*lines, "</tbody></table></div>"]


def section(result: Result) -> list[str]:
    """The fault of one function."""
    lines = [f'<section><h2><span class="{result.verdict}">{escape(result.verdict)}</span> ']
    lines[0] += f"{escape(result.name)}</h2>"
    lines.append(f'<p class="small">{escape(result.place)}</p>')
    lines.append(f"<pre>{escape(result.message)}</pre>")
    if result.code:
        code = f"<pre>{escape(result.code.rstrip())}</pre>"
        lines.append(f"<details open><summary>Source</summary>{code}</details>")
    if result.example:
        lines.append(f"<p>This program repeats it:</p><pre>{escape(result.example)}</pre>")
    return [*lines, "</section>"]


def left_out(results: Iterable[Result]) -> list[str]:
    """The laws that were left out."""
    return items(
        "Left out",
        (f"{r.name}: {law}: {reason}" for r in results for law, reason in r.left_out.items()),
    )


def items(title: str, texts: Iterable[str]) -> list[str]:
    """A list with a title; nothing without texts."""
    lines = [f"<li>{escape(text)}</li>" for text in texts]
    return [f"<h2>{escape(title)}</h2>", "<ul>", *lines, "</ul>"] if lines else []
