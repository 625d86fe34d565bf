from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from bedrock import process
from bedrock.charm import CharmFault
from pocket.agents import charmdir


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / 'a.charm'


def _pack(archive: Path, *entries: tuple[str, int, str]) -> None:
    with zipfile.ZipFile(archive, 'w') as packed:
        for name, mode, text in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            packed.writestr(info, text)


def _stream(archive: Path) -> bytes:
    return charmdir.stream(archive, unit='my-app/3', hook_tool='/run/pocket/hook-tool', tool_names=['b', 'a'])


def test_a_stream_holds_the_charm_its_list_of_files_and_the_tools(archive: Path) -> None:
    _pack(archive, ('src/', 0o40755, ''), ('src/x.py', 0o100644, 'x'), ('dispatch', 0o100755, '#!/bin/sh'))
    with tarfile.open(fileobj=io.BytesIO(_stream(archive))) as tar:
        members = [(member.name, member.mode, member.linkname) for member in tar]
        listed = tar.extractfile('agents/unit-my-app-3/state/files.new')
        assert listed is not None
        assert listed.read() == b'dispatch\0src/x.py\0'
    assert members == [
        ('agents/unit-my-app-3/state/files.new', 0o644, ''),
        ('agents/unit-my-app-3/state/folders.new', 0o644, ''),
        ('agents/unit-my-app-3/charm/src', 0o755, ''),
        ('agents/unit-my-app-3/charm/dispatch', 0o755, ''),
        ('agents/unit-my-app-3/charm/src/x.py', 0o644, ''),
        ('tools/unit-my-app-3/a', 0o644, '/run/pocket/hook-tool'),
        ('tools/unit-my-app-3/b', 0o644, '/run/pocket/hook-tool'),
    ]


def test_the_revision_file_says_what_the_controller_gave_it(archive: Path) -> None:
    _pack(archive, ('revision', 0o100644, '7'), ('dispatch', 0o100755, '#!/bin/sh'))
    made = charmdir.stream(archive, unit='a/0', hook_tool='/tool', tool_names=(), revision=3)
    with tarfile.open(fileobj=io.BytesIO(made)) as tar:
        content = tar.extractfile('agents/unit-a-0/charm/revision')
        assert content is not None
        assert content.read() == b'3\n'


def test_links_stay_links(archive: Path) -> None:
    _pack(archive, ('hooks/start', 0o120777, '../src/x.py'))
    with tarfile.open(fileobj=io.BytesIO(_stream(archive))) as tar:
        assert tar.getmember('agents/unit-my-app-3/charm/hooks/start').linkname == '../src/x.py'


@pytest.mark.parametrize('name', ['/etc/passwd', '../../other/charm/dispatch', 'a/../../b'])
def test_a_name_that_leads_out_of_the_folder_is_refused(archive: Path, name: str) -> None:
    _pack(archive, (name, 0o100644, 'x'))
    with pytest.raises(CharmFault, match='leads out of the folder'):
        _stream(archive)


def test_a_damaged_archive_is_refused(archive: Path) -> None:
    archive.write_bytes(b'PK nothing')
    with pytest.raises(CharmFault, match='cannot read charm'):
        _stream(archive)


def _into(machine: Path, archive: Path) -> None:
    process.run(
        ['/bin/sh', '-c', charmdir.SCRIPT, str(machine), 'unit-my-app-3'],
        stdin=_stream(archive),
        timeout_s=30,
    )


def test_an_upgrade_takes_the_old_charms_files_and_empty_folders_and_nothing_else(
    archive: Path, tmp_path: Path
) -> None:
    machine = tmp_path / 'juju'
    home = machine / 'agents' / 'unit-my-app-3' / 'charm'
    _pack(archive, ('old/deep/x', 0o100644, 'x'), ('old/kept/y', 0o100644, 'y'), ('both', 0o100644, '1'))
    _into(machine, archive)
    (home / 'old' / 'kept' / 'made').write_text('by the charm')
    _pack(archive, ('new/z', 0o100644, 'z'), ('both', 0o100644, '2'), ('empty/', 0o40755, ''))
    for _ in range(2):  # as after a crash
        _into(machine, archive)
        found = sorted(path.relative_to(home).as_posix() for path in home.rglob('*'))
        assert found == ['both', 'empty', 'new', 'new/z', 'old', 'old/kept', 'old/kept/made']
    assert (home / 'both').read_text() == '2'
