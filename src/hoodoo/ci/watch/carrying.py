"""One revision is tried by a program of its own, so that whatever happens to that one happens to it alone."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import secrets
import signal
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bedrock import alive, errors, files, process, trees
from hoodoo.ci import attempts, marks
from hoodoo.ci.watch import config, deciding, history, keeping

OUTPUT = 'output.log'
"""What the program of an attempt printed, beside its reports."""

_GATE = ('sh', '-c', 'read -r go && exec "$0" "$@" </dev/null')
"""Begins a program once it is told to. Until then we may be killed, and nothing was begun."""
_LAST_BYTES = 4096
_REAP_S = 1800.0


@dataclass(slots=True, kw_only=True)
class Carrier:
    """Tries revisions, several at once."""

    program: Sequence[str]
    """What ``hoodoo`` is here."""
    environ: Mapping[str, str]
    folder: Path
    """Gets a folder of reports for each attempt."""
    history: history.History
    now_ms: Callable[[], int]
    _handles: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """Handles of the processes at work with their numbers, by the numbers of their revisions."""
    _adopted: set[int] = field(default_factory=set[int])
    stopping: bool = False

    async def carry(
        self, revision: history.Revision, repository: config.Repository, spec: config.Spec
    ) -> deciding.Judgement:
        """Try *revision* and return what becomes of it; that is not noted yet.

        Raises:
            Fault: the program cannot be started.
        """
        # Of no other try: what is known of an attempt is found by it.
        reports = self.folder / keeping.name(revision.id, secrets.token_hex(4))
        files.make_private_folder(reports)
        self.history.begin(revision.id, reports=str(reports), now_ms=self.now_ms())
        words = (*self.program, *_words(repository, spec, revision.commit_id), '--reports', str(reports))
        number = os.open(reports / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            child = await process.start(
                [*_GATE, *words],
                env={**self.environ, **dict(spec.env)},
                stdin=asyncio.subprocess.PIPE,
                stdout=number,
                stderr=number,
            )
        finally:
            os.close(number)
        with self._handle(revision.id, child.pid):
            # Its number and the moment of its start stay the same when the gate becomes the program.
            owner = dataclasses.replace(marks.me(), process=alive.token(child.pid))
            self.history.own(revision.id, str(owner))
            assert child.stdin is not None, 'it was asked for'
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if not self.stopping:
                    child.stdin.write(b'go\n')
                    await child.stdin.drain()
                child.stdin.close()
            status = await child.wait()
        if revision.verdict == attempts.UNTRIED and self.history.past.drop_untried(revision.reports):
            # Of tries that had nothing to try it on only the last one says something.
            await asyncio.to_thread(trees.remove, Path(revision.reports))
        return self._judged(revision.id, status)

    async def adopt(self, revision: history.Revision) -> deciding.Judgement:
        """Wait for a program that an earlier watcher started, if it still runs, as `carry` does."""
        owner = marks.Owner.parse(revision.owner)
        mine = marks.me()
        if owner is not None and (owner.boot, owner.space) == (mine.boot, mine.space):
            number = alive.number(owner.process)
            self._adopted.add(revision.id)
            # The number may be somebody else's by now: first the handle, then the look.
            with self._handle(revision.id, number) as handle:
                if handle is not None and alive.lives(owner.process):
                    await _ended(handle)
        return self._judged(revision.id, None)

    async def reap(self, *numbers: int) -> str:
        """Remove what the attempts of these numbers left; returns why not."""
        words = (*self.program, 'ci', 'reap', *map(str, numbers))
        try:
            done = await process.arun(words, env=dict(self.environ), timeout_s=_REAP_S, check=False)
        except errors.Fault as err:
            return err.message
        return '' if done.returncode == 0 else (done.stderr or done.stdout).strip().rpartition('\n')[2]

    def stop(self) -> None:
        """Ask the programs that an earlier watcher started to end; those that are our children hear it so."""
        self.stopping = True
        for number in self._adopted & self._handles.keys():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handles[number][0], signal.SIGTERM)

    def kill(self) -> None:
        """Kill every program at work, and its group. What it leaves, the next watcher sees to."""
        self.stopping = True
        for handle, pid in self._handles.values():
            with contextlib.suppress(ProcessLookupError):
                # A process that we have a handle of keeps its number while it is our child, or runs.
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                os.killpg(pid, signal.SIGKILL)

    def why(self, revision: history.Revision) -> str:
        """The last line that its program printed."""
        try:
            with Path(revision.reports, OUTPUT).open('rb') as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES))
                return file.read().decode(errors='replace').strip().rpartition('\n')[2]
        except OSError:
            return ''

    def _judged(self, number: int, status: int | None) -> deciding.Judgement:
        revision = self.history.get(number)
        assert revision is not None, 'it was begun'
        attempt = self.history.attempt(revision.reports)
        verdict = attempt.verdict if attempt else ''
        if not revision.owner:
            return deciding.Judgement(step=deciding.Step.BACK)
        return deciding.judged(verdict, status=status, stopping=self.stopping, tries=revision.tries)

    @contextlib.contextmanager
    def _handle(self, revision: int, pid: int) -> Generator[int | None]:
        """Let `stop` reach the process meanwhile; gives its handle, None when it is gone."""
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            yield None
            return
        self._handles[revision] = (handle, pid)
        try:
            yield handle
        finally:
            del self._handles[revision]
            os.close(handle)


def _words(repository: config.Repository, spec: config.Spec, commit: str) -> list[str]:
    url = repository.url
    # What has no scheme is a place of ssh; a file is one of git, whatever else a directory may be.
    named = f'git+{url}' if url.startswith('file://') else url
    words = ['ci', 'run', f'{named}@{commit}', '--timeout', f'{spec.timeout_s:g}']
    for option, value in (
        ('--path', spec.path),
        ('--stage', spec.stage),
        ('--controller', spec.controller),
        ('--cloud', spec.cloud),
    ):
        words += [option, value] if value else []
    return words


async def _ended(handle: int) -> None:
    """Wait until a process that is not our child ends: its handle becomes readable."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(handle, lambda: ended.done() or ended.set_result(None))
    try:
        await ended
    finally:
        loop.remove_reader(handle)
