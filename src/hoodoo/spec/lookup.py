"""Where a phase's file is found: in the stage's directory, then in each parent up to the spec's root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bedrock import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecView:
    """A spec's files as one stage sees them."""

    root: Path
    stage: str = ''

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
        return next((folder / name for folder in self.folders() if (folder / name).is_file()), None)

    def get(self, name: str) -> Path:
        """`find` that insists.

        Raises:
            UsageFault: there is no such file; the message lists where it was sought.
        """
        found = self.find(name)
        if found is None:
            raise errors.UsageFault(
                f'cannot find file "{name}" of the spec', hint=f'Looked in {self.searched()}.'
            )
        return found

    def searched(self) -> str:
        """The searched directories, for messages."""
        return ', '.join(self.shown(folder) + '/' for folder in self.folders())

    def shown(self, path: Path) -> str:
        """*path* as messages show it: from the spec's directory name on."""
        if path.is_relative_to(self.root):
            return str(self.root.name / path.relative_to(self.root))
        return str(path)

    def stages(self) -> tuple[str, ...]:
        """Directories directly under the root that hold files, for messages about a wrong stage."""
        return tuple(sorted(p.name for p in self.root.iterdir() if p.is_dir() and not p.name.startswith('.')))


def check_stage(view: SpecView) -> None:
    """Refuse a stage that leads out of the spec or has no directory though the spec has others.

    Raises:
        UsageFault: see above.
    """
    stage = PurePosixPath(view.stage)
    if stage.is_absolute() or '..' in stage.parts:
        raise errors.UsageFault(
            f'cannot use stage "{view.stage}": it leads out of the spec', hint='Name a path below the spec.'
        )


def is_executable(path: Path) -> bool:
    """Whether the file may be run as a program."""
    return os.access(path, os.X_OK)
