from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from bedrock import charm

CRAFT = """
name: tiny
type: charm
summary: A small charm.
platforms:
  ubuntu@22.04:amd64:
config:
  options:
    port: {type: int, default: 80, description: Where it listens.}
actions:
  ping: {description: Says pong.}
provides:
  website: {interface: http}
requires:
  nagios: {interface: nrpe, scope: container}
peers:
  cluster: cluster-peers
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / 'tiny'
    (folder / 'src').mkdir(parents=True)
    (folder / 'tests').mkdir()
    (folder / 'tests' / 'test_it.py').write_text('')
    (folder / 'charmcraft.yaml').write_text(CRAFT)
    (folder / 'src' / 'charm.py').write_text('#!/usr/bin/env python3\n')
    (folder / 'src' / 'charm.py').chmod(0o755)
    return folder


def test_a_source_folder_and_its_archive_read_the_same(source: Path, tmp_path: Path) -> None:
    packed = charm.pack(source, tmp_path / 'tiny.charm', cache=tmp_path / 'cache')
    for place in (source, packed):
        read = charm.read(place)
        assert read.name == 'tiny'
        assert read.bases == (('ubuntu', '22.04'),)
        assert read.options['port'].default == 80
        assert {name: end.role for name, end in read.endpoints.items()} == {
            'website': 'provider',
            'nagios': 'requirer',
            'cluster': 'peer',
        }
        assert read.endpoints['nagios'].scope == 'container'
        assert list(read.actions) == ['ping']


def test_packing_twice_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    first = charm.pack(source, tmp_path / 'a.charm', cache=tmp_path / 'cache')
    second = charm.pack(source, tmp_path / 'b.charm', cache=tmp_path / 'cache')
    assert first.read_bytes() == second.read_bytes()


def test_an_archive_holds_an_executable_dispatch_and_no_tests(source: Path, tmp_path: Path) -> None:
    packed = charm.pack(source, tmp_path / 'tiny.charm', cache=tmp_path / 'cache')
    charm.unpack(packed, tmp_path / 'out')
    assert (tmp_path / 'out' / 'dispatch').stat().st_mode & stat.S_IXUSR
    assert (tmp_path / 'out' / 'src' / 'charm.py').stat().st_mode & stat.S_IXUSR
    assert not (tmp_path / 'out' / 'tests').exists()
    assert not charm.is_source(tmp_path / 'out')


@pytest.mark.parametrize(
    ('name', 'link'),
    [('../evil', ''), ('/etc/evil', ''), ('a/../../evil', ''), ('evil', '/etc/passwd'), ('evil', '../../x')],
)
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str, link: str) -> None:
    path = tmp_path / 'evil.charm'
    with zipfile.ZipFile(path, 'w') as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = ((stat.S_IFLNK if link else stat.S_IFREG) | 0o644) << 16
        archive.writestr(info, link or 'x')
    with pytest.raises(charm.CharmFault, match='leads out of the folder'):
        charm.unpack(path, tmp_path / 'deep' / 'out')
    assert not (tmp_path / 'evil').exists()


def test_an_archive_cannot_write_through_a_link_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / 'evil.charm'
    with zipfile.ZipFile(path, 'w') as archive:
        for name, kind, data in (('a/x', stat.S_IFLNK, 'y'), ('a/x/z', stat.S_IFREG, '1')):
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o644) << 16
            archive.writestr(info, data)
    with pytest.raises(charm.CharmFault, match='"a/x" is both a file and a folder'):
        charm.unpack(path, tmp_path / 'out')
    assert not (tmp_path / 'out' / 'a' / 'y').exists()


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('name: [', 'metadata.yaml is not valid YAML'),
        ('[]', 'metadata.yaml is not a mapping'),
        ('summary: x', 'it has no name'),
        ('{name: x, provides: {db: {}}}', 'endpoint "db" has no interface'),
    ],
)
def test_a_wrong_charm_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / 'metadata.yaml').write_text(text)
    with pytest.raises(charm.CharmFault) as caught:
        charm.read(tmp_path)
    assert said in str(caught.value)


def test_a_missing_charm_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(charm.CharmFault, match='no such file or folder'):
        charm.read(tmp_path / 'nowhere')


def test_a_link_out_of_the_source_is_not_packed(source: Path, tmp_path: Path) -> None:
    (tmp_path / 'secret').write_text('x')
    (source / 'stolen').symlink_to(tmp_path / 'secret')
    with pytest.raises(charm.CharmFault, match='leads out of the folder'):
        charm.pack(source, tmp_path / 'tiny.charm', cache=tmp_path / 'cache')
