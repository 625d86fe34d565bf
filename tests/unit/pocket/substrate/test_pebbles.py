"""Which programs called pebble can be used, and where one comes from on a host that has none."""

from __future__ import annotations

import struct
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from bedrock import errors
from pocket.substrate.pods import pebblereleases, pebbles
from tests import pebble_releases
from tests.pebble_releases import Releases, archive


def _elf(*kinds: int) -> bytes:
    head = bytearray(64)
    head[:6] = b'\x7fELF\x02\x01'
    struct.pack_into('<Q', head, 32, 64)
    struct.pack_into('<HH', head, 54, 56, len(kinds))
    return bytes(head) + b''.join(struct.pack('<I', kind) + bytes(52) for kind in kinds)


@pytest.mark.parametrize(
    ('said', 'is_static', 'problem'),
    [
        ('v1.26.0\n', True, ''),
        ('v1.19.0-rc1\n', True, ''),
        ('v2.0.0\n', True, ''),
        ('v1.18.9\n', True, 'v1.18.9 is older than v1.19'),
        ('Pebble 2022/01/01 Starting Pebble ACME server', True, "it is not Canonical's Pebble"),
        ('', True, "it is not Canonical's Pebble"),
        ('v1.26.0', False, 'it needs libraries'),
    ],
)
def test_a_program_is_judged_by_its_version(said: str, is_static: bool, problem: str) -> None:
    found = pebbles.judge(said, is_static=is_static)
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


@pytest.mark.parametrize(
    ('head', 'wanted'),
    [(_elf(1, 4), True), (_elf(1, 3), False), (b'#!/bin/sh\n', False), (b'', False), (_elf(1)[:40], False)],
)
def test_a_program_without_interpreter_is_static(head: bytes, wanted: bool) -> None:
    assert pebbles.is_static(head) is wanted


def test_other_sources_have_another_name() -> None:
    pins = {'go.mod': b'require github.com/canonical/pebble v1.26.0\n', 'go.sum': b'a'}
    name = pebbles.built_name(pins, 'x86_64')
    assert name.startswith('pebble-v1.26.0-x86_64-')
    assert pebbles.built_name({**pins, 'go.sum': b'b'}, 'x86_64') != name


async def test_all_that_was_tried_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / 'pebble'
    program.write_text('#!/bin/sh\necho v9\n')
    program.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr(sys, 'executable', str(tmp_path / 'python'))
    assert pebbles.find_go() is None
    with pytest.raises(errors.Fault, match='there is no Go here') as caught:
        await pebbles.ensure(tmp_path / 'cache', releases='http://127.0.0.1:1/')
    assert str(program) in caught.value.message
    assert 'downloading its release v' in caught.value.message
    assert not [path for path in (tmp_path / 'cache').rglob('*') if '.new-' in path.name]
    assert 'Go 1.24' in caught.value.hint


def test_go_beside_this_python_is_found_when_path_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / 'bin' / 'go'
    go.parent.mkdir()
    go.touch(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr(sys, 'executable', str(go.with_name('python')))
    assert pebbles.find_go() == str(go)


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Releases]:
    """Of a host without Pebble and Go."""
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr(sys, 'executable', str(tmp_path / 'python'))
    with pebble_releases.serving() as site:
        yield site


@pytest.mark.parametrize(
    ('content', 'digest', 'said'),
    [
        (archive(b'x'), f'sha256:{"0" * 64}', 'another SHA-256 than was published'),
        (archive(b'x'), 'md5:1', 'no SHA-256 of pebble_'),
        (archive(b'x', 'README.md'), None, 'has no program pebble'),
        (archive(b'x', '../pebble'), None, 'cannot unpack'),
        (b'no archive', None, 'cannot unpack'),
        (archive(b'#!/bin/sh\necho v1.2.0\n'), None, 'v1.2.0 is older than'),
    ],
    ids=['another sum', 'no sum', 'no program', 'hostile', 'no archive', 'old'],
)
async def test_what_was_not_published_like_that_is_not_kept(
    releases: Releases, tmp_path: Path, content: bytes, digest: str | None, said: str
) -> None:
    releases.publish(content, digest=digest)
    with pytest.raises(errors.Fault) as caught:
        await pebbles.ensure(tmp_path / 'cache', releases=releases.asked)
    assert said in caught.value.message
    assert [path.name for path in (tmp_path / 'cache' / 'pebble').iterdir() if path.suffix != '.lock'] == []


def test_a_machine_that_nothing_is_published_for_is_told() -> None:
    assert pebblereleases.archive_name('v1.26.0', 'aarch64') == 'pebble_v1.26.0_linux_arm64.tar.gz'
    with pytest.raises(errors.Fault, match='and not for mips'):
        pebblereleases.archive_name('v1.26.0', 'mips')


@pytest.mark.parametrize('answer', [None, [], {}, {'assets': 3}, {'assets': [1, {'name': 'b'}]}])
def test_answers_of_other_shapes_have_no_file(answer: object) -> None:
    with pytest.raises(errors.Fault, match='no file a'):
        pebblereleases.find(answer, 'a')
