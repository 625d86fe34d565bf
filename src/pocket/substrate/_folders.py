"""The folder of a machine or pod: made whole or not at all, removed so that a crash leaves none by half."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from pathlib import Path

from bedrock import errors
from pocket.settings import Settings
from pocket.substrate import HostSpec, _seeds, images, isolation, ranges, records
from pocket.substrate.home import Home
from pocket.substrate.records import Record

_SHARED_USERS = 'the containers of pods share the users of the host'


def create(
    spec: HostSpec,
    *,
    settings: Settings,
    home: Home,
    claims: ranges.Ranges,
    image: images.Image,
    address: str,
    note: str,
) -> Record:
    """Make the folder of a new machine; it exists under its name only when it is complete.

    Raises:
        Fault: this host cannot hold it back as it is to be.
    """
    folder = home.folder(spec.name)
    held = isolation.here(settings, home.layout)
    held.require(spec.name)
    if spec.pod is not None and held.kind == 'users':
        if settings.isolation == 'users':
            raise errors.Fault(
                f'cannot make pod {spec.name} with users of its own: its containers share a network',
                hint=isolation.HINT,
            )
        note = '; '.join(filter(None, (note, _SHARED_USERS)))
        held = dataclasses.replace(held, kind='capabilities')
    claim = claims.claim(folder) if held.kind == 'users' else contextlib.nullcontext(0)
    with claim as users:
        return _fill(folder, spec, image=image, address=address, note=note, users=users)


def remove(folder: Path) -> None:
    """Remove *folder*; should this be interrupted, what is left has no record and counts as made by half."""
    (folder / records.FILE).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)


def _fill(
    folder: Path, spec: HostSpec, *, image: images.Image, address: str, note: str, users: int
) -> Record:
    part = folder.with_name(f'.{spec.name}.new')
    shutil.rmtree(part, ignore_errors=True)
    for name in ('upper', 'work', 'root', 'lower', 'run'):
        (part / name).mkdir(parents=True)
    for name in ('upper', 'root', 'run'):
        (part / name).chmod(0o755)  # whatever our umask is
    # A pod's containers get files of their own at each start.
    keys = () if spec.pod is not None else (_seeds.sow(part / 'upper', spec, users=users),)
    record = Record(
        name=spec.name,
        model_uuid=spec.model_uuid,
        region=spec.region,
        image=image.id,
        address=address,
        ssh_host_keys=keys,
        users=users,
        note=note,
    )
    records.save(part, record)
    part.rename(folder)
    return record
