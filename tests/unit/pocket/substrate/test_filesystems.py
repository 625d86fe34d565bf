"""What is run in a machine for its filesystems, and what is made of the answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bedrock import errors
from pocket.substrate import ExecResult, Filesystem, _filesystems

FILESYSTEM = Filesystem(key='u-3', provider='rootfs', size_mib=100, mount_point='/srv/data')


def test_paths_and_sizes_are_arguments_and_never_part_of_the_script() -> None:
    odd = replace(FILESYSTEM, mount_point='/srv/$(reboot)', read_only=True)
    command = _filesystems.mount_command(odd)
    assert command[3:] == ['rootfs', 'u-3', '/srv/$(reboot)', '100', 'ro']
    assert 'reboot' not in command[2]
    assert _filesystems.unmount_command(odd, destroy=True)[3:] == ['u-3', '/srv/$(reboot)', 'destroy']


@pytest.mark.parametrize('provider', ['tmpfs', 'loop'])
def test_only_what_is_on_a_machines_disk_is_deleted_there(provider: str) -> None:
    other = replace(FILESYSTEM, provider=provider)
    assert _filesystems.unmount_command(other, destroy=True)[-1] == ''


@pytest.mark.parametrize(
    ('provider', 'printed', 'size_mib'),
    [('rootfs', b'5000\n', 5000), ('tmpfs', b'100\n', 100), ('loop', b'88\n', 100)],
)
def test_a_volume_is_as_large_as_it_was_made(provider: str, printed: bytes, size_mib: int) -> None:
    done = ExecResult(returncode=0, stdout=printed, stderr=b'')
    assert _filesystems.judge(replace(FILESYSTEM, provider=provider), done) == size_mib


def test_a_disk_that_is_too_small_is_refused() -> None:
    done = ExecResult(returncode=0, stdout=b'99\n', stderr=b'')
    with pytest.raises(errors.Fault, match=r'filesystem is not big enough \(99M < 100M\)'):
        _filesystems.judge(FILESYSTEM, done)


def test_what_mount_says_is_passed_on() -> None:
    done = ExecResult(returncode=32, stdout=b'', stderr=b'mount: no room\n')
    with pytest.raises(errors.Fault, match='cannot mount storage at "/srv/data": mount: no room'):
        _filesystems.judge(FILESYSTEM, done)


def test_images_that_were_made_by_half_are_known_and_deleted(tmp_path: Path) -> None:
    images = _filesystems.Images(tmp_path)
    (tmp_path / 'a-1.img').touch()
    (tmp_path / 'a-2.img.new').touch()
    assert images.keys() == {'a-1', 'a-2'}
    assert _filesystems.Images(tmp_path / 'none').keys() == frozenset()


def test_a_host_without_loop_devices_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_filesystems, '_CONTROL', tmp_path / 'none')
    with pytest.raises(errors.Fault, match='this host has no loop devices'):
        asyncio.run(_filesystems.Images(tmp_path).make('a-1', size_mib=8))
    assert list(tmp_path.iterdir()) == []
