"""What an adopted spec needs under LOCAL, where no version control sees it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterable
from pathlib import Path

from bedrock import errors
from hoodoo.projects import localsecrets


def places(root: Path, projects: Iterable[str], stage: str, name: str) -> tuple[Path, ...]:
    """Where the file *name* belongs, for each of *projects*."""
    return tuple(localsecrets.folder(root, project, stage) / name for project in dict.fromkeys(projects))


def check(files: Iterable[Path], text: str) -> None:
    """See that none of *files* is there with anything but *text*.

    Raises:
        UsageFault: one is; what an operator keeps there is not replaced.
    """
    for file in files:
        if os.path.lexists(file) and not (file.is_file() and file.read_bytes() == text.encode()):
            raise errors.UsageFault(
                f'cannot write the secrets: {file} is there already, and holds something else',
                hint='Move it away, or remove it when nothing needs it any more.',
            )


@contextlib.contextmanager
def foreseen(scratch: Path, projects: Iterable[str], stage: str, name: str, text: str) -> Generator[Path]:
    """A root below *scratch* whose LOCAL is as if *text*, unless it is empty, were in its place already.

    The text is in memory of ours alone: whatever is left behind, when we are killed, holds none of it.
    """
    root = scratch / 'root'
    root.mkdir()
    with os.fdopen(os.memfd_create('secrets'), 'w') as memory:
        memory.write(text)
        memory.flush()
        for place in places(root, projects, stage, name) if text else ():
            place.parent.mkdir(parents=True)
            place.symlink_to(f'/proc/{os.getpid()}/fd/{memory.fileno()}')
        yield root
