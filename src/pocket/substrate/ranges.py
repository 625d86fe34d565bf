"""Which users of the host the users of a machine are: 65536 for each, that nobody else has.

They come from the numbers between those that systemd gives to containers and its foreign users, far above
what useradd gives to people as subordinate ones. One folder of the host has a link for each range that is
given out, to the machine's folder, so that homes do not meet; a link to a folder that is gone counts for
nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Collection, Generator, Iterable
from pathlib import Path

from bedrock import errors
from pocket.substrate.idmap import SIZE

FIRST, END = 0x70000000, 0x7FFE0000
"""The numbers that ranges are taken from: 1879048192 and up to 2147352575."""
FOLDER = Path('/var/lib/pocket-users')
_SUBORDINATE = ('/etc/subuid', '/etc/subgid')


def choose(name: str, *, taken: Collection[int], reserved: Iterable[range] = ()) -> int:
    """The first user of a range that is free: the one that *name* stands for, or the next.

    Args:
        taken: First users of ranges that are given out.
        reserved: Users that others may have.

    Raises:
        Fault: none is free.
    """
    foreign = tuple(reserved)
    count = (END - FIRST) // SIZE
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], 'big')
    for step in range(count):
        first = FIRST + (start + step) % count * SIZE
        if first not in taken and not any(_meet(range(first, first + SIZE), one) for one in foreign):
            return first
    raise errors.Fault(
        f'cannot give a machine users of its own: all {count} ranges are in use', hint='Remove machines.'
    )


def subordinate(text: str) -> tuple[range, ...]:
    """The ranges in a text like that of /etc/subuid; lines that are none are left out."""
    found: list[range] = []
    for line in text.splitlines():
        fields = line.split(':')
        with contextlib.suppress(ValueError, IndexError):
            found.append(range(int(fields[1]), int(fields[1]) + int(fields[2])))
    return tuple(found)


class Ranges:
    """What is given out on this host, to every home."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def claim(self, machine: Path) -> Generator[int]:
        """A range for the machine that is kept in *machine*; the folder has to be there at the end."""
        with self._alone():
            taken = self._given()
            own = next((first for first, folder in taken.items() if folder == machine), None)
            first = choose(str(machine), taken=taken, reserved=_reserved()) if own is None else own
            link = self._folder / str(first)
            if own is None:
                link.unlink(missing_ok=True)  # to a folder that is gone
                link.symlink_to(machine)
            yield first

    def release(self, machine: Path) -> None:
        """Take back what *machine*, or a machine below it, has; with the last one goes the folder."""
        if not self._folder.is_dir():
            return
        with contextlib.suppress(FileNotFoundError), self._alone():
            for link in self._folder.iterdir():
                target = Path(os.readlink(link))
                if target == machine or machine in target.parents or not target.is_dir():
                    link.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    def _given(self) -> dict[int, Path]:
        """The first user of each range that a machine has."""
        links = {int(link.name): Path(os.readlink(link)) for link in self._folder.iterdir()}
        return {first: folder for first, folder in links.items() if folder.is_dir()}

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        while True:
            self._folder.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                # Another home may just have removed the folder, with its last machine.
                if self._folder.is_dir() and os.path.samestat(os.fstat(fd), self._folder.stat()):
                    yield
                    return
            finally:
                os.close(fd)


def _reserved() -> tuple[range, ...]:
    found: list[range] = []
    for path in _SUBORDINATE:
        with contextlib.suppress(OSError):
            found.extend(subordinate(Path(path).read_text()))
    return tuple(found)


def _meet(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop
