"""Volumes of pods: folders apart from them, which outlive them. What is in one is the business of its pod."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folders:
    """The volumes of one home that are folders."""

    folder: Path

    def path(self, key: str) -> Path:
        """The folder that *key* names."""
        return self.folder / key

    def keys(self) -> frozenset[str]:
        """What there are folders of, one that was deleted by half included."""
        if not self.folder.is_dir():
            return frozenset()
        return frozenset(
            entry.name for entry in os.scandir(self.folder) if entry.is_dir(follow_symlinks=False)
        )

    def ensure(self, key: str, *, uid: int = 0, gid: int = 0) -> Path:
        """The folder that *key* names; made unless it is there, then for that user."""
        path = self.path(key)
        if not path.is_dir():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            part = self.folder / f'.{key}.new'
            part.mkdir(exist_ok=True)
            part.chmod(0o755)
            os.chown(part, uid, gid)
            part.rename(path)
        return path

    async def delete(self, key: str) -> None:
        """Delete the folder that *key* names, if there is one."""
        if self.path(key).is_dir():
            await asyncio.to_thread(shutil.rmtree, self.path(key))


def owner(key: str, mounted: Iterable[tuple[str, int, int]]) -> tuple[int, int]:
    """The user and group that a new volume is for: those of the workload that has it.

    Args:
        mounted: Keys of volumes, each with the user and group of a workload that mounts it.
    """
    found = {(uid, gid) for one, uid, gid in mounted if one == key}
    return found.pop() if len(found) == 1 else (0, 0)
