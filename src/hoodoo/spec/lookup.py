"""Where a phase's file is found: in the stage's directory, then in each parent up to the spec's root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bedrock import errors
from hoodoo import wording


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecView:
    """A spec's files as one stage sees them."""

    root: Path
    stage: str = ''
    label: str = ''
    """How messages write the root: as whoever reads them would, so that they can be followed from where
    they stand. Empty means the whole path."""

    @property
    def stage_name(self) -> str:
        """The stage's last component."""
        return PurePosixPath(self.stage).name

    def folders(self) -> tuple[Path, ...]:
        """The directories that are searched, nearest first."""
        stage = PurePosixPath(self.stage)
        below = (self.root / part for part in (stage, *stage.parents) if str(part) != '.')
        return (*below, self.root)

    def find(self, name: str) -> Path | None:
        """The first file called *name*, which may hold subdirectories; None when there is none."""
        # os.path calls a name that is too long no file; Path raises.
        return next((folder / name for folder in self.folders() if os.path.isfile(folder / name)), None)

    def get(self, name: str) -> Path:
        """`find` that insists.

        Raises:
            UsageFault: there is no such file; the message lists where it was sought.
        """
        found = self.find(name)
        if found is None:
            raise errors.UsageFault(f'cannot find file "{name}" of the spec', hint=self.near(name))
        return found

    def near(self, name: str) -> str:
        """A hint about a file that is not there: what *name* may mean, and where it was sought."""
        folders = [folder for folder in self.folders() if folder.is_dir()]
        below = Path(name).parent
        files = {
            str(part / entry.name)
            for folder in folders
            for part in {Path(), below}
            if os.path.isdir(folder / part)
            for entry in (folder / part).iterdir()
            if entry.is_file()
        }
        sought = ', '.join(self.shown(folder) + '/' for folder in self.folders())
        return f'{wording.guess(name, sorted(files))} Looked in {sought}.'.strip()

    def shown(self, path: Path) -> str:
        """*path* as messages show it."""
        if self.label and path.is_relative_to(self.root):
            return str(self.label / path.relative_to(self.root))
        return str(path)


def is_executable(path: Path) -> bool:
    """Whether the file may be run as a program."""
    return os.access(path, os.X_OK)
