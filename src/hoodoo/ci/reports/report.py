"""What an attempt came to, as every report has it."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

_COLOUR = re.compile('\x1b\\[[0-9;]*[A-Za-z]')
_UNFIT = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


class Outcome(enum.Enum):
    """How a case ended."""

    PASSED = 'passed'
    FAILED = 'failed'
    ERROR = 'error'
    """It could not be done, which says nothing of the spec: no controller was there, say."""
    SKIPPED = 'skipped'
    """It was not begun, or the run was done before it."""

    @property
    def bad(self) -> bool:
        """Whether somebody has to look at it."""
        return self in (Outcome.FAILED, Outcome.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a file of the spec, as a path in its repository."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that an attempt did."""

    suite: str
    name: str
    outcome: Outcome = Outcome.PASSED
    seconds: float = 0.0
    message: str = ''
    """Why it failed or was skipped, in one line; or what it came to."""
    detail: str = ''
    """All that is known of why."""
    output: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the check of the spec found."""

    severity: str
    """``error`` or ``warning``."""
    message: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing that was looked at to prove that a model is gone."""

    what: str
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One attempt."""

    number: int
    spec: str
    revision: str
    commit: str
    stage: str
    model: str
    """``controller:model``; empty when none was made."""
    verdict: str
    """As `hoodoo.ci.attempts` has it."""
    why: str = ''
    """Why it did not pass; one line."""
    began_ms: int
    seconds: float
    cases: tuple[Case, ...] = ()
    findings: tuple[Finding, ...] = ()
    changed: tuple[str, ...] = ()
    """What the second run changed."""
    proof: tuple[Seen, ...] = ()
    folder: str
    """Where the reports are."""
    artifacts: tuple[str, ...] = ()
    """Files below that, which explain a failure."""
    notes: tuple[str, ...] = ()
    exit_code: int = 1

    @property
    def suites(self) -> Mapping[str, tuple[Case, ...]]:
        """The cases by their suites, in order."""
        found: dict[str, tuple[Case, ...]] = {}
        for case in self.cases:
            found[case.suite] = (*found.get(case.suite, ()), case)
        return found


def first_line(text: str) -> str:
    """The first line of an error's text, without the word that begins it."""
    return text.partition('\n')[0].removeprefix('ERROR ')


def fit(text: str) -> str:
    """*text* without colours and without what XML cannot hold, escaped or not."""
    return _UNFIT.sub('', _COLOUR.sub('', text))
