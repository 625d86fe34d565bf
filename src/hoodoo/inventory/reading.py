"""An inventory: a folder of YAML, read whole.

``defaults.yaml`` of a folder holds for all files in it and below. Left out are names that begin with a dot,
folders called ``secrets`` or ``specs``, and specs and charms wherever they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from bedrock.errors import Problem
from hoodoo import wording
from hoodoo.inventory import documents, filling, matrix, schema
from hoodoo.inventory.environment import Environment

_LEFT_OUT = frozenset({'secrets', 'specs'})
_OTHERS = frozenset({'manifest', 'metadata.yaml', 'charmcraft.yaml'})
"""Who has one of these is a spec or a charm."""
_SUFFIXES = ('.yaml', '.yml')


@dataclass(frozen=True, slots=True)
class Entry:
    """An environment, and what was written of it."""

    environment: Environment
    draft: matrix.Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All that could be read, and all that is wrong."""

    folder: Path
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()

    def environments(self) -> tuple[Environment, ...]:
        """The environments, in the order of the files.

        Raises:
            Problems: something is wrong anywhere.
        """
        if self.problems:
            found = wording.counted(len(self.problems), 'problem')
            raise errors.Problems(f'cannot use the inventory {self.folder}: {found}', self.problems)
        return tuple(entry.environment for entry in self.entries)


def load(folder: Path) -> tuple[Environment, ...]:
    """Read the environments of the inventory *folder*.

    Raises:
        UsageFault: there is no such folder. Problems: anything in it is wrong; all of it.
    """
    return read(folder).environments()


def files(folder: Path) -> tuple[Path, ...]:
    """The files of the inventory *folder*, a folder's own before those below.

    Raises:
        UsageFault: there is no such folder.
    """
    if not folder.is_dir():
        raise errors.UsageFault(
            f'cannot find the inventory {folder}',
            hint='Name its folder with --inventory or HOODOO_INVENTORY; "hoodoo env add" makes it.',
        )
    return tuple(_files(folder))


def _files(folder: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in _LEFT_OUT and not one.startswith('.'))
        if Path(path) != folder and _OTHERS.intersection(names):
            folders.clear()
            continue
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith('.'):
                yield Path(path, name)


def read(folder: Path, *, instead: Mapping[Path, str | None] | None = None) -> Inventory:
    """Read what can be read of the inventory *folder*.

    Args:
        instead: Texts of files that are to be taken for written, there already or not; None for removed.

    Raises:
        UsageFault: there is no such folder.
    """
    given = instead or {}
    paths: Sequence[Path] = () if given and not folder.exists() else files(folder)
    problems: list[Problem] = []
    read_: dict[Path, documents.Table] = {}
    for path in sorted({*paths, *given}, key=lambda path: (path.parent, path.name)):
        if path in given and given[path] is None:
            continue
        table, found = _document(path, given.get(path))
        problems += found
        if table is not None:
            read_[path] = table
    drafts: list[matrix.Draft] = []
    for path, table in read_.items():
        if path.name != schema.DEFAULTS:
            made, found = matrix.drafts(table, path, _defaults(path, folder, read_))
            drafts += made
            problems += found
    entries: list[Entry] = []
    for draft in drafts:
        environment, found = filling.filled(draft, folder)
        problems += found
        if environment is not None:
            entries.append(Entry(environment, draft))
    problems += _same_names(entries)
    return Inventory(folder=folder, entries=tuple(entries), problems=tuple(sorted(dict.fromkeys(problems))))


def _document(path: Path, text: str | None) -> tuple[documents.Table | None, list[Problem]]:
    """The mapping of a file whose shape is right, and what is wrong with the file."""
    if text is None:
        try:
            if path.exists() and not path.is_file():  # a pipe would be waited for
                return None, [Problem(file=str(path), message='this is not a file')]
            text = path.read_text(encoding='utf-8')
        except OSError as err:
            return None, [Problem(file=str(path), message=f'cannot be read: {err.strerror}')]
        except ValueError:
            return None, [Problem(file=str(path), message='this is not text in UTF-8')]
    table, found = documents.parse(text, str(path))
    if table is None or found:
        return None, found
    found = schema.problems(table, str(path))
    return (None if found else table), found


def _defaults(path: Path, folder: Path, read_: dict[Path, documents.Table]) -> Sequence[matrix.Layer]:
    """The defaults that hold for the file *path*, the farthest first."""
    above = [one for one in reversed(path.parents) if one == folder or folder in one.parents]
    places = (one / schema.DEFAULTS for one in above)
    return [matrix.Layer(one, read_[one]) for one in places if one in read_]


def _same_names(entries: Sequence[Entry]) -> Iterator[Problem]:
    first: dict[str, Environment] = {}
    for entry in entries:
        environment = entry.environment
        other = first.setdefault(environment.name, environment)
        if other is not environment:
            place = environment.place
            hint = f'The other is at {other.place.file}:{other.place.line}; give one a "name".'
            message = f'there are two environments "{environment.name}"'
            yield Problem(file=str(place.file), line=place.line, message=message, hint=hint)
