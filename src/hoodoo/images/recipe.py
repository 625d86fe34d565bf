"""A recipe: ``recipe.yaml`` of a folder, with what it extends and the channel that was chosen.

Lists of a recipe that extends another, or of a channel, come after those of the other; maps are merged; all
else replaces. Pure, but for `load`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock import errors, yamltext
from bedrock.errors import Problem

FILE = 'recipe.yaml'
_NAME = re.compile(r'[a-z0-9][a-z0-9._-]{0,63}')
_PACKAGE = re.compile(r'[a-z0-9][a-z0-9+.-]+')
_DIGEST = re.compile(r'[0-9a-f]{64}')
_MOST_EXTENDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A package whose files are taken and whose scripts do not run."""

    package: str
    release: str
    """The release of the distribution that has it; default: the base's."""
    only: tuple[str, ...] = ()
    """Patterns of paths; empty: all."""
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """An archive of upstream, tar or zip."""

    url: str
    sha256: str
    path: str
    """Where its content goes."""
    strip: int = 0
    """How many leading folders of its names are left out."""
    version: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that is made."""

    path: str
    mode: int
    owner: int
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user, with a group of the same name and number."""

    name: str
    number: int
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A program of the image that must end well before the image counts as good."""

    name: str
    command: tuple[str, ...]
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that is wanted."""

    folder: Path
    """Of the recipe that was asked for; its lock is there."""
    name: str
    channel: str
    channels: tuple[str, ...]
    summary: str
    distribution: str
    release: str
    packages: tuple[str, ...]
    purge: tuple[str, ...]
    """Packages that others need only while they are installed, taken away at the end."""
    unpack: tuple[Unpacked, ...]
    tarballs: tuple[Tarball, ...]
    files: tuple[Path, ...]
    """Folders that are laid over the root as they are."""
    remove: tuple[str, ...]
    """Patterns of paths."""
    links: Mapping[str, str]
    """Path -> where the symbolic link leads."""
    folders: tuple[Folder, ...]
    users: tuple[User, ...]
    user: str
    environment: Mapping[str, str]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    ports: tuple[str, ...]
    volumes: tuple[str, ...]
    labels: Mapping[str, str]
    """``{NAME}`` in a value is the version of the package or tarball NAME."""
    code: tuple[str, ...]
    """Paths that nobody but root may own or write to."""
    dangling: tuple[str, ...]
    """Patterns of links that may lead nowhere in the image."""
    checks: tuple[Check, ...]

    @property
    def lock_file(self) -> Path:
        """Where its lock is."""
        return self.folder / (f'lock.{self.channel}.json' if self.channels else 'lock.json')


def load(folder: Path, channel: str = '') -> Recipe:
    """Read the recipe of *folder* for *channel*, by default its ``default_channel``.

    Raises:
        UsageFault: there is none, or not all of it can be understood.
    """
    merged = _with_extended(folder.absolute(), _MOST_EXTENDS)
    channels = _map(merged.pop('channels', None))
    channel = channel or str(merged.pop('default_channel', '') or next(iter(channels), ''))
    merged.pop('default_channel', None)
    if channel and channel not in channels:
        known = ', '.join(channels) or 'none'
        raise errors.UsageFault(f'cannot build channel "{channel}" of {folder}', hint=f'There is: {known}.')
    if channel:
        merged = merge(merged, _map(channels[channel]))
    return read(merged, folder.absolute(), channel=channel, channels=tuple(channels))


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """*above* on top of *below*."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = merge(cast('dict[str, Any]', old), cast('dict[str, Any]', value))
        elif isinstance(old, list) and isinstance(value, list):
            merged[key] = [*cast('list[Any]', old), *cast('list[Any]', value)]
        else:
            merged[key] = value
    return merged


def _with_extended(folder: Path, left: int) -> dict[str, Any]:
    path = folder / FILE
    try:
        found = yamltext.load(path.read_text())
    except OSError as err:
        raise errors.UsageFault(
            f'cannot read the recipe {path}: {err.strerror}', hint=f'Name a folder that holds {FILE}.'
        ) from None
    except Exception as err:
        if type(err).__module__.partition('.')[0] != 'yaml':
            raise
        raise errors.UsageFault(f'cannot read the recipe {path}: it is not YAML', where=str(path)) from err
    if not isinstance(found, dict):
        raise errors.UsageFault(f'cannot read the recipe {path}: it is no map')
    own = cast('dict[str, Any]', found)
    # Of which recipe a folder of files is, is forgotten when they are merged.
    if isinstance(own.get('files'), list):
        own['files'] = [str(folder / str(name)) for name in own['files']]
    extends = own.pop('extends', None)
    if extends is None:
        return own
    if left == 0:
        raise errors.UsageFault(f'cannot read the recipe {path}: too many extend each other')
    return merge(_with_extended((folder / str(extends)).resolve(), left - 1), own)


def read(merged: Mapping[str, Any], folder: Path, *, channel: str, channels: Sequence[str]) -> Recipe:
    """Understand a merged recipe.

    Raises:
        Problems: all that cannot be understood.
    """
    reader = _Reader(merged, str(folder / FILE))
    base = reader.section('base', ('distribution', 'release', 'variant'))
    release = base.text('release', 'trixie')
    if base.text('variant', 'slim') != 'slim':
        base.problem('variant', 'is "slim": only essential packages and what is named')
    recipe = Recipe(
        folder=folder,
        name=reader.text('name', folder.name, pattern=_NAME),
        channel=channel,
        channels=tuple(channels),
        summary=reader.text('summary', ''),
        distribution=base.text('distribution', 'debian'),
        release=release,
        packages=tuple(dict.fromkeys(reader.texts('packages', pattern=_PACKAGE))),
        purge=reader.texts('purge', pattern=_PACKAGE),
        unpack=tuple(
            Unpacked(
                package=one.text('package', pattern=_PACKAGE),
                release=one.text('release', release),
                only=one.texts('only'),
                without=one.texts('without'),
            )
            for one in reader.sections('unpack', ('package', 'release', 'only', 'without'))
        ),
        tarballs=tuple(
            Tarball(
                url=one.text('url'),
                sha256=one.text('sha256', pattern=_DIGEST),
                path=one.path('path'),
                strip=one.number('strip', 0),
                version=one.text('version', ''),
            )
            for one in reader.sections('tarballs', ('url', 'sha256', 'path', 'strip', 'version'))
        ),
        files=tuple(Path(name) for name in reader.texts('files')),
        remove=reader.texts('remove'),
        links=reader.map('links'),
        folders=tuple(_folder(one) for one in reader.sections('folders', ('path', 'mode', 'owner', 'group'))),
        users=tuple(
            User(
                name=one.text('name', pattern=_NAME),
                number=one.number('number', 0),
                home=one.text('home', '/nonexistent'),
            )
            for one in reader.sections('users', ('name', 'number', 'home'))
        ),
        user=reader.text('user', ''),
        environment=reader.map('environment'),
        entrypoint=reader.texts('entrypoint'),
        command=reader.texts('command'),
        ports=reader.texts('ports'),
        volumes=reader.texts('volumes'),
        labels=reader.map('labels'),
        code=reader.texts('code'),
        dangling=reader.texts('dangling'),
        checks=tuple(
            Check(name=one.text('name'), command=one.texts('command'), user=one.text('user', ''))
            for one in reader.sections('checks', ('name', 'command', 'user'))
        ),
    )
    reader.finish()
    return recipe


class _Reader:
    """One map of the recipe: what is taken of it is known, the rest is a problem."""

    def __init__(
        self, found: Mapping[str, Any], file: str, above: str = '', problems: list[Problem] | None = None
    ) -> None:
        self._left = dict(found)
        self._file, self._above = file, above
        self._problems = problems if problems is not None else []

    def problem(self, key: str, text: str) -> None:
        """Note what is wrong at *key*."""
        self._problems.append(Problem(file=self._file, message=f'"{self._above}{key}" {text}'))

    def text(self, key: str, default: str | None = None, *, pattern: re.Pattern[str] | None = None) -> str:
        """A text or a number, as a text."""
        value = self._left.pop(key, default)
        if value is None or isinstance(value, dict | list):
            self.problem(key, 'is missing' if value is None else 'is not a text')
            return ''
        if pattern is not None and not pattern.fullmatch(str(value)):
            self.problem(key, f'is not what it should be: "{value}"')
        return str(value)

    def path(self, key: str) -> str:
        """An absolute path."""
        found = self.text(key)
        if found and (not found.startswith('/') or '..' in found.split('/')):
            self.problem(key, f'is no absolute path: "{found}"')
        return found

    def number(self, key: str, default: int) -> int:
        """A number that is not negative."""
        value = self._left.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.problem(key, f'is no number: "{value}"')
            return default
        return value

    def mode(self, key: str) -> int:
        """Permissions, written as chmod has them: a text, or what YAML makes of it."""
        value = self._left.pop(key, '0755')
        digits = format(value, 'o') if isinstance(value, int) else str(value)
        if not re.fullmatch(r'0?[0-7]{3,4}', digits):
            self.problem(key, f'is no mode such as "0750": "{value}"')
            return 0o755
        return int(digits, 8)

    def texts(self, key: str, *, pattern: re.Pattern[str] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        value: object = self._left.pop(key, None)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.problem(key, 'is not a list')
            return ()
        found = tuple(str(one) for one in cast('list[Any]', value))
        for one in found:
            if pattern is not None and not pattern.fullmatch(one):
                self.problem(key, f'holds "{one}", which is no name')
        return found

    def map(self, key: str) -> dict[str, str]:
        """A map of texts."""
        value: object = self._left.pop(key, None)
        if value is not None and not isinstance(value, dict):
            self.problem(key, 'is not a map')
            return {}
        return {str(name): str(one) for name, one in _map(cast('object', value)).items()}

    def section(self, key: str, known: Sequence[str]) -> _Reader:
        """A map in this one."""
        value: object = self._left.pop(key, None)
        if value is not None and not isinstance(value, dict):
            self.problem(key, 'is not a map')
        return self._inner(_map(cast('object', value)), f'{key}.', known)

    def sections(self, key: str, known: Sequence[str]) -> list[_Reader]:
        """A list of maps."""
        value: object = self._left.pop(key, None) or []
        if not isinstance(value, list):
            self.problem(key, 'is not a list')
            return []
        readers: list[_Reader] = []
        for number, one in enumerate(cast('list[Any]', value)):
            if isinstance(one, dict):
                readers.append(self._inner(_map(cast('object', one)), f'{key}[{number}].', known))
            else:
                self.problem(f'{key}[{number}]', 'is not a map')
        return readers

    def _inner(self, found: Mapping[str, Any], above: str, known: Sequence[str]) -> _Reader:
        inner = _Reader(found, self._file, above, self._problems)
        for key in found:
            if key not in known:
                inner.problem(key, f'is unknown; there is {", ".join(known)}')
        return inner

    def finish(self) -> None:
        """Say what is wrong.

        Raises:
            Problems: anything is.
        """
        for key in self._left:
            self.problem(key, 'is unknown')
        if self._problems:
            raise errors.Problems(f'cannot read the recipe {self._file}', self._problems)


def _folder(one: _Reader) -> Folder:
    owner = one.number('owner', 0)
    return Folder(path=one.path('path'), mode=one.mode('mode'), owner=owner, group=one.number('group', owner))


def _map(value: object) -> dict[str, Any]:
    return cast('dict[str, Any]', value) if isinstance(value, dict) else {}
