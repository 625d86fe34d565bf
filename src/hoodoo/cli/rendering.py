"""A run on whatever it is shown on: a terminal, a pipe, a reader of JSON; and the log file beside it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import msgspec.structs

from hoodoo.journal import events, journal, plain

if TYPE_CHECKING:
    from hoodoo.cli import live


@contextlib.contextmanager
def rendered(opened: journal.Journal, *, form: str, logfile: str, lasting: bool = True) -> Generator[None]:
    """Show events as JSON lines, as a live list on a terminal, else as plain lines; write the log file.

    Args:
        lasting: Whether somebody can go on with the run and read its log later, and so is told how.
    """
    with contextlib.ExitStack() as stack:
        logs: tuple[str, ...] = ('',) if lasting else ()
        if logfile:
            file = stack.enter_context(contextlib.closing(_LogFile(logfile)))
            opened.listen(file.write)
            logs = (logfile,) if file.opened and lasting else logs
        if form == 'json':
            opened.listen(lambda record: click.echo(events.encode(record)))
        elif sys.stdout.isatty() and (screen := _live(logs)) is not None:
            opened.listen(_hearer(stack.enter_context(screen), lasting))
        else:
            lines = plain.Plain(logs)

            def show(record: events.Record) -> None:
                for line in lines.lines(record):
                    click.echo(line)

            opened.listen(_hearer(show, lasting))
        yield


def _hearer(listener: journal.Listener, lasting: bool) -> journal.Listener:
    """*listener*, which hears of no way to go on with a run that does not last."""

    def hear(record: events.Record) -> None:
        if isinstance(record.event, events.RunEnded):
            record = msgspec.structs.replace(record, event=msgspec.structs.replace(record.event, again=()))
        listener(record)

    return listener if lasting else hear


class _LogFile:
    """The plain output, appended to a file; that it cannot be written is no reason to end a run."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines = plain.Plain((name,))
        self._file: IO[str] | None = None
        try:
            # Others may follow it, as the umask says: there are no secrets in it. Each line is one write to
            # the end of the file, so that lines of several runs stay whole.
            self._file = Path(name).open('a', buffering=1)  # noqa: SIM115 - it stays open until close()
        except OSError as err:
            self._warn(err)

    @property
    def opened(self) -> bool:
        """Whether it can be written."""
        return self._file is not None

    def write(self, record: events.Record) -> None:
        """Append the lines of one event."""
        if self._file is None:
            return
        try:
            for line in self._lines.lines(record):
                self._file.write(f'{line}\n')
        except OSError as err:
            self._warn(err)
            self.close()

    def close(self) -> None:
        """Finish writing."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def _warn(self, err: OSError) -> None:
        said = f'WARNING cannot write the log file {self._name} (MOJO_LOGFILE): {err.strerror or err}'
        click.echo(said, err=True)


def _live(logs: tuple[str, ...]) -> live.Live | None:
    """The live list; None on a terminal that cannot move its cursor."""
    from rich import console

    from hoodoo.cli import live

    screen = console.Console()
    return None if screen.is_dumb_terminal else live.Live(screen, logs=logs)
