"""A summary in Markdown, for a page of a build or a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hoodoo import wording
from hoodoo.ci.reports import report

_SIGNS = {
    report.Outcome.PASSED: 'passed',
    report.Outcome.FAILED: '**failed**',
    report.Outcome.ERROR: '**error**',
    report.Outcome.SKIPPED: 'not run',
}
_LONGEST = 60
"""Lines of one failure."""


def markdown(told: report.Report) -> str:
    """*told* as a page."""
    return report.fit('\n'.join(_lines(told))) + '\n'


def _lines(told: report.Report) -> Iterator[str]:
    revision = f' at {_code(told.revision)}' if told.revision else ''
    yield f'## {told.verdict}: {_code(told.spec)}{revision}'
    yield ''
    facts = [f'Attempt {told.number}', f'stage {_code(told.stage)}' if told.stage else '']
    facts += [f'commit {_code(told.commit)}' if told.commit else '', f'{told.seconds:.1f} s']
    facts += [f'model {_code(told.model)}' if told.model else '']
    yield f'{", ".join(filter(None, facts))}.'
    if told.why:
        yield from ('', _text(told.why))
    yield ''
    yield from ('| part | phase | outcome | seconds | |', '|---|---|---|---:|---|')
    for case in told.cases:
        cells = (case.suite, case.name, _SIGNS[case.outcome], f'{case.seconds:.1f}', case.message)
        yield f'| {" | ".join(map(_cell, cells))} |'
    yield from _failures(told.cases)
    if told.findings:
        yield from ('', '### Findings of the check', '')
        yield from (f'- {_finding(finding)}' for finding in told.findings)
    yield from _listed('What the second run changed', told.changed)
    yield from _listed('Proof that nothing is left', [_seen(seen) for seen in told.proof])
    yield from _listed('Kept for whoever looks into it', [_code(name) for name in told.artifacts])
    yield from _listed('Notes', told.notes)


def _failures(cases: Sequence[report.Case]) -> Iterator[str]:
    for case in cases:
        if not case.outcome.bad or not (case.detail or case.output):
            continue
        lines = [*case.output, *case.detail.splitlines()]
        shown = lines[-_LONGEST:]
        yield from ('', f'### {_text(case.suite)}: {_text(case.name)}', '')
        if len(lines) > len(shown):
            yield f'The last {wording.counted(len(shown), "line")} of {len(lines)}:'
            yield ''
        fence = '`' * max(3, 1 + max((_run(line) for line in shown), default=0))
        yield from (f'{fence}text', *shown, fence)


def _listed(title: str, entries: Sequence[str]) -> Iterator[str]:
    if entries:
        yield from ('', f'### {title}', '')
        yield from (f'- {entry}' for entry in entries)


def _finding(finding: report.Finding) -> str:
    place = finding.place
    where = f'{place.file}:{place.line}' if place and place.line else place.file if place else ''
    return f'{finding.severity}: {_code(where) + ": " if where else ""}{_text(finding.message)}'


def _seen(seen: report.Seen) -> str:
    return f'{seen.what}: {"gone" if seen.gone else "**STILL THERE**"}'


def _run(line: str) -> int:
    """How long the longest run of backticks in *line* is."""
    return max((len(run) for run in ''.join(c if c == '`' else ' ' for c in line).split()), default=0)


def _cell(text: str) -> str:
    return ' '.join(text.split()).replace('|', '\\|').replace('<', '&lt;')


def _text(text: str) -> str:
    return text.replace('<', '&lt;')


def _code(text: str) -> str:
    return f'`{text.replace("`", "")}`'
