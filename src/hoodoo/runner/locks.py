"""One run at a time in an environment: a lock on its workspace, another on its model; both end with us."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Generator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from bedrock import alive, errors, files

_DYING_S = 5.0
"""How long a program may be about to start when the process that starts it is gone."""
_LOOK_S = 0.005
_LONGEST = 4096


class BusyFault(errors.Fault):
    """Another run works on the environment; nothing was changed."""


@dataclass(slots=True, kw_only=True)
class Lock:
    """A lock that we hold; it says to others who does."""

    file: FileIO

    def sign(self, run: int) -> None:
        """Say which run holds it."""
        self.write(json.dumps(_facts() | {'run': run}))

    def write(self, text: str) -> None:
        """Have the file say *text* alone, for others to read; where the disk is full, nothing."""
        self.file.truncate(0)
        with contextlib.suppress(OSError):
            os.pwrite(self.file.fileno(), text.encode(), 0)


def workspace_lock(folder: Path) -> Path:
    """The file that stands for a workspace."""
    return folder / '.lock'


def model_lock(root: Path, uuid: str) -> Path:
    """The file that stands for a model, whatever workspaces are used with it."""
    return root / '.locks' / hashlib.sha256(uuid.encode()).hexdigest()[:32]


@contextlib.contextmanager
def held(path: Path, what: str) -> Generator[Lock]:
    """Hold the lock file at *path*, which stands for *what*.

    A process that was killed may leave a program that it was about to start. Nobody could tell yet whose that
    is, but it has the lock until it is a program, which is waited for.

    Raises:
        BusyFault: another process holds it.
    """
    files.make_private_folder(path.parent)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_locked(path, what))
        while not _is_at(file, path):
            # Who held it has removed it: another one stands for it by now.
            stack.close()
            file = stack.enter_context(_locked(path, what))
        lock = Lock(file=file)
        lock.write(json.dumps(_facts()))
        try:
            yield lock
        finally:
            lock.write('')
            # Closing it would leave it with a program that another thread is about to start.
            fcntl.flock(file, fcntl.LOCK_UN)


def _locked(path: Path, what: str) -> FileIO:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        files.give_to_owner(path)
    file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), 'r+')
    deadline = time.monotonic() + _DYING_S
    while True:
        try:
            # A flock belongs to the open file, which no program inherits: it goes when this process does.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = os.pread(file.fileno(), _LONGEST, 0)
            if not _is_dead(said) or time.monotonic() > deadline:
                file.close()
                raise _refused(what, said) from None
            time.sleep(_LOOK_S)
        else:
            return file


def _is_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _facts() -> dict[str, int | str]:
    return {'pid': os.getpid(), 'process': alive.me(), 'since_ms': time.time_ns() // 1_000_000}


def _is_dead(said: bytes) -> bool:
    """Whether whoever has signed the lock is gone."""
    try:
        return not alive.lives(str(json.loads(said)['process']))
    except (ValueError, KeyError, TypeError):
        return False  # it is about to sign, or about to end


def _refused(what: str, said: bytes) -> BusyFault:
    try:
        facts = json.loads(said)
        run, pid, since_ms = int(facts['run']), int(facts['pid']), int(facts['since_ms'])
    except (ValueError, KeyError, TypeError):
        return BusyFault(
            f'cannot run in {what}: another run is in it', hint='"hoodoo runs --outcome running" shows it.'
        )
    since = datetime.datetime.fromtimestamp(since_ms / 1000).astimezone()
    return BusyFault(
        f'cannot run in {what}: run {run} is in it, since {since:%H:%M:%S}, process {pid}',
        hint=f'"hoodoo log {run} --follow" shows it, "hoodoo cancel {run}" ends it.',
    )
