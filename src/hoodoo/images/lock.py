"""The lock of a recipe: what exactly its image is made of. Pure, but for `load` and `save`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bedrock import errors, files
from hoodoo.images.recipe import Recipe

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Package:
    """One package of a distribution."""

    name: str
    version: str
    architecture: str
    sha256: str
    size: int
    release: str
    """Where it is from."""
    source: str = ''
    """The source package, with its version where that is another."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Suite:
    """One suite of an archive, as it was when the lock was made."""

    uri: str
    suite: str
    date: str
    sha256: str
    """Of its signed index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Everything that an image is made of, apart from the recipe's own files."""

    asked: str
    """What of the recipe it answers, see `asked`."""
    architecture: str
    epoch: int
    """The time of everything in the image, in seconds: that of the youngest suite."""
    suites: tuple[Suite, ...]
    packages: tuple[Package, ...]
    unpack: tuple[Package, ...]

    def versions(self) -> dict[str, str]:
        """The version of each package."""
        return {one.name: one.version for one in (*self.packages, *self.unpack)}


def asked(recipe: Recipe) -> str:
    """A digest of all that decides which packages are locked."""
    parts = (
        recipe.distribution,
        recipe.release,
        sorted(recipe.packages),
        sorted((one.package, one.release) for one in recipe.unpack),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def load(recipe: Recipe) -> Lock | None:
    """The lock of *recipe*; None where there is none.

    Raises:
        UsageFault: it cannot be read.
    """
    path = recipe.lock_file
    try:
        raw: Any = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as err:
        raise errors.UsageFault(f'cannot read the lock {path}', hint=_relock(recipe)) from err
    try:
        if raw['format'] != _FORMAT:
            raise errors.UsageFault(f'cannot read the lock {path}: it is of another version of hoodoo')
        return Lock(
            asked=str(raw['asked']),
            architecture=str(raw['architecture']),
            epoch=int(raw['epoch']),
            suites=tuple(Suite(**one) for one in raw['suites']),
            packages=tuple(Package(**one) for one in raw['packages']),
            unpack=tuple(Package(**one) for one in raw['unpack']),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise errors.UsageFault(f'cannot read the lock {path}', hint=_relock(recipe)) from err


def save(recipe: Recipe, lock: Lock) -> None:
    """Write the lock next to the recipe: one package a line, so that changes can be read."""
    files.write(recipe.lock_file, render(lock))


def render(lock: Lock) -> str:
    """The text of the lock's file."""
    parts = [
        f'"format": {_FORMAT}',
        *(f'"{key}": {json.dumps(getattr(lock, key))}' for key in ('asked', 'architecture', 'epoch')),
        *(
            f'"{key}": [\n{_rows(rows)}\n ]'
            for key, rows in (('suites', lock.suites), ('packages', lock.packages), ('unpack', lock.unpack))
        ),
    ]
    return '{\n ' + ',\n '.join(parts) + '\n}\n'


def _rows(rows: Sequence[Suite] | Sequence[Package]) -> str:
    return ',\n'.join(f'  {json.dumps(asdict(row))}' for row in rows)


def check(recipe: Recipe, lock: Lock, architecture: str) -> None:
    """Check that *lock* is one of *recipe* for this machine.

    Raises:
        UsageFault: it is of another.
    """
    if lock.asked != asked(recipe):
        raise errors.UsageFault(
            f'cannot build {recipe.name}: its recipe has changed since it was locked',
            where=str(recipe.lock_file),
            hint=_relock(recipe),
        )
    if lock.architecture != architecture:
        raise errors.UsageFault(
            f'cannot build {recipe.name}: its lock is for {lock.architecture}, this is {architecture}',
            where=str(recipe.lock_file),
            hint=_relock(recipe),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """In what two locks differ about one package."""

    name: str
    old: str
    """Empty: it is new."""
    new: str
    """Empty: it is gone."""

    def __str__(self) -> str:
        if not self.old:
            return f'+ {self.name} {self.new}'
        if not self.new:
            return f'- {self.name} {self.old}'
        return f'  {self.name} {self.old} -> {self.new}'


def changes(old: Lock | None, new: Lock) -> Iterator[Change]:
    """What is another package in *new*."""
    was, now = _contents(old), _contents(new)
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            yield Change(name=name, old=was.get(name, ('',))[0], new=now.get(name, ('',))[0])


def _contents(lock: Lock | None) -> Mapping[str, tuple[str, str]]:
    if lock is None:
        return {}
    return {one.name: (one.version, one.sha256) for one in (*lock.packages, *lock.unpack)}


def moved(recipe: Recipe, gone: Iterable[Change]) -> errors.Fault:
    """What to say when an archive no longer has what is locked."""
    rows = [
        f'{one.name} is now {one.new}, locked is {one.old}' if one.new else f'{one.name} {one.old} is gone'
        for one in gone
    ]
    text = ''.join(f'\n    {row}' for row in rows)
    return errors.Fault(
        f'cannot build {recipe.name} as it is locked: the archive has moved on{text}',
        where=str(recipe.lock_file),
        hint=_relock(recipe),
    )


def _relock(recipe: Recipe) -> str:
    channel = f' --channel {recipe.channel}' if recipe.channels else ''
    return f'Run "hoodoo image lock {recipe.folder}{channel}".'
