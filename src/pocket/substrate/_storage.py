"""The storage volumes of a home, and which machine or pod has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bedrock import errors
from pocket.substrate import ExecResult, Filesystem, _filesystems, images, procs
from pocket.substrate.home import Home
from pocket.substrate.pods import volumes
from pocket.substrate.records import Record

Run = Callable[[Sequence[str]], Awaitable[ExecResult]]
"""Runs a program inside the machine."""


class Storage:
    """All of one home. Whoever calls holds the lock of the machine."""

    def __init__(self, place: Path, home: Home, *, note: images.Note) -> None:
        self.folders = volumes.Folders(place)
        """The volumes of pods."""
        self._images = _filesystems.Images(place)
        self._home = home
        self._note = note

    async def mount(self, record: Record, supervisor: int, filesystem: Filesystem, *, run: Run) -> int:
        """Mount *filesystem* in the machine of *record*, which runs; return its size in MiB."""
        if record.pod is not None:
            # It was mounted when the pod started, if it belongs to it.
            self.folders.ensure(filesystem.key)
            return filesystem.size_mib
        if filesystem.provider == 'loop':
            image = await self._images.make(filesystem.key, size_mib=filesystem.size_mib)
            shift = (
                _filesystems.Shift(users=record.users, plain=self._home.folder(record.name) / 'plain')
                if record.users
                else None
            )
            await _filesystems.mount_image(supervisor, image, self._shared(record, filesystem), shift=shift)
        return _filesystems.judge(filesystem, await run(_filesystems.mount_command(filesystem)))

    async def unmount(
        self, record: Record, supervisor: int, filesystem: Filesystem, *, destroy: bool, run: Run
    ) -> None:
        """Unmount *filesystem* in the machine of *record*, which runs."""
        if record.pod is not None:
            return  # it goes with the containers that have it
        done = await run(_filesystems.unmount_command(filesystem, destroy=destroy))
        if done.returncode != 0:
            said = done.stderr.decode(errors='replace').strip()
            raise errors.Fault(f'cannot unmount "{filesystem.mount_point}" on machine {record.name}: {said}')
        if filesystem.provider == 'loop':
            await _filesystems.unmount_image(supervisor, self._shared(record, filesystem))

    async def delete(self, key: str) -> None:
        """Delete a volume.

        Raises:
            Fault: a pod that runs has it.
        """
        for record in self._home.records():
            if record.pod is not None and procs.alive(record.leader) and key in record.pod.volumes():
                raise errors.Fault(f'cannot delete storage volume {key}: pod {record.name} still has it')
        await self.folders.delete(key)
        await self._images.delete(key)

    async def sweep(self, wanted: frozenset[str]) -> None:
        """Delete the volumes that are not *wanted*; one that is in use stays."""
        for key in sorted((self._images.keys() | self.folders.keys()) - wanted):
            try:
                await self.delete(key)
            except errors.Fault as err:
                self._note(f'storage volume {key}: {err.message}')

    def _shared(self, record: Record, filesystem: Filesystem) -> Path:
        return self._home.folder(record.name) / 'storage' / filesystem.key
