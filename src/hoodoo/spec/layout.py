"""Projects and workspaces on disk: ``<root>/<project>/<series>/<workspace>/{spec,build,charms,local}``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._+-]*')
_MARK = '.project'
_FACTS = '.workspace'


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A directory of workspaces for one series."""

    root: Path
    """The Mojo root."""
    name: str
    series: str

    @property
    def path(self) -> Path:
        """``$MOJO_ROOT/<project>/<series>``."""
        return self.root / self.name / self.series

    def exists(self) -> bool:
        """Whether it was made."""
        return (self.path / _MARK).is_file()

    def ensure(self) -> None:
        """Make its directory and its ``.project`` file unless they are there."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.exists():
            facts = {
                'container_class': 'containerless',
                'container_root': str(self.path),
                'project_root': str(self.root / self.name),
            }
            (self.path / _MARK).write_text(json.dumps(facts) + '\n')


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
        """Make its directories and note which spec and stage it is for."""
        self.project.ensure()
        for folder in (self.build, self.repo):
            folder.mkdir(parents=True, exist_ok=True)
        self.local.mkdir(mode=0o700, exist_ok=True)
        (self.path / _FACTS).write_text(json.dumps({'spec': spec, 'stage': stage}) + '\n')

    def facts(self) -> dict[str, str]:
        """``spec`` and ``stage`` as they were last used."""
        loaded: dict[str, str] = json.loads((self.path / _FACTS).read_text())
        return loaded


def projects(root: Path) -> Iterator[Project]:
    """Every project of every series under *root*, by name."""
    for mark in sorted(root.glob(f'*/*/{_MARK}')):
        yield Project(root=root, name=mark.parent.parent.name, series=mark.parent.name)


def workspaces(project: Project) -> Iterator[Workspace]:
    """Every workspace of *project*, by name."""
    for mark in sorted(project.path.glob(f'*/{_FACTS}')):
        yield Workspace(project=project, name=mark.parent.name)


def check_name(kind: str, name: str) -> str:
    """Return *name* when it may name a directory.

    Raises:
        UsageFault: it is empty or holds other than letters, digits and ``._+-``.
    """
    if not _NAME.fullmatch(name):
        raise errors.UsageFault(
            f'cannot use "{name}" as the name of a {kind}',
            hint='Use letters, digits, dots, hyphens and underscores, and start with a letter or digit.',
        )
    return name
