"""The real Pebble as its release has it, for a host on which it cannot be built."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pocket import settings
from pocket.substrate.pods import pebbles
from tests import pebble_releases

pytestmark = pytest.mark.nspawn


async def test_the_release_is_downloaded_once_where_there_is_no_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (await pebbles.ensure(settings.load().cache)).read_bytes()
    (tmp_path / 'bin').mkdir()
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'))
    monkeypatch.setattr(sys, 'executable', str(tmp_path / 'bin' / 'python'))
    told = list[str]()
    with pebble_releases.serving() as releases:
        releases.publish(pebble_releases.archive(program))
        found = await pebbles.ensure(tmp_path / 'cache', note=told.append, releases=releases.asked)
        releases.files.clear()
        assert await pebbles.ensure(tmp_path / 'cache', releases=releases.asked) == found
    assert found.read_bytes() == program
    assert found.stat().st_mode & 0o777 == 0o755
    assert told == [f'downloading Pebble {pebbles.version_of(pebbles.pins())}']
    assert sorted(path.name for path in found.parent.iterdir()) == [f'.{found.name}.lock', found.name]
