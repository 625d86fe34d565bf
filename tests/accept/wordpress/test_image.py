"""The image of the blog: tests 27 to 29 of those that it is accepted by."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from bedrock import process
from bedrock.oci import layout, unpack
from tests.blog.parts import BIN, TOP, measured

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
    (built,) = json.loads(process.run([*argv, *words], cwd=TOP, timeout_s=900).stdout)
    return built


def test_27_and_29_the_same_image_twice_without_a_cache(tmp_path: Path) -> None:
    one, two = _build(tmp_path / 'one', '--no-cache'), _build(tmp_path / 'two', '--no-cache')
    assert one['digest'] == two['digest']
    again = _build(tmp_path / 'three')
    assert again['digest'] == one['digest']
    seconds = again['seconds']
    assert isinstance(seconds, float)
    measured(f'27: {one["digest"]}, {again["size"]} bytes; again in {seconds:.1f} s')
    assert seconds <= 60


@pytest.mark.parametrize('channel', ['stable', 'latest'])
def test_29_the_size(tmp_path: Path, channel: str) -> None:
    size = _build(tmp_path / channel, '--channel', channel)['size']
    assert isinstance(size, int)
    assert size <= _MOST_BYTES


@pytest.mark.parametrize('name', ['wordpress', 'mariadb'])
def test_28_podman_takes_it_and_every_file_is_accounted_for(tmp_path: Path, name: str) -> None:
    """Test 28: the same digest in podman's store; the bill of materials is what is in the image."""
    image = layout.open_(TOP / 'build/images' / name)
    bill = json.loads((TOP / f'build/images/{name}.spdx.json').read_text())
    tree = tmp_path / 'tree'
    unpack.unpack(image, tree)
    there = {
        f'./{path.relative_to(tree)}'
        for folder, _, files in os.walk(tree)
        for path in (Path(folder, file) for file in files)
        if not path.is_symlink()
    }
    named = {file['fileName'] for file in bill['files']}
    assert (there - named, named - there) == (set(), set())
    status = (tree / 'var/lib/dpkg/status').read_text()
    blocks = [
        dict(line.split(': ', 1) for line in block.splitlines() if ': ' in line)
        for block in status.split('\n\n')
    ]
    installed = {
        (one['Package'], one['Version']) for one in blocks if one.get('Status', '').endswith(' installed')
    }
    known = {(package['name'], package.get('versionInfo', '')) for package in bill['packages']}
    assert len(installed) > 20
    assert installed - known == set()
    measured(f'{name}: {len(there)} files, {len(installed)} packages')

    if not shutil.which('podman'):
        pytest.skip('there is no podman')
    # Podman takes no longer path than 50 characters for this folder.
    with tempfile.TemporaryDirectory(prefix='podman-') as folder:
        store = ['podman', '--root', tmp_path / 'store', '--runroot', folder, '--storage-driver', 'vfs']
        pulled = process.run([*store, 'pull', '--quiet', f'oci:{image.layout}'], timeout_s=300).stdout.strip()
        (shown,) = json.loads(process.run([*store, 'image', 'inspect', pulled], timeout_s=60).stdout)
    assert (shown['Digest'], shown['User']) == (image.digest, image.config.user)
