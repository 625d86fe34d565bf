"""Workflow commands of GitHub, which annotate the files of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from hoodoo.ci.reports import report


def github(told: report.Report) -> Iterator[str]:
    """A line for each finding of the check and for each case that did not end well."""
    for finding in told.findings:
        yield command(finding.severity, finding.message, finding.place)
    for case in told.cases:
        if case.outcome.bad and not (case.name == 'check' and told.findings):
            title = f'{told.spec}: {case.suite}, {case.name}'
            yield command('error', case.detail or case.message, case.place, title=title)


def command(severity: str, message: str, place: report.Place | None = None, *, title: str = '') -> str:
    """One command; *severity* is ``error`` or ``warning``."""
    known = {'file': place.file, 'line': place.line, 'col': place.column} if place else {}
    properties = ','.join(
        f'{key}={_escaped(str(value), ":,")}' for key, value in {**known, 'title': title}.items() if value
    )
    return f'::{severity} {properties}'.rstrip() + f'::{_escaped(report.fit(message))}'


def _escaped(word: str, more: str = '') -> str:
    """*word* without the characters that end a workflow command or, of *more*, one of its properties."""
    for char in ('%', '\r', '\n', *more):
        word = word.replace(char, f'%{ord(char):02X}')
    return word
