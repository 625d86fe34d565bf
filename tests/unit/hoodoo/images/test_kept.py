"""What builds of images keep is used as long as it is what it was; what killed builds left goes."""

from __future__ import annotations

import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from bedrock import errors
from bedrock.oci import layers
from hoodoo.images import kept, recipe, staging


@pytest.fixture
def layer(tmp_path: Path) -> layers.Layer:
    (tmp_path / 'tree').mkdir()
    (tmp_path / 'tree/file').write_text('content')
    return layers.write(tmp_path / 'tree', tmp_path / 'made.tar.gz', epoch=1)


def test_a_layer_is_kept(tmp_path: Path, layer: layers.Layer) -> None:
    folder = tmp_path / 'layers'
    assert kept.find_layer(folder, 'a') is None
    kept.keep_layer(folder, 'a', layer)
    found = kept.find_layer(folder, 'a')
    assert found is not None
    assert (found.digest, found.diff_id) == (layer.digest, layer.diff_id)
    assert found.path.read_bytes() == layer.path.read_bytes()


@pytest.mark.parametrize('name', ['a.tar.gz', 'a.json'])
@pytest.mark.parametrize('damage', [b'', b'{}', b'damaged'])
def test_a_layer_that_is_damaged_is_none(
    tmp_path: Path, layer: layers.Layer, name: str, damage: bytes
) -> None:
    folder = tmp_path / 'layers'
    kept.keep_layer(folder, 'a', layer)
    (folder / name).write_bytes(damage)
    assert kept.find_layer(folder, 'a') is None
    kept.keep_layer(folder, 'a', layer)
    assert kept.find_layer(folder, 'a') is not None


def test_a_few_layers_are_kept_and_nothing_half_copied(tmp_path: Path, layer: layers.Layer) -> None:
    folder = tmp_path / 'layers'
    kept.keep_layer(folder, 'a', layer)
    (folder / '.new-b').write_text('half')
    for number in range(8):
        kept.keep_layer(folder, f'n{number}', layer)
    assert len(list(folder.glob('*.json'))) == len(list(folder.glob('*.tar.gz'))) == 4
    assert not list(folder.glob('.new-*'))


def test_the_scratch_of_a_killed_build_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    folder = tmp_path / 'building'
    (folder / 'build-dead/tree').mkdir(parents=True)
    with kept.scratch(folder) as one:
        (one / 'mine').write_text('x')
        with kept.scratch(folder) as other:
            assert {path.name for path in folder.iterdir()} == {one.name, other.name}
        assert (one / 'mine').is_file()
    assert not list(folder.iterdir())


def test_an_archive_that_the_disk_damaged_is_fetched_again(tmp_path: Path) -> None:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path / 'site'))  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    (tmp_path / 'site').mkdir()
    (tmp_path / 'site/one.tar').write_bytes(b'sound')
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02})
    thread.start()
    try:
        url = f'http://127.0.0.1:{server.server_address[1]}/one.tar'
        wanted = recipe.Tarball(url=url, sha256=hashlib.sha256(b'sound').hexdigest(), path='/x')
        cache = tmp_path / 'cache'
        path = staging.fetch_tarball(wanted, cache, lambda _: None)
        path.write_bytes(b'rotten')
        assert staging.fetch_tarball(wanted, cache, lambda _: None).read_bytes() == b'sound'
        (tmp_path / 'site/one.tar').write_bytes(b'another')
        path.unlink()
        with pytest.raises(errors.Fault, match='the recipe says'):
            staging.fetch_tarball(wanted, cache, lambda _: None)
        assert not path.exists()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
