"""Images that are written are read and unpacked as they were, and what strangers made is not believed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock.oci import documents, layers, layout, model, unpack, writer
from bedrock.oci.model import ImageFault

CONFIG = model.Config(
    architecture=model.this_architecture(),
    user='33',
    environment=('A=b',),
    labels={'x': 'y'},
    ports=('80/tcp',),
)


def _tree(folder: Path) -> Path:
    folder.mkdir()
    (folder / 'bin').mkdir()
    (folder / 'bin/tool').write_bytes(b'tool' * 1000)
    (folder / 'bin/tool').chmod(0o755)
    os.link(folder / 'bin/tool', folder / 'bin/twin')
    (folder / 'link').symlink_to('/bin/tool')
    (folder / ('long' * 40)).write_text('name')
    (folder / 'Ümlaut').write_text('')
    (folder / 'private').mkdir(mode=0o700)
    os.utime(folder / 'bin/tool', (1, 2))
    return folder


def _image(folder: Path, tars: Sequence[bytes], *, zipped: Callable[[bytes], bytes] = gzip.compress) -> Path:
    """A layout whose layers are *tars*, written by nothing of ours."""
    blobs = folder / 'blobs/sha256'
    blobs.mkdir(parents=True)

    def put(data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {'digest': f'sha256:{digest}', 'size': len(data)}

    diffs = [f'sha256:{hashlib.sha256(tar).hexdigest()}' for tar in tars]
    config = {'architecture': model.this_architecture(), 'os': 'linux', 'rootfs': {'diff_ids': diffs}}
    manifest = {
        'config': put(json.dumps(config).encode()),
        'layers': [{'mediaType': model.LAYER_GZIP, **put(zipped(tar))} for tar in tars],
    }
    found = {'mediaType': model.MANIFEST, **put(json.dumps(manifest).encode())}
    (folder / 'index.json').write_text(json.dumps({'manifests': [found]}))
    (folder / 'oci-layout').write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def _tar(*entries: tuple[str, str, str]) -> bytes:
    """Entries of (type, name, content or target)."""
    out = io.BytesIO()
    kinds = {'d': tarfile.DIRTYPE, 'l': tarfile.SYMTYPE, 'h': tarfile.LNKTYPE, 'c': tarfile.CHRTYPE}
    with tarfile.open(fileobj=out, mode='w') as tar:
        for kind, name, text in entries:
            info = tarfile.TarInfo(name)
            info.uid, info.gid, info.mode = os.getuid(), os.getgid(), 0o755 if kind == 'd' else 0o644
            if kind == 'f':
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
            else:
                info.type, info.linkname = kinds[kind], text
                tar.addfile(info)
    return out.getvalue()


def _unpacked(folder: Path, *tars: bytes) -> Path:
    image = layout.open_(_image(folder / 'layout', tars))
    unpack.unpack(image, folder / 'tree')
    return folder / 'tree'


def test_the_same_tree_gives_the_same_image(tmp_path: Path) -> None:
    digests: set[str] = set()
    for number in (1, 2):
        here = tmp_path / str(number)
        here.mkdir()
        layer = layers.write(_tree(here / 'tree'), here / 'layer', epoch=1_700_000_000)
        digests.add(writer.write(here / 'layout', [layer], CONFIG, tag='one'))
    assert len(digests) == 1


def test_what_was_written_comes_out(tmp_path: Path) -> None:
    layer = layers.write(_tree(tmp_path / 'tree'), tmp_path / 'layer', epoch=1_700_000_000)
    digest = writer.write(tmp_path / 'layout', [layer], CONFIG, tag='one', annotations={'k': 'v'})
    image = layout.open_(tmp_path / 'layout', 'one')
    assert (image.digest, image.config.user, image.annotations) == (digest, '33', {'k': 'v'})
    assert image.config.diff_ids == (layer.diff_id,)
    unpack.unpack(image, tmp_path / 'out')
    out = tmp_path / 'out'
    assert (out / 'bin/tool').read_bytes() == b'tool' * 1000
    assert (out / 'bin/tool').stat().st_ino == (out / 'bin/twin').stat().st_ino
    assert os.readlink(out / 'link') == '/bin/tool'
    assert (out / ('long' * 40)).read_text() == 'name'
    assert stat.S_IMODE((out / 'private').stat().st_mode) == 0o700
    assert {path.lstat().st_mtime for path in out.rglob('*')} == {1_700_000_000}


def test_gzip_of_many_blocks_is_gzip(tmp_path: Path) -> None:
    (tmp_path / 'tree').mkdir()
    (tmp_path / 'tree/file').write_bytes(os.urandom(1000) * 5000)
    layer = layers.write(tmp_path / 'tree', tmp_path / 'layer', epoch=0)
    plain = gzip.decompress((tmp_path / 'layer').read_bytes())
    assert f'sha256:{hashlib.sha256(plain).hexdigest()}' == layer.diff_id
    assert len(plain) == layer.unpacked


def test_a_layout_as_one_archive_is_the_same_each_time(tmp_path: Path) -> None:
    _image(tmp_path / 'layout', [_tar(('f', 'a', 'x'))])
    for name in ('one', 'two'):
        writer.pack(tmp_path / 'layout', tmp_path / name)
    assert (tmp_path / 'one').read_bytes() == (tmp_path / 'two').read_bytes()


def test_upper_layers_replace_and_remove(tmp_path: Path) -> None:
    tree = _unpacked(
        tmp_path,
        _tar(
            ('d', 'a', ''),
            ('f', 'a/x', '1'),
            ('f', 'a/y', '1'),
            ('f', 'b', '1'),
            ('d', 'c', ''),
            ('f', 'c/x', '1'),
        ),
        _tar(('f', 'a/.wh.x', ''), ('f', 'b', '2'), ('f', 'c/new', ''), ('f', 'c/.wh..wh..opq', '')),
    )
    assert sorted(str(path.relative_to(tree)) for path in tree.rglob('*')) == ['a', 'a/y', 'b', 'c', 'c/new']
    assert (tree / 'b').read_text() == '2'


def test_links_on_the_way_are_followed_as_in_the_container(tmp_path: Path) -> None:
    tree = _unpacked(
        tmp_path,
        _tar(('d', 'usr', ''), ('d', 'usr/lib', ''), ('l', 'lib', '/usr/lib'), ('l', 'up', '../../../usr')),
        _tar(('f', 'lib/a', 'x'), ('f', 'up/b', 'y'), ('h', 'c', 'lib/a')),
    )
    assert (tree / 'usr/lib/a').read_text() == 'x'
    assert (tree / 'usr/b').read_text() == 'y'
    assert (tree / 'c').read_text() == 'x'


@pytest.mark.parametrize(
    ('entries', 'said'),
    [
        ([('f', '../a', 'x')], 'leads out'),
        ([('d', 'a', ''), ('f', 'a/../../b', 'x')], 'leads out'),
        ([('h', 'a', '../../etc/passwd')], 'leads out'),
        ([('h', 'a', 'nothing')], 'No such file'),
        ([('d', 'd', ''), ('h', 'a', 'd')], 'is no file'),
        ([('l', 'a', 'b'), ('l', 'b', 'a'), ('f', 'a/x', '')], 'leads nowhere'),
        ([('c', 'a', '')], 'is a device'),
        ([('f', '.wh...', '')], 'removes nothing'),
    ],
)
def test_what_no_image_should_hold_is_refused(
    tmp_path: Path, entries: list[tuple[str, str, str]], said: str
) -> None:
    with pytest.raises(ImageFault, match=said):
        _unpacked(tmp_path, _tar(*entries))


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / 'outside').mkdir()
    tree = _unpacked(
        tmp_path,
        _tar(('l', 'a', str(tmp_path / 'outside')), ('f', 'a/x', 'y'), ('l', 'b', '/etc/hostname')),
        _tar(('f', 'b', 'mine'), ('h', 'h', 'a/x')),
    )
    assert not list((tmp_path / 'outside').iterdir())
    assert (tree / str(tmp_path)[1:] / 'outside/x').read_text() == 'y'
    assert (tree / 'b').read_text() == 'mine'


def test_devices_of_dev_are_left_out(tmp_path: Path) -> None:
    tree = _unpacked(tmp_path, _tar(('d', 'dev', ''), ('c', 'dev/null', '')))
    assert not list((tree / 'dev').iterdir())


@pytest.mark.parametrize(
    ('spoil', 'said'),
    [
        (lambda data: data[:-1], 'is not'),  # type: ignore[misc]
        (lambda data: bytes([data[0] ^ 1]) + data[1:], 'another content'),  # type: ignore[misc]
    ],
)
def test_damage_is_found(tmp_path: Path, spoil: Callable[[bytes], bytes], said: str) -> None:
    folder = _image(tmp_path / 'layout', [_tar(('f', 'a', 'x'))])
    image = layout.open_(folder)
    blob = layout.path(folder, image.layers[0])
    blob.write_bytes(spoil(blob.read_bytes()))
    with pytest.raises(ImageFault, match=said):
        unpack.unpack(image, tmp_path / 'tree')


def test_a_layer_that_is_not_what_the_configuration_says_is_refused(tmp_path: Path) -> None:
    folder = _image(tmp_path / 'layout', [_tar(('f', 'a', 'x'))], zipped=lambda _: gzip.compress(b'another'))
    with pytest.raises(ImageFault, match='not what it says'):
        unpack.unpack(layout.open_(folder), tmp_path / 'tree')


def test_an_image_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, 'MOST_BYTES', 100_000)
    with pytest.raises(ImageFault, match='too large'):
        _unpacked(tmp_path, _tar(('f', 'a', 'x' * 200_000)))


def test_a_header_that_is_too_large_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo('a')
        info.pax_headers = {'comment': 'x' * 5 * 2**20}
        tar.addfile(info)
    with pytest.raises(ImageFault, match='header of it is too large'):
        _unpacked(tmp_path, out.getvalue())


@pytest.mark.skipif(shutil.which('zstd') is None, reason='no zstd')
def test_layers_of_zstd_are_read(tmp_path: Path) -> None:
    from bedrock import process

    (tmp_path / 'plain').write_bytes(_tar(('f', 'a', 'x')))
    process.run(['zstd', '-q', tmp_path / 'plain'], timeout_s=10)
    packed = (tmp_path / 'plain.zst').read_bytes()
    folder = _image(tmp_path / 'layout', [(tmp_path / 'plain').read_bytes()], zipped=lambda _: packed)
    unpack.unpack(layout.open_(folder), tmp_path / 'tree')
    assert (tmp_path / 'tree/a').read_text() == 'x'


@given(noise=st.binary(min_size=1, max_size=2000), at=st.integers(0, 3000))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_in_a_layer_is_refused_or_harmless(tmp_path: Path, noise: bytes, at: int) -> None:
    tar = bytearray(_tar(('d', 'a', ''), ('f', 'a/b', 'text'), ('l', 'c', 'a'), ('h', 'd', 'a/b')))
    tar[at : at + len(noise)] = noise
    target = tmp_path / 'tree'
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    try:
        unpack.apply(io.BytesIO(bytes(tar)), target)
    except ImageFault:
        pass
    assert {path.name for path in tmp_path.iterdir()} == {'tree'}


@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        'manifests',
                        'digest',
                        'size',
                        'config',
                        'layers',
                        'rootfs',
                        'diff_ids',
                        'annotations',
                        'Env',
                    ]
                ),
                inner,
            )
        ),
    )
)
@settings(max_examples=100, deadline=None)
def test_documents_of_strangers_are_read_or_refused(data: object) -> None:
    try:
        document = documents.parse(json.dumps(data).encode(), where='here')
        documents.descriptors(document, 'manifests', where='here')
        documents.config(document, where='here')
    except ImageFault:
        pass


def test_configurations_come_back() -> None:
    again = documents.config(
        documents.parse(documents.render(documents.to_config(CONFIG)), where=''), where=''
    )
    assert again == CONFIG


@pytest.mark.parametrize(
    ('index', 'tag', 'said'),
    [
        ('{"manifests": []}', '', 'holds 0 images'),
        ('[]', '', 'JSON object'),
        ('{', '', 'not JSON'),
        ('{"manifests": [{"digest": "sha256:../../x", "size": 1}]}', '', 'no sha256 digest'),
        (f'{{"manifests": [{{"digest": "sha256:{"0" * 64}", "size": -1}}]}}', '', 'no size'),
        (f'{{"manifests": [{{"digest": "sha256:{"0" * 64}", "size": 1}}]}}', '', 'is missing'),
        (f'{{"manifests": [{{"digest": "sha256:{"0" * 64}", "size": 1}}]}}', 'tag', 'cannot find "tag"'),
    ],
)
def test_indexes_that_lead_nowhere_are_refused(tmp_path: Path, index: str, tag: str, said: str) -> None:
    (tmp_path / 'oci-layout').write_text('{"imageLayoutVersion": "1.0.0"}')
    (tmp_path / 'index.json').write_text(index)
    with pytest.raises(ImageFault, match=said):
        layout.open_(tmp_path, tag)


def test_of_a_list_the_image_for_this_machine_is_taken(tmp_path: Path) -> None:
    folder = _image(tmp_path / 'layout', [_tar(('f', 'a', 'x'))])
    index = json.loads((folder / 'index.json').read_text())
    mine = {**index['manifests'][0], 'platform': {'architecture': model.this_architecture(), 'os': 'linux'}}
    other = {**mine, 'digest': f'sha256:{"1" * 64}', 'platform': {'architecture': 'other', 'os': 'linux'}}
    data = json.dumps({'manifests': [other, mine]}).encode()
    digest = hashlib.sha256(data).hexdigest()
    (folder / 'blobs/sha256' / digest).write_bytes(data)
    listed = {'mediaType': model.INDEX, 'digest': f'sha256:{digest}', 'size': len(data)}
    (folder / 'index.json').write_text(json.dumps({'manifests': [listed]}))
    assert layout.open_(folder).digest == mine['digest']
    with pytest.raises(ImageFault, match='not for third'):
        layout.open_(folder, architecture='third')


def test_folders_that_a_layer_does_not_name_are_open_whatever_our_umask_is(tmp_path: Path) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode='w') as out:
        entry = tarfile.TarInfo('usr/bin/tool')
        entry.mode = 0o755
        out.addfile(entry, io.BytesIO())
    (tmp_path / 'layer').mkdir()
    tar.seek(0)
    before = os.umask(0o077)
    try:
        unpack.apply(tar, tmp_path / 'layer')
    finally:
        os.umask(before)
    modes = [(tmp_path / 'layer' / name).stat().st_mode & 0o777 for name in ('usr', 'usr/bin')]
    assert modes == [0o755, 0o755]
