"""What an attempt has done so far, as cases of its report; and what is under way."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

from bedrock import errors
from hoodoo.ci.reports import report
from hoodoo.review import check, findings


@dataclass(slots=True)
class Record:
    """Its cases. One may be under way."""

    cases: list[report.Case] = field(default_factory=list[report.Case])
    _begun: tuple[str, str, float] | None = None
    """Suite, case and moment of what is under way."""

    @contextlib.contextmanager
    def case(self, suite: str, name: str, *, bad: report.Outcome = report.Outcome.FAILED) -> Generator[None]:
        """Add what the block does as a case, which an error ends as *bad*."""
        self.begin(suite, name)
        try:
            yield
        except errors.Fault as err:
            text = errors.render(err)
            # A controller that cannot be reached says nothing of a spec.
            outcome = report.Outcome.ERROR if isinstance(err, errors.UnreachableFault) else bad
            self._end(outcome, message=report.first_line(text), detail=text)
            raise
        self._end(report.Outcome.PASSED)

    def begin(self, suite: str, name: str) -> None:
        """Note what is under way."""
        self._begun = (suite, name, time.monotonic())

    def add(self, cases: Iterable[report.Case]) -> None:
        """Add *cases*, to which what was under way has come."""
        self._begun = None
        self.cases += cases

    def fail_what_began(self, why: str) -> None:
        """End the case that is under way, which an interrupt may have left so."""
        if self._begun is not None:
            self._end(report.Outcome.FAILED, message=why)

    def excuse(self, why: str) -> None:
        """What failed did so for a reason that is not the spec's, which is *why*."""
        self.cases = [
            dataclasses.replace(
                case,
                outcome=report.Outcome.ERROR,
                message=why,
                detail=f'{why}\n{case.detail or case.message}',
            )
            if case.outcome is report.Outcome.FAILED
            else case
            for case in self.cases
        ]

    def _end(self, outcome: report.Outcome, *, message: str = '', detail: str = '') -> None:
        assert self._begun is not None, 'it was begun'
        suite, name, began = self._begun
        seconds = time.monotonic() - began
        self.add(
            [
                report.Case(
                    suite=suite, name=name, outcome=outcome, seconds=seconds, message=message, detail=detail
                )
            ]
        )


def places(lines: Iterable[check.Line]) -> list[report.Place]:
    """Where the manifest has each of *lines*."""
    calls = [line.call for line in lines]
    return [report.Place(file=call.file, line=call.line, column=call.column) for call in calls]


def finding(found: findings.Finding) -> report.Finding:
    """What the check found, as a report has it."""
    problem = found.problem
    place = (
        report.Place(file=problem.file, line=problem.line, column=problem.column) if problem.file else None
    )
    message = ' '.join(filter(None, (problem.message, f'({problem.hint})' if problem.hint else '')))
    return report.Finding(severity=found.severity, message=message, place=place)
