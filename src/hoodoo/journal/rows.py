"""Runs as the journal has them, and which of them are meant."""

from __future__ import annotations

from dataclasses import dataclass

RUNNING = 'running'
INTERRUPTED = 'interrupted'
"""The process of the run died without a word."""
DONE = 'done'
FAILED = 'failed'
OUTCOMES = (RUNNING, DONE, FAILED, 'cancelled', INTERRUPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A run that is about to begin."""

    spec: str
    stage: str
    project: str
    workspace: str
    series: str
    manifest: str
    request: str = ''
    """All that is needed to go on with it, as its runner wrote it."""
    line: str = ''
    """The one manifest line that it is about; empty when it is about a manifest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as the journal has it."""

    id: int
    spec: str
    stage: str
    project: str
    workspace: str
    series: str
    manifest: str
    model: str
    model_uuid: str
    request: str
    line: str
    started_ms: int
    ended_ms: int | None
    outcome: str
    """running, done, failed, cancelled, or interrupted when its process died."""
    changes: int
    error: str
    process: str
    """Which process runs or ran it, as `bedrock.alive` tells them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which runs are meant; an empty text means any."""

    stage: str = ''
    project: str = ''
    workspace: str = ''
    series: str = ''
    model: str = ''
    """With its controller or without."""
    model_uuid: str = ''
    outcome: str = ''

    def where(self) -> tuple[str, list[str]]:
        """As an SQL condition and its values."""
        terms: list[str] = ['1']
        values: list[str] = []
        for column in ('stage', 'project', 'workspace', 'series', 'model_uuid', 'outcome'):
            if value := str(getattr(self, column)):
                terms.append(f'{column} = ?')
                values.append(value)
        if self.model:
            terms.append("(model = ? OR substr(model, instr(model, ':') + 1) = ?)")
            values += [self.model, self.model]
        return ' AND '.join(terms), values
