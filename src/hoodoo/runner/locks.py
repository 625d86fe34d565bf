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
from pathlib import Path
from typing import TextIO

from bedrock import errors, files


class BusyFault(errors.Fault):
    """Another run works on the environment; nothing was changed."""


@dataclass(slots=True, kw_only=True)
class Lock:
    """A lock that we hold; it says to others who does."""

    file: TextIO

    def sign(self, run: int) -> None:
        """Say which run holds it."""
        facts = {'run': run, 'pid': os.getpid(), 'since_ms': time.time_ns() // 1_000_000}
        self.file.seek(0)
        self.file.truncate()
        self.file.write(json.dumps(facts))
        self.file.flush()


def workspace_lock(folder: Path) -> Path:
    """The file that stands for a workspace."""
    return folder / '.lock'


def model_lock(root: Path, uuid: str) -> Path:
    """The file that stands for a model, whatever workspaces are used with it."""
    return root / '.locks' / hashlib.sha256(uuid.encode()).hexdigest()[:32]


@contextlib.contextmanager
def held(path: Path, what: str) -> Generator[Lock]:
    """Hold the lock file at *path*, which stands for *what*.

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
        file.truncate()
        try:
            yield lock
        finally:
            file.seek(0)
            file.truncate()


def _locked(path: Path, what: str) -> TextIO:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        files.give_to_owner(path)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), 'r+')
    try:
        # A flock belongs to the open file, which no child inherits: it goes when this process does.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        said = file.read()
        file.close()
        raise _refused(what, said) from None
    return file


def _is_at(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _refused(what: str, said: str) -> BusyFault:
    try:
        facts = json.loads(said)
        run, pid, since_ms = int(facts['run']), int(facts['pid']), int(facts['since_ms'])
    except (ValueError, KeyError, TypeError):
        # It is about to sign, or about to end.
        return BusyFault(
            f'cannot run in {what}: another run is in it', hint='"hoodoo runs --outcome running" shows it.'
        )
    since = datetime.datetime.fromtimestamp(since_ms / 1000).astimezone()
    return BusyFault(
        f'cannot run in {what}: run {run} is in it, since {since:%H:%M:%S}, process {pid}',
        hint=f'"hoodoo log {run} --follow" shows it, "hoodoo cancel {run}" ends it.',
    )
