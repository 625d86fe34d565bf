"""A database beside the inventory: all environments, words to find them by, what was last seen of them.

The environments in it are a copy: whatever is wrong with the file, it is made anew from the inventory. What
was seen of environments is kept by their names and outlives every rebuild; of a file that cannot be read it
is lost, and the next look at the environments brings it back.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from bedrock import errors, store
from hoodoo.inventory import indexfile, marks, rows
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.finding import Hit
from hoodoo.inventory.state import State

T = TypeVar('T')

_UNKNOWN = State()
_ATTEMPTS = 5
_FRESH_NS = 50_000_000
"""A file may change twice within a tick of the file system's clock and look the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What `Index.sync` found."""

    folder: Path
    environments: int
    rebuilt: bool
    """Whether this call read the files."""
    problems: errors.UsageFault | None = None
    """Why the files could not be read; what is shown then is as they were before."""


class Index:
    """The database. Several processes and threads may have it open."""

    def __init__(
        self,
        path: Path,
        *,
        load: Callable[[Path], Sequence[Environment]] | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Open *path*; a file that is no index of ours is replaced.

        Args:
            load: How an inventory is read; default `hoodoo.inventory.reading.load`.
        """
        self._path = path
        self._load = load
        self._now_ns = now_ns
        self._store = indexfile.opened(path)
        self._mending = threading.Lock()
        self._folder: Path | None = None
        self._searched: tuple[int, rows.Search] | None = None

    def close(self) -> None:
        """Finish writing; may be called twice."""
        self._store.close()

    def sync(self, folder: Path, *, lenient: bool = False) -> Inventory:
        """Have the index hold what the files of *folder* say, and look at it from now on.

        Args:
            lenient: Go on with what the files said before when they have problems now.

        Raises:
            Problems: the inventory has problems. UsageFault: there is none. The index stays as it was.
        """
        self._folder = folder.absolute()
        key = str(self._folder)
        seen = marks.of(self._folder)
        had = self._do(lambda db: rows.inventory(db, key))
        if had is not None and had.mark == seen.mark and self._folder.is_dir():
            return Inventory(folder=self._folder, environments=had.environments, rebuilt=False)
        try:
            seen, environments = self._read(self._folder)
        except errors.UsageFault as err:
            if not lenient or had is None or not had.environments:
                raise
            return Inventory(folder=self._folder, environments=had.environments, rebuilt=False, problems=err)
        self._do(lambda db: rows.rebuild(db, key, seen.mark, environments), writes=True)
        return Inventory(folder=self._folder, environments=len(environments), rebuilt=True)

    def environments(self) -> tuple[Environment, ...]:
        """All of them, by name."""
        return self._do(lambda db: rows.environments(db, self._key()))

    def get(self, name: str) -> Environment | None:
        """The one of exactly that name."""
        return self._do(lambda db: rows.environment(db, self._key(), name))

    def names(self, limit: int = -1) -> tuple[str, ...]:
        """Names of all environments, or of the first *limit*, in order."""
        return self._do(lambda db: rows.names(db, self._key(), limit))

    def find(self, text: str, limit: int = 20) -> list[Hit]:
        """The environments that *text* may mean, the likeliest first."""
        return self._do(lambda db: self._search(db).find(db, text, limit))

    def guesses(self, text: str) -> tuple[str, ...]:
        """What might be meant by a text that finds nothing: other texts, which do."""
        return self._do(lambda db: self._search(db).guesses(db, text))

    def state(self, name: str) -> State:
        """What was seen last of the environment of that name."""
        return self._do(lambda db: rows.state(db, name)) or _UNKNOWN

    def states(self) -> Mapping[str, State]:
        """What was seen last, of all of which something was seen, by name."""
        return self._do(rows.states)

    def keep(self, name: str, state: State) -> None:
        """Note what was seen of the environment of that name, in place of what was seen before."""
        self._do(lambda db: rows.keep(db, {name: state}), writes=True)

    def keep_all(self, states: Mapping[str, State]) -> None:
        """`keep` for many at once, in one transaction."""
        self._do(lambda db: rows.keep(db, states), writes=True)

    def change(self, name: str, change: Callable[[State], State]) -> State:
        """Replace what was seen by what *change* makes of it, whoever else writes at the time."""

        def work(db: sqlite3.Connection) -> State:
            changed = change(rows.state(db, name) or _UNKNOWN)
            rows.keep(db, {name: changed})
            return changed

        return self._do(work, writes=True)

    def _read(self, folder: Path) -> tuple[marks.Seen, Sequence[Environment]]:
        """The environments, with the mark that the files had before and after they were read."""
        load = self._load
        if load is None:
            from hoodoo.inventory import reading  # with YAML: most commands find the index as it should be

            load = reading.load
        for _ in range(_ATTEMPTS):
            started = self._now_ns()
            before = marks.of(folder)
            environments = load(folder)
            after = marks.of(folder)
            if before.mark == after.mark:
                if started - after.newest_ns < _FRESH_NS:
                    return marks.Seen(mark='', newest_ns=after.newest_ns), environments
                return after, environments
        # Somebody writes all the time; what is read last is as good as any, and read again the next time.
        return marks.Seen(mark='', newest_ns=0), load(folder)

    def _search(self, db: sqlite3.Connection) -> rows.Search:
        had = rows.inventory(db, self._key())
        number = had.number if had is not None else 0
        if self._searched is None or self._searched[0] != number:
            self._searched = (number, rows.Search(db, number))
        return self._searched[1]

    def _key(self) -> str:
        assert self._folder is not None, 'sync() comes first'
        return str(self._folder)

    def _do(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = False) -> T:
        """Run *work*; where the file turns out to be damaged, once more on a new one."""
        used = self._store
        try:
            return used.write_now(work) if writes else used.read_now(work)
        except sqlite3.OperationalError:
            raise  # the disk is full, or somebody writes for too long
        except sqlite3.DatabaseError as err:
            self._mend(used, str(err))
        except msgspec.DecodeError:
            used.write_now(rows.distrust)  # another version of this program wrote it
        if self._folder is not None:
            self.sync(self._folder, lenient=True)
        return self._store.write_now(work) if writes else self._store.read_now(work)

    def _mend(self, used: store.Store, because: str) -> None:
        with self._mending:
            if self._store is used:  # else another thread did
                used.close()
                self._store = indexfile.replaced(self._path, because)
                self._searched = None


@contextlib.contextmanager
def opened(path: Path, folder: Path, *, lenient: bool = False) -> Generator[tuple[Index, Inventory]]:
    """The index at *path*, holding what the files of *folder* say; closed at the end."""
    index = Index(path)
    try:
        yield index, index.sync(folder, lenient=lenient)
    finally:
        index.close()
