"""What a phase says, as events of its run."""

from __future__ import annotations

from dataclasses import dataclass, field

from hoodoo.journal import events, journal


@dataclass(frozen=True, slots=True)
class Teller:
    """Sends what one phase says to the journal; see `hoodoo.phases.base.Told`."""

    journal: journal.Journal
    run: int
    phase: int
    _done: list[str] = field(default_factory=list[str], init=False)

    @property
    def changes(self) -> int:
        """How many changes to the model were done so far."""
        return len(self._done)

    def step(self, text: str, state: str) -> None:
        """A change to the model: started, done or failed; called from several threads."""
        if state == 'done':
            self._done.append(text)
        self._emit(events.Step(phase=self.phase, text=text, state=state))

    def note(self, text: str) -> None:
        """Something worth a line."""
        self._emit(events.Note(phase=self.phase, text=text))

    def line(self, text: str, stream: str = 'stdout') -> None:
        """One line that a program printed."""
        self._emit(events.Line(phase=self.phase, text=text, stream=stream))

    def waiting(self, reasons: tuple[str, ...]) -> None:
        """What is waited for."""
        self._emit(events.Waiting(phase=self.phase, reasons=reasons))

    def progress(self, text: str) -> None:
        """A state of the moment."""
        self._emit(events.Progress(phase=self.phase, text=text))

    def _emit(self, event: events.Event) -> None:
        self.journal.emit(self.run, event)
