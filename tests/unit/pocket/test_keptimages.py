"""Images of this host stay what they were when they were kept, whatever becomes of the place they were at."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from bedrock import errors
from bedrock.oci import layers, layout, model, writer
from bedrock.oci.model import ImageFault
from pocket import keptimages
from pocket.keptimages import Place


def _write(target: Path, text: str) -> str:
    """An image with one file, and its digest."""
    tree = target.with_name(f'{target.name}-tree')
    tree.mkdir(exist_ok=True)
    (tree / 'file').write_text(text)
    layer = layers.write(tree, target.with_name(f'{target.name}-layer'), epoch=1)
    return writer.write(target, [layer], model.Config(architecture=model.this_architecture()), tag='one')


@pytest.mark.parametrize(
    ('path', 'found'),
    [
        ('oci:/a/b', Place(kind='oci:', path='/a/b')),
        ('oci:/a/b:1.0', Place(kind='oci:', path='/a/b', tag='1.0')),
        ('oci:/a:b/c', Place(kind='oci:', path='/a:b/c')),
        ('oci-archive:/a.tar:x', Place(kind='oci-archive:', path='/a.tar', tag='x')),
        (
            f'oci:/a/b:1@sha256:{"0" * 64}',
            Place(kind='oci:', path='/a/b', tag='1', digest=f'sha256:{"0" * 64}'),
        ),
        (f'oci:/a@b@sha256:{"0" * 64}', Place(kind='oci:', path='/a@b', digest=f'sha256:{"0" * 64}')),
        (
            'registry.example.com:5000/a/b@sha1',
            Place(kind='', path='registry.example.com:5000/a/b@sha1'),
        ),
        ('docker://ubuntu', Place(kind='', path='ubuntu')),
        ('ubuntu:24.04', Place(kind='', path='ubuntu', tag='24.04')),
        ('a.example:5000/b/c', Place(kind='', path='a.example:5000/b/c')),
        ('a.example:5000/b/c:1', Place(kind='', path='a.example:5000/b/c', tag='1')),
        (
            f'a.example:5000/b:1@sha256:{"0" * 64}',
            Place(kind='', path='a.example:5000/b', tag='1', digest=f'sha256:{"0" * 64}'),
        ),
    ],
)
def test_references_are_understood(path: str, found: Place) -> None:
    assert keptimages.read(path) == found


@pytest.mark.parametrize('path', ['', 'oci:relative', 'oci-archive:', '--flag', 'two words'])
def test_references_that_name_no_place_are_refused(path: str) -> None:
    with pytest.raises(errors.UsageFault, match='cannot find the image'):
        keptimages.read(path)


def test_a_kept_image_outlives_its_folder(tmp_path: Path) -> None:
    home, source = tmp_path / 'home', tmp_path / 'layout'
    old = _write(source, 'old')
    pinned = keptimages.keep(home, f'oci:{source}:one')
    assert pinned == f'oci:{source}:one@{old}'
    assert keptimages.keep(home, pinned) == pinned
    new = _write(source, 'new')
    assert keptimages.keep(home, pinned) == pinned, 'what is kept need not be there'
    assert keptimages.keep(home, f'oci:{source}:one') == f'oci:{source}:one@{new}'
    shutil.rmtree(source)
    for digest in (old, new):
        image = layout.open_(keptimages.folder(home, digest))
        assert image.digest == digest
        for layer in image.layers:
            layout.check_blob(image.layout, layer)


def test_an_archive_is_kept_as_its_layout(tmp_path: Path) -> None:
    home, source = tmp_path / 'home', tmp_path / 'layout'
    digest = _write(source, 'x')
    writer.pack(source, tmp_path / 'one.tar')
    assert (
        keptimages.keep(home, f'oci-archive:{tmp_path}/one.tar') == f'oci-archive:{tmp_path}/one.tar@{digest}'
    )
    assert [path for path in keptimages.folder(home, digest).parent.iterdir() if path.is_dir()] == [
        keptimages.folder(home, digest)
    ]


def test_an_image_of_a_registry_is_not_kept(tmp_path: Path) -> None:
    assert keptimages.keep(tmp_path / 'home', 'docker.io/app:1') == 'docker.io/app:1'
    assert not (tmp_path / 'home').exists()


def test_another_image_than_the_one_that_is_meant_is_refused(tmp_path: Path) -> None:
    digest = _write(tmp_path / 'layout', 'x')
    with pytest.raises(ImageFault, match=f'what is there now is {digest}'):
        keptimages.keep(tmp_path / 'home', f'oci:{tmp_path}/layout@sha256:{"0" * 64}')


def test_of_a_damaged_image_nothing_is_kept(tmp_path: Path) -> None:
    home, source = tmp_path / 'home', tmp_path / 'layout'
    digest = _write(source, 'x')
    blob = layout.path(source, layout.open_(source).layers[0])
    data = blob.read_bytes()
    for broken in (bytes(len(data)), data[:-1]):
        blob.write_bytes(broken)
        with pytest.raises(ImageFault):
            keptimages.keep(home, f'oci:{source}')
    blob.unlink()
    blob.symlink_to(source / 'index.json')
    with pytest.raises(ImageFault):
        keptimages.keep(home, f'oci:{source}')
    assert not keptimages.folder(home, digest).exists()


def test_two_may_keep_the_same_image_at_once(tmp_path: Path) -> None:
    home, source, found = tmp_path / 'home', tmp_path / 'layout', list[str]()
    digest = _write(source, 'x')
    keepers = [
        threading.Thread(target=lambda: found.append(keptimages.keep(home, f'oci:{source}')))
        for _ in range(4)
    ]
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.join()
    assert found == [f'oci:{source}@{digest}'] * 4


def test_what_nobody_names_is_swept(tmp_path: Path) -> None:
    home, source = tmp_path / 'home', tmp_path / 'layout'
    kept = list[str]()
    for text in ('old', 'new'):
        _write(source, text)
        kept.append(keptimages.keep(home, f'oci:{source}'))
    half = home / 'layouts/.abc.1.hoodoo-new'
    half.mkdir()
    fetched = f'sha256:{"0" * 64}'
    keptimages.folder(home, fetched).mkdir()
    keptimages.sweep(home, [kept[1], 'docker.io/app:1', f'docker.io/app:2@{fetched}'])
    left = {path.name for path in (home / 'layouts').iterdir()}
    assert left == {one.rpartition(':')[2] for one in (kept[1], fetched)}
    keptimages.sweep(tmp_path / 'nowhere', [])
