"""What the kernel tells of files."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bedrock.inotify import Watch


def _create(folder: Path) -> None:
    (folder / 'new').touch()


def _change_mode(folder: Path) -> None:
    (folder / 'old').chmod(0o600)


def _write(folder: Path) -> None:
    (folder.parent / 'log').write_text('more')


def _replace(folder: Path) -> None:
    (folder.parent / 'part').write_text('new')
    os.replace(folder.parent / 'part', folder / 'moved')


@pytest.mark.parametrize('happens', [_create, _change_mode, _write, _replace])
async def test_what_happens_is_heard_once(tmp_path: Path, happens: Callable[[Path], None]) -> None:
    folder = tmp_path / 'folder'
    (folder / 'below').mkdir(parents=True)
    (folder / 'old').touch(0o644)
    (tmp_path / 'log').touch()
    watch = Watch(folder, tmp_path / 'log')
    try:
        (folder / 'below' / 'file').touch()  # is nobody's matter
        heard = asyncio.ensure_future(watch.wait())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(heard), 0.05)
        happens(folder)
        await asyncio.wait_for(heard, 10)
    finally:
        watch.close()


async def test_what_is_absent_or_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'link').symlink_to(tmp_path)
    before = len(os.listdir('/proc/self/fd'))
    for name in ('link', 'absent'):
        with pytest.raises(OSError, match=name):
            Watch(tmp_path / name)
    assert len(os.listdir('/proc/self/fd')) == before
