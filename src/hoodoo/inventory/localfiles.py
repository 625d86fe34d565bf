"""What an adopted spec needs under LOCAL, where no version control sees it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

from bedrock import errors, files
from hoodoo.projects import localsecrets


def folders(root: Path, projects: Iterable[str], stage: str) -> tuple[Path, ...]:
    """The folder of *stage* under LOCAL, for each of *projects*."""
    return tuple(localsecrets.folder(root, project, stage) for project in dict.fromkeys(projects))


def check(folders: Iterable[Path], texts: Mapping[str, str]) -> None:
    """See that none of *texts*, by name, is in any of *folders* with anything else.

    Raises:
        UsageFault: one is; what an operator keeps there is not replaced.
    """
    for folder in folders:
        for name, text in texts.items():
            file = folder / name
            if os.path.lexists(file) and not (file.is_file() and file.read_bytes() == text.encode()):
                raise errors.UsageFault(
                    f'cannot write the secrets: {file} is there already, and holds something else',
                    hint='Move it away, or remove it when nothing needs it any more.',
                )


def write(folders: Iterable[Path], texts: Mapping[str, str]) -> None:
    """Write *texts*, by name, into each of *folders*, for their owner alone."""
    for folder in folders:
        for name, text in texts.items():
            files.write_private(folder / name, text)


@contextlib.contextmanager
def foreseen(scratch: Path, projects: Iterable[str], stage: str, name: str, text: str) -> Generator[Path]:
    """A root below *scratch* whose LOCAL is as if *text*, unless it is empty, were there already as *name*.

    The text is in memory of ours alone: whatever is left behind, when we are killed, holds none of it.
    """
    root = scratch / 'root'
    root.mkdir()
    with os.fdopen(os.memfd_create('secrets'), 'w') as memory:
        memory.write(text)
        memory.flush()
        for folder in folders(root, projects, stage) if text else ():
            folder.mkdir(parents=True)
            (folder / name).symlink_to(f'/proc/{os.getpid()}/fd/{memory.fileno()}')
        yield root
