"""Projects and workspaces on disk: ``<root>/<project>/<series>/<workspace>/{spec,build,charms,local}``."""

from __future__ import annotations

import contextlib
import fcntl
import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bedrock import errors

COLLECT_INFO = 'codetree-collect-info.yaml'
"""In each collected directory: where its content came from. It is no part of that content."""

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._+-]*')
# Series are whatever people call them: noble, 24.04, ubuntu@24.04.
_SERIES = re.compile(r'[^\s/.\x00-\x1f-][^\s/\x00-\x1f]*')
MARK = '.project'
"""The file that makes a directory a project."""
_FACTS = '.workspace'
_LOCK = '.lock'
LOCAL = 'LOCAL'
"""The directory of the Mojo root in which operators keep secrets; no project."""

CONTAINERLESS = 'containerless'
NSPAWN = 'nspawn'
CONTAINER_CLASSES = (CONTAINERLESS, NSPAWN, 'lxc', 'lxd')
"""What a project may ask for; the last two are Mojo's and mean `NSPAWN`."""
_KEYS = ('container_class', 'container_root', 'project_root')


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A directory of workspaces for one series."""

    root: Path
    """The Mojo root."""
    name: str
    series: str
    asked_class: str = field(default='', compare=False)
    """The container class to write down when it is made; empty means none."""

    @property
    def path(self) -> Path:
        """``$MOJO_ROOT/<project>/<series>``."""
        return self.root / self.name / self.series

    @property
    def container_root(self) -> Path:
        """The root file system of the project's container (ROOTFS)."""
        return self.path / 'ROOTFS'

    def exists(self) -> bool:
        """Whether it was made."""
        return (self.path / MARK).is_file()

    def ensure(self) -> None:
        """Make its directory and its ``.project`` file unless they are there."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.exists():
            facts = {
                'container_class': self.asked_class or CONTAINERLESS,
                'container_root': str(self.path),
                'project_root': str(self.root / self.name),
            }
            (self.path / MARK).write_text(json.dumps(facts) + '\n')

    def facts(self) -> dict[str, Any]:
        """What its ``.project`` file says, which may be written by hand.

        Raises:
            UsageFault: it cannot be read, or lacks one of ``container_class``, ``container_root`` and
                ``project_root``.
        """
        file = self.path / MARK
        try:
            loaded: object = json.loads(file.read_bytes())
        except OSError as err:
            raise _unusable(file, str(err.strerror)) from None
        except ValueError as err:
            raise _unusable(file, f'it is not JSON: {err}') from None
        if not isinstance(loaded, dict):
            raise _unusable(file, 'it is not a JSON object')
        facts = cast('dict[str, Any]', loaded)
        missing = [key for key in _KEYS if not isinstance(facts.get(key), str)]
        if missing:
            raise _unusable(file, f'it does not say {", ".join(missing)}')
        return facts

    def container_class(self) -> str:
        """`CONTAINERLESS` or `NSPAWN`, as its ``.project`` file says, or will say when it is made.

        Raises:
            UsageFault: the file cannot be used, or names another class.
        """
        if not self.exists():
            return _container_kind(self.asked_class or CONTAINERLESS)
        named = str(self.facts()['container_class'])
        try:
            return _container_kind(named)
        except errors.UsageFault as err:
            raise _unusable(self.path / MARK, err.message) from None


def _container_kind(named: str) -> str:
    """`CONTAINERLESS` or `NSPAWN` for what a project asks for.

    Raises:
        UsageFault: there is no such class.
    """
    if named not in CONTAINER_CLASSES:
        raise errors.UsageFault(
            f'there is no container class "{named}"', hint=f'Classes: {", ".join(CONTAINER_CLASSES)}.'
        )
    return CONTAINERLESS if named == CONTAINERLESS else NSPAWN


def _unusable(file: Path, why: str) -> errors.UsageFault:
    return errors.UsageFault(
        f'cannot use {file}: {why}',
        hint=f'It must be a JSON object with {", ".join(_KEYS)}, where container_class is one of '
        f'{", ".join(CONTAINER_CLASSES)}. Removed, it is made anew by the next run.',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The directory in which one spec is assembled and run."""

    project: Project
    name: str

    @property
    def path(self) -> Path:
        """``$MOJO_ROOT/<project>/<series>/<workspace>``."""
        return self.project.path / self.name

    @property
    def spec(self) -> Path:
        """The writable copy of the spec (MOJO_SPEC_DIR)."""
        return self.path / 'spec'

    @property
    def build(self) -> Path:
        """Where collect puts things (MOJO_BUILD_DIR)."""
        return self.path / 'build'

    @property
    def repo(self) -> Path:
        """The charm repository (MOJO_REPO_DIR)."""
        return self.path / 'charms'

    @property
    def local(self) -> Path:
        """Secrets (MOJO_LOCAL_DIR)."""
        return self.path / 'local'

    def ensure(self, *, spec: str, stage: str) -> None:
        """Make its directories, its project's too, and note which spec and stage it is for."""
        self.project.ensure()
        for folder in (self.build, self.repo):
            folder.mkdir(parents=True, exist_ok=True)
        self.local.mkdir(mode=0o700, exist_ok=True)
        (self.path / _FACTS).write_text(json.dumps({'spec': spec, 'stage': stage}) + '\n')

    def facts(self) -> dict[str, str]:
        """``spec`` and ``stage`` as they were last used.

        Raises:
            OSError, ValueError, KeyError: nothing says; Mojo's own workspaces do not.
        """
        loaded: dict[str, str] = json.loads((self.path / _FACTS).read_bytes())
        return {key: loaded[key] for key in ('spec', 'stage')}

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Keep every other process from running in it until the block ends; the process's end ends it too.

        Raises:
            Fault: another run is in it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / _LOCK).open('a') as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise errors.Fault(
                    f'cannot use workspace {self.path}: a run is in it',
                    hint='Wait for it, or end it; "hoodoo runs" lists the runs.',
                ) from None
            yield


def projects(root: Path) -> Iterator[Project]:
    """Every project of every series under *root*, by name."""
    for mark in sorted(root.glob(f'*/*/{MARK}')):
        yield Project(root=root, name=mark.parent.parent.name, series=mark.parent.name)


def workspaces(project: Project) -> Iterator[Workspace]:
    """Every workspace of *project*, by name."""
    for folder in sorted(path for path in project.path.glob('[!.]*') if path != project.container_root):
        # Mojo's own leave no mark.
        if (folder / _FACTS).is_file() or (folder / 'spec').is_dir():
            yield Workspace(project=project, name=folder.name)


def check_name(kind: str, name: str) -> str:
    """Return *name* when it may name a directory.

    Raises:
        UsageFault: it is empty or holds other than letters, digits and ``._+-``; or is `LOCAL` for a project.
            A series may be any word without slashes that begins with neither a dot nor a hyphen.
    """
    if kind == 'series':
        if not _SERIES.fullmatch(name):
            raise errors.UsageFault(
                f'cannot use "{name}" as a series', hint='Use one word without slashes, such as noble.'
            )
    elif not _NAME.fullmatch(name):
        raise errors.UsageFault(
            f'cannot use "{name}" as the name of a {kind}',
            hint='Use letters, digits, dots, hyphens and underscores, and start with a letter or digit.',
        )
    elif kind == 'project' and name == LOCAL:
        raise errors.UsageFault(f'cannot use "{LOCAL}" as the name of a project: secrets are there')
    return name
