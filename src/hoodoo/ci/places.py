"""Where on disk CI has its things: all of one attempt is in one folder, which goes with its model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bedrock import trees
from hoodoo import settings as settings_module
from hoodoo.ci import naming
from hoodoo.journal import journal
from hoodoo.projects import layout, removal
from hoodoo.runner import leftovers, resuming

_MAKING = 'HOODOO_CI'
"""The environment variable by which a program that makes a model is found when we were killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders of one attempt."""

    state: Path
    """`Settings.state`."""
    token: str

    @property
    def folder(self) -> Path:
        """All that the attempt needs."""
        return self.state / 'ci' / self.token

    @property
    def source(self) -> Path:
        """The checkout of the revision."""
        return self.folder / 'source'

    @property
    def root(self) -> Path:
        """A Mojo root of its own: attempts side by side share no project, no workspace, no journal."""
        return self.folder / 'mojo'

    @property
    def journal(self) -> Path:
        """Its runs."""
        return self.root / 'journal.db'

    @property
    def lock(self) -> Path:
        """Held while the attempt runs, and while it is reaped."""
        return self.state / 'ci' / f'{self.token}.lock'

    @property
    def reports(self) -> Path:
        """Where its reports are, unless somebody names another place."""
        return reports(self.state) / self.token

    @property
    def mark(self) -> tuple[str, str]:
        """A variable for the environment of what makes the model."""
        return _MAKING, self.token

    def stop_programs(self) -> int:
        """Stop programs that the attempt left running; returns how many they were."""
        stopped = leftovers.stop_marked(['='.join(self.mark)])
        if not self.journal.is_file():
            return stopped
        opened = journal.Journal(self.journal)
        try:
            phases = [
                (run.id, phase)
                for run in opened.runs()
                for phase in range(len(resuming.past(opened.records(run.id)).titles))
            ]
        finally:
            opened.close()
        return stopped + leftovers.stop(self.root, phases)

    def remove(self) -> None:
        """Remove the folder, but for the lock and the reports.

        Raises:
            Fault: something is mounted in it, or it cannot be removed.
        """
        for project in list(layout.projects(self.root)):
            removal.project(project)
        trees.remove(self.folder)


def reports(state: Path) -> Path:
    """Has a folder for each attempt whose reports nobody named a place for."""
    return state / 'ci' / 'reports'


def watched(state: Path) -> Path:
    """Has a folder for each attempt that a watcher made."""
    return state / 'ci' / 'watched'


def known(state: Path) -> list[Places]:
    """Those of all attempts that have anything here, but for reports."""
    folder = state / 'ci'
    names = {path.name.removesuffix('.lock') for path in folder.iterdir()} if folder.is_dir() else set[str]()
    return [Places(state=state, token=name) for name in sorted(names) if naming.is_token(name)]


def private(settings: settings_module.Settings, root: Path) -> Path:
    """Make *root*, an attempt's own Mojo root, with the secrets that operators keep in the usual one."""
    root.mkdir(mode=0o700, parents=True)
    if (settings.root / layout.LOCAL).is_dir():
        (root / layout.LOCAL).symlink_to(settings.root / layout.LOCAL)
    return root
