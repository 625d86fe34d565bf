"""What a check found: errors forbid a run, warnings do not; the same of several stages is one finding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bedrock import errors

ERROR = 'error'
WARNING = 'warning'


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem, how bad it is, and the stages that have it."""

    severity: str
    """`ERROR` or `WARNING`."""
    problem: errors.Problem
    stages: tuple[str, ...] = ()
    """In the order they were checked; the spec without a stage is an empty name."""

    def row(self) -> dict[str, Any]:
        """The finding for JSON and YAML."""
        problem = self.problem
        return {
            'severity': self.severity,
            'file': problem.file,
            'line': problem.line,
            'column': problem.column,
            'message': problem.message,
            'hint': problem.hint,
            'stages': list(self.stages),
        }


def merged(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """*found* by place, each once with the stages of all.

    The hint does not tell findings apart: it may name the directories of one stage.
    """
    kept: dict[tuple[Any, ...], Finding] = {}
    for finding in found:
        problem = finding.problem
        key = (problem.file, problem.line, problem.column, finding.severity, problem.message)
        before = kept.get(key)
        if before is not None:
            stages = tuple(dict.fromkeys((*before.stages, *finding.stages)))
            kept[key] = Finding(severity=before.severity, problem=before.problem, stages=stages)
        else:
            kept[key] = finding
    return tuple(kept[key] for key in sorted(kept))


def errors_of(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those of *found* that forbid a run."""
    return tuple(finding for finding in found if finding.severity == ERROR)
