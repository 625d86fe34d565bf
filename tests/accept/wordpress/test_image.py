"""The image of the blog: tests 27 to 29 of those that it is accepted by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bedrock import process
from tests.blog.parts import BIN, TOP

_MOST_BYTES = 115_000_000


def _build(target: Path, *words: str) -> dict[str, object]:
    argv = [
        BIN / 'hoodoo',
        'image',
        'build',
        'images/wordpress',
        '--locked',
        '-o',
        target,
        '--format',
        'json',
    ]
    return json.loads(process.run([*argv, *words], cwd=TOP, timeout_s=900).stdout)


def test_27_and_29_the_same_image_twice_without_a_cache(tmp_path: Path) -> None:
    one, two = _build(tmp_path / 'one', '--no-cache'), _build(tmp_path / 'two', '--no-cache')
    assert one['digest'] == two['digest']
    again = _build(tmp_path / 'three')
    assert again['digest'] == one['digest']
    seconds = again['seconds']
    assert isinstance(seconds, float)
    assert seconds <= 60


@pytest.mark.parametrize('channel', ['stable', 'latest'])
def test_29_the_size(tmp_path: Path, channel: str) -> None:
    size = _build(tmp_path / channel, '--channel', channel)['size']
    assert isinstance(size, int)
    assert size <= _MOST_BYTES
