"""Archives of strangers: what is in them comes out, and never beside the folder."""

from __future__ import annotations

import contextlib
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock import archives

Packed = Callable[[dict[str, str], dict[str, str]], bytes]


def _zip(entries: dict[str, str], links: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as archive:
        for name, text in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100755 if name.endswith('.sh') else 0o100644) << 16
            archive.writestr(info, text)
        for name, leads in links.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, leads)
    return out.getvalue()


def _tar(entries: dict[str, str], links: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as archive:
        for name, text in entries.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), 0o755 if name.endswith('.sh') else 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
        for name, leads in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, leads
            archive.addfile(info)
    return out.getvalue()


def _unpacked(folder: Path, data: bytes, *, strip: int = 0) -> Path:
    (folder / 'archive').write_bytes(data)
    archives.unpack(folder / 'archive', folder / 'out', strip=strip)
    return folder / 'out'


@pytest.mark.parametrize('packed', [_zip, _tar])
def test_files_modes_and_links_come_out(tmp_path: Path, packed: Packed) -> None:
    data = packed({'top/a/run.sh': 'x', 'top/b': 'y'}, {'top/a/link': '../b'})
    out = _unpacked(tmp_path, data, strip=1)
    assert (out / 'a/link').read_text() == 'y'
    assert [(out / name).stat().st_mode & 0o777 for name in ('a/run.sh', 'b')] == [0o755, 0o644]


@pytest.mark.parametrize('packed', [_zip, _tar])
@pytest.mark.parametrize(
    ('entries', 'links'),
    [
        ({'../a': 'x'}, {}),
        ({'/a': 'x'}, {}),
        ({}, {'a': '/etc/passwd'}),
        ({}, {'a': '..'}),
        ({}, {'a/b': '../../c'}),
        # Each by itself stays inside; together the second would be two folders above.
        ({}, {'b/c': '..', 'a': 'b/c/../..'}),
    ],
)
def test_what_leads_out_is_refused(
    tmp_path: Path, packed: Packed, entries: dict[str, str], links: dict[str, str]
) -> None:
    with pytest.raises(archives.ArchiveFault, match='leads out'):
        _unpacked(tmp_path, packed(entries, links))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['archive', 'out']


@pytest.mark.parametrize(
    ('name', 'target', 'out'),
    [
        ('a', 'b', False),
        ('a/b', '../c', False),
        ('a/b/c', '../../d/e', False),
        ('a', '../b', True),
        ('a/b', '../../c', True),
        ('a', '/b', True),
        ('a/b/c', 'd/../e', True),
    ],
)
def test_a_link_may_only_begin_by_going_up(name: str, target: str, out: bool) -> None:
    assert archives.leads_out(name, target) is out


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    data=st.sampled_from(
        [_zip({'a/b.sh': 'text' * 50, 'c': ''}, {'a/l': '../c'}), _tar({'a/b': 'text' * 50}, {})]
    ),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 400),
)
def test_damage_is_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(data[: len(data) - cut] if cut % 3 == 0 else data)
    for at, value in changes:
        if damaged:
            damaged[at % len(damaged)] = value
    with contextlib.suppress(archives.ArchiveFault):
        _unpacked(tmp_path_factory.mktemp('damage'), bytes(damaged))
