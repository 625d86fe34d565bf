"""Which programs called pebble can be used, and what a built one is called."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from bedrock import errors
from pocket.substrate.pods import pebbles


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
        await pebbles.ensure(tmp_path / 'cache')
    assert str(program) in caught.value.message
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
