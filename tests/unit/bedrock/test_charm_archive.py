"""Archives and documents that a stranger sends: understood, or refused in words, and never worse."""

from __future__ import annotations

import contextlib
import io
import json
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bedrock import charm

NAMED = b'name: tiny\n'
Files = Mapping[str, bytes]


def _pack(path: Path, files: Files, *, mode: int = 0o100644, system: int = 3) -> Path:
    with zipfile.ZipFile(path, 'w') as packed:
        for name, data in files.items():
            info = zipfile.ZipInfo('x')
            info.filename, info.create_system = name, system
            info.external_attr = mode << 16
            packed.writestr(info, data)
    return path


def test_files_in_one_folder_are_taken_out_of_it(tmp_path: Path) -> None:
    path = _pack(
        tmp_path / 'a.zip', {'tiny-main/metadata.yaml': NAMED, 'tiny-main/src/x': b'1', 'tiny-main/': b''}
    )
    with charm.Archive(path) as opened:
        assert list(opened.entries) == ['metadata.yaml', 'src/x']
        assert opened.folders == ('src',)
    assert charm.read(path).name == 'tiny'


def test_a_folder_that_is_no_charm_stays_where_it_is(tmp_path: Path) -> None:
    with charm.Archive(_pack(tmp_path / 'a.zip', {'src/x': b'1'})) as opened:
        assert list(opened.entries) == ['src/x']


def test_an_archive_from_windows_has_its_hooks_as_programs(tmp_path: Path) -> None:
    files = {
        'metadata.yaml': NAMED,
        'hooks\\install': b'#!/bin/sh',
        'dispatch': b'#!/bin/sh',
        'lib\\a.py': b'',
    }
    with charm.Archive(_pack(tmp_path / 'a.zip', files, mode=0o100600, system=0)) as opened:
        programs = [name for name, entry in opened.entries.items() if entry.executable]
        assert list(opened.entries) == ['dispatch', 'hooks/install', 'lib/a.py', 'metadata.yaml']
    assert programs == ['dispatch', 'hooks/install']


@pytest.mark.parametrize(
    ('name', 'mode', 'data', 'said'),
    [
        ('../x', stat.S_IFREG, b'', 'leads out of the folder'),
        ('/etc/x', stat.S_IFREG, b'', 'leads out of the folder'),
        ('a\\..\\..\\x', stat.S_IFREG, b'', 'leads out of the folder'),
        ('C:\\x', stat.S_IFREG, b'', 'leads out of the folder'),
        ('a/link', stat.S_IFLNK, b'../../x', 'link "a/link" leads out of the folder'),
        ('a/link', stat.S_IFLNK, b'/etc/passwd', 'link "a/link" leads out of the folder'),
        ('a/link', stat.S_IFLNK, b'\xff', 'link "a/link" leads nowhere'),
        ('fifo', stat.S_IFIFO, b'', 'neither a file nor a link'),
        ('x' * 300, stat.S_IFREG, b'', 'is too long'),
        ('metadata.yaml/x', stat.S_IFREG, b'', 'both a file and a folder'),
    ],
)
def test_what_a_charm_must_not_hold_is_refused(
    tmp_path: Path, name: str, mode: int, data: bytes, said: str
) -> None:
    path = tmp_path / 'evil.zip'
    with zipfile.ZipFile(path, 'w') as packed:
        packed.writestr('metadata.yaml', NAMED)
        info = zipfile.ZipInfo('x')
        info.filename, info.external_attr = name, (mode | 0o644) << 16
        packed.writestr(info, data)
    with pytest.raises(charm.CharmFault, match=said):
        charm.read(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = _pack(tmp_path / 'a.zip', {'metadata.yaml': NAMED})
    data = bytearray(path.read_bytes())
    at = data.index(b'PK\x01\x02')
    data[at + 24 : at + 28] = (charm.MAX_UNPACKED_BYTES + 1).to_bytes(4, 'little')  # the claimed size
    path.write_bytes(data)
    with pytest.raises(charm.CharmFault, match='holds more than'):
        charm.read(path)


BOMB = b'a: &a [x, x, x, x, x, x, x, x, x, x]\n' + b'\n'.join(
    f'{chr(98 + n)}: &{chr(98 + n)} [{", ".join(["*" + chr(97 + n)] * 10)}]'.encode() for n in range(9)
)
MERGES = b'a: &a {x: 1}\n' + b'\n'.join(
    f'{chr(98 + n)}: &{chr(98 + n)} {{<<: [{", ".join(["*" + chr(97 + n)] * 10)}]}}'.encode()
    for n in range(9)
)


@pytest.mark.parametrize(
    ('metadata', 'said'),
    [
        (BOMB, 'stands for more than'),
        (MERGES, 'stands for more than'),
        (b'name: &n [*n]', 'contains itself'),
        (b'[' * 2000 + b']' * 2000, 'nested too deeply'),
        (b'name: "\\ud800"', 'Unicode'),
        (b'name: tiny\nsince: 2024-13-41', 'not valid YAML'),
        (b'name: tiny\nx: ' + b'9' * 5000, 'not valid YAML'),
        (b'name: tiny\nx: {[1]: 2}', 'not valid YAML'),
        (b'\xff\xfe', 'not UTF-8'),
        (b'name: Tiny Charm', 'invalid charm name "Tiny Charm"'),
        (b'- name', 'not a mapping'),
        (b'', 'it has no name'),
        (b'name: tiny\nprovides: {web: {interface: http, limit: lots}}', 'no number as its limit'),
        (b'name: tiny\nresources: {r: {type: file}}', 'must have a filename'),
        (b'name: tiny\nresources: {r: {type: file, filename: ../x}}', 'must have a filename without folders'),
        (b'name: tiny\nresources: {r: {type: tape}}', 'unknown type "tape"'),
    ],
)
def test_a_document_that_is_none_is_refused_in_words(tmp_path: Path, metadata: bytes, said: str) -> None:
    with pytest.raises(charm.CharmFault, match=said):
        charm.read(_pack(tmp_path / 'a.zip', {'metadata.yaml': metadata}))


def _survives(path: Path) -> None:
    """Read it; whatever comes of that is a charm that can be stored, or a fault."""
    with contextlib.suppress(charm.CharmFault):
        json.dumps(asdict(charm.read(path)), default=str, skipkeys=True).encode()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    ('name', 'bases', 'base', 'platforms', 'provides', 'peers', 'resources', 'storage', 'config', 'actions')
)
_PATHS = st.sampled_from(
    ('metadata.yaml', 'charmcraft.yaml', 'config.yaml', 'manifest.yaml', 'revision')
) | st.text(min_size=1, max_size=12)
_FUZZ = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_FUZZ
@given(metadata=st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_any_metadata_is_read_or_refused(tmp_path: Path, metadata: dict[str, object]) -> None:
    text = json.dumps({'name': 'tiny', **metadata}, default=str).encode()
    _survives(_pack(tmp_path / 'a.zip', {'metadata.yaml': text, 'charmcraft.yaml': text}))


@_FUZZ
@given(files=st.dictionaries(_PATHS, st.binary(max_size=60) | st.just(NAMED), max_size=5))
@example(files={'metadata.yaml': b'name: tiny', 'a\0b': b''})
def test_any_files_are_read_or_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    try:
        path = _pack(tmp_path / 'a.zip', files)
    except UnicodeEncodeError:  # zipfile cannot write such a name
        return
    _survives(path)


@_FUZZ
@given(at=st.integers(0, 400), by=st.binary(min_size=1, max_size=12), cut=st.integers(0, 400))
def test_any_damage_to_an_archive_is_read_or_refused(tmp_path: Path, at: int, by: bytes, cut: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, 'w', zipfile.ZIP_DEFLATED) as packed:
        packed.writestr('metadata.yaml', 'name: tiny\nsummary: ' + 'x' * 200)
        packed.writestr('hooks/install', '#!/bin/sh\n')
    data = bytearray(whole.getvalue())
    data[at : at + len(by)] = by
    path = tmp_path / 'a.zip'
    path.write_bytes(data[: len(data) - cut] if cut < 40 else data)
    _survives(path)
