"""What happens during a run, as data. The journal keeps it as JSON; renderers read the same objects."""

from __future__ import annotations

import msgspec


class RunStarted(msgspec.Struct, frozen=True, kw_only=True, tag='run-started'):
    """A run begins; all its lines were found to be fine."""

    run: int
    spec: str
    stage: str
    project: str
    workspace: str
    series: str
    manifest: str
    phases: tuple[str, ...]
    """Their titles, in order."""


class ModelReady(msgspec.Struct, frozen=True, kw_only=True, tag='model-ready'):
    """The Juju model that the run works on is there."""

    model: str


class PhaseStarted(msgspec.Struct, frozen=True, kw_only=True, tag='phase-started'):
    """The phase with this index begins."""

    phase: int
    title: str


class Note(msgspec.Struct, frozen=True, kw_only=True, tag='note'):
    """Something that a phase, or the run itself (-1), says."""

    phase: int
    text: str


class Line(msgspec.Struct, frozen=True, kw_only=True, tag='line'):
    """One line that a program of the spec printed."""

    phase: int
    text: str
    stream: str


class Step(msgspec.Struct, frozen=True, kw_only=True, tag='step'):
    """A change to the model is started, done or failed."""

    phase: int
    text: str
    state: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True, tag='waiting'):
    """What a phase waits for now; empty when for nothing more."""

    phase: int
    reasons: tuple[str, ...]


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag='progress'):
    """A state of the moment; not kept."""

    phase: int
    text: str


class PhaseEnded(msgspec.Struct, frozen=True, kw_only=True, tag='phase-ended'):
    """The phase is done, failed, cancelled, or skipped because a stop-on before it ended the run."""

    phase: int
    title: str
    outcome: str
    seconds: float
    summary: str = ''
    changes: int = 0


class RunEnded(msgspec.Struct, frozen=True, kw_only=True, tag='run-ended'):
    """The run is done, failed or cancelled."""

    run: int
    outcome: str
    seconds: float
    changes: int = 0
    error: str = ''


Event = (
    RunStarted | ModelReady | PhaseStarted | Note | Line | Step | Waiting | Progress | PhaseEnded | RunEnded
)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An event, when it happened and its place in its run."""

    seq: int
    at_ms: int
    """UTC."""
    event: Event


def encode(event: Event | Record) -> bytes:
    """JSON on one line."""
    return msgspec.json.encode(event)


def decode(text: str) -> Event:
    """Read back what `encode` wrote."""
    return msgspec.json.decode(text, type=Event)
