"""An image from elsewhere, from its folder to a machine that runs it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bedrock import process
from pocket import settings as settings_
from pocket.model import Base
from pocket.substrate import HostSpec, bases, images, imports
from pocket.substrate.nspawn import Nspawn

pytestmark = pytest.mark.nspawn

WANTED = Base(name='ubuntu', channel='24.04')


async def test_a_machine_of_a_base_starts_from_the_image_that_was_imported_for_it(tmp_path: Path) -> None:
    usual = settings_.load({'POCKET_CACHE': os.environ.get('POCKET_CACHE', '')})
    built, _ = await bases.ensure(images.Images(usual), images.host().base)
    folder = tmp_path / 'root'
    await process.arun(['cp', '-a', str(built.tree), str(folder)], timeout_s=120)
    release = folder / 'usr/lib/os-release'
    release.write_text('ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="An image of ours"\n')
    settings = settings_.load({'POCKET_HOME': str(tmp_path / 'h'), 'POCKET_CACHE': str(tmp_path / 'c')})
    image = await asyncio.to_thread(imports.import_, images.Images(settings), WANTED, folder)
    nspawn = Nspawn(settings)
    try:
        spec = HostSpec(name='juju-aaaaaa-0', model_uuid='m', base=WANTED)
        host = await nspawn.boot(spec)
        done = await nspawn.exec(
            host.name,
            ['/bin/sh', '-c', '. /etc/os-release && echo "$PRETTY_NAME" && id -un'],
            env={'PATH': '/usr/bin:/bin'},
            user='ubuntu',
            timeout_s=60,
        )
        assert (done.stdout, host.note) == (b'An image of ours\nubuntu\n', '')
        assert [(one.id, len(one.users)) for one in images.Images(settings).list_()] == [(image.id, 1)]
    finally:
        await nspawn.destroy()
