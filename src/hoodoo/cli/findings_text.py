"""Findings for a person, each under the line that it is about; and as workflow commands of GitHub."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click

from hoodoo import wording
from hoodoo.ci.reports import github as workflow
from hoodoo.ci.reports import report
from hoodoo.review import findings

_COLOURS = {findings.ERROR: 'red', findings.WARNING: 'yellow'}
_NAMED_STAGES = 3
_NARROWEST, _WIDEST = 20, 100
_MARGIN = 5
"""Columns next to a line number."""
# A key of a mapping and what follows it: `password: hunter2`, `- name: x`.
_ENTRY = re.compile(r'(?P<key>[\w."\'{}$-][^:=]*?["\']?:)\s+(?P<value>\S.*)')


def text(
    found: Sequence[findings.Finding],
    *,
    stages: int = 1,
    mask: Callable[[str], str] = str,
    columns: int = 110,
) -> Iterator[str]:
    """Yield the lines of a listing, with colours that a plain output drops.

    Args:
        stages: How many were checked; a finding names its own where it is not one of all.
        mask: Takes secrets out of the lines that findings are about.
        columns: How wide the listing may be; lines of files are cut to fit.
    """
    files: dict[str, list[str]] = {}
    for finding in found:
        problem = finding.problem
        kind = click.style(f'{finding.severity}:', fg=_COLOURS[finding.severity], bold=True)
        where = f'{click.style(problem.where, bold=True)}: ' if problem.where else ''
        yield f'{where}{kind} {problem.message}{_of(finding, stages)}'
        if problem.file not in files:
            files[problem.file] = _lines(problem.file)
        margin = ' ' * len(str(problem.line)) if problem.line else ' '
        yield from _excerpt(finding, files[problem.file], mask, columns - len(margin) - _MARGIN)
        if problem.hint:
            yield f'  {margin} {click.style("=", fg="cyan")} {problem.hint}'


def summary(found: Sequence[findings.Finding], *, manifests: int, stages: int) -> str:
    """One line at the end of a listing."""
    wrong = len(findings.errors_of(found))
    counts = [wording.counted(wrong, 'error')] if wrong else []
    if len(found) > wrong:
        counts.append(wording.counted(len(found) - wrong, 'warning'))
    where = wording.counted(manifests, 'manifest')
    if stages > 1:
        where += f' of {wording.counted(stages, "stage")}'
    return f'{" and ".join(counts)} in {where}' if counts else f'no problem found in {where}'


def github(found: Iterable[findings.Finding]) -> Iterator[str]:
    """Yield workflow commands that annotate the files of a pull request."""
    for finding in found:
        problem = finding.problem
        place = report.Place(file=problem.file, line=problem.line, column=problem.column)
        message = ' '.join(filter(None, (problem.message, f'({problem.hint})' if problem.hint else '')))
        yield workflow.command(finding.severity, message, place)


def _of(finding: findings.Finding, stages: int) -> str:
    own = [stage for stage in finding.stages if stage]
    told = len(own) == 1 and f'/{own[0]}/' in finding.problem.file
    if not own or stages == 1 or len(own) == stages or told:
        return ''
    shown = ', '.join(own[:_NAMED_STAGES])
    more = len(own) - _NAMED_STAGES
    listed = f'{shown} and {more} more' if more > 0 else shown
    return click.style(f' [{listed}]', dim=True)


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(errors='replace').split('\n') if file else []
    except (OSError, ValueError):
        return []


def _excerpt(
    finding: findings.Finding, lines: list[str], mask: Callable[[str], str], columns: int
) -> Iterator[str]:
    """The line that *finding* is about, and marks below what it names."""
    problem = finding.problem
    if not 1 <= problem.line <= len(lines):
        return
    line = lines[problem.line - 1].rstrip('\r')
    if mask(line) != line:
        return  # its place is told; what it is about may be the secret itself
    start = max(problem.column - 1, 0) if problem.column else len(line) - len(line.lstrip())
    end = start + _length(line, start)
    line = _without_value(line, start)
    width = max(_NARROWEST, min(columns, _WIDEST))
    # A long line is cut so that what is marked stays in sight.
    left = max(0, min(start - width // 2, len(line) - width))
    shown = wording.as_left(line[left : left + width].replace('\t', ' '))
    bar = click.style('|', fg='cyan')
    number = str(problem.line)
    yield f'  {click.style(number, fg="cyan")} {bar} {shown}'
    if problem.column:
        length = max(1, min(end, left + width, len(line)) - start)
        marks = click.style('^' * length, fg=_COLOURS[finding.severity])
        yield f'  {" " * len(number)} {bar} {" " * (start - left)}{marks}'


def _length(line: str, start: int) -> int:
    """How long the word at *start* is; a quoted value is one word, of ``key: value`` it is the key."""
    entry = _ENTRY.match(line, start)
    if entry is not None:
        return entry.end('key') - 1 - start
    found = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+|["']""").match(line, start)
    word = found[0] if found else line[start : start + 1]
    return max(1, len(word.rstrip(':')))


def _without_value(line: str, start: int) -> str:
    """*line* less the value of the key at *start*: a mistaken key may well have a secret for its value."""
    entry = _ENTRY.match(line, start)
    return f'{line[: entry.start("value")]}...' if entry is not None else line
