"""Images of workload containers: how they are named, and that each is unpacked once, whole or not at all."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from bedrock import errors
from bedrock.oci import layers, layout, model, writer
from bedrock.oci.model import ImageFault
from pocket import settings
from pocket.model.pods import OciReference
from pocket.substrate import images
from pocket.substrate.pods import ociimages


@pytest.fixture
def cache(tmp_path: Path) -> images.Images:
    return images.Images(dataclasses.replace(settings.load({}), cache=tmp_path / 'cache'))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / 'home'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / 'tree').mkdir()
    (tmp_path / 'tree/file').write_text('x')
    layer = layers.write(tmp_path / 'tree', tmp_path / 'layer', epoch=1)
    config = model.Config(architecture=model.this_architecture(), user='33')
    writer.write(tmp_path / 'layout', [layer], config, tag='one')
    return tmp_path / 'layout'


async def test_an_image_is_unpacked_once(cache: images.Images, home: Path, folder: Path) -> None:
    notes: list[str] = []
    wanted = OciReference(path=f'oci:{folder}')
    found = await asyncio.gather(
        *(ociimages.ensure(cache, wanted, home=home, note=notes.append) for _ in range(3))
    )
    assert {one.id for one in found} == {f'oci-{layout.open_(folder).manifest.hexdigits}'}
    assert (found[0].tree / 'file').read_text() == 'x'
    assert found[0].config.user == '33'
    assert sum(note.startswith('unpacking image') for note in notes) == 1
    assert [(one.id, one.base) for one in cache.list_()] == [(found[0].id, 'oci')]
    cache.use(found[0].id, 'unit', folder)
    with pytest.raises(errors.Fault, match='used by unit'):
        cache.remove(found[0].id)


async def test_an_archive_is_the_same_image(
    cache: images.Images, home: Path, folder: Path, tmp_path: Path
) -> None:
    writer.pack(folder, tmp_path / 'one.tar')
    one = await ociimages.ensure(cache, OciReference(path=f'oci:{folder}'), home=home)
    other = await ociimages.ensure(cache, OciReference(path=f'oci-archive:{tmp_path}/one.tar:one'), home=home)
    assert one == other
    assert [path.name for path in one.tree.parent.iterdir() if path.name.startswith('.import')] == []


async def test_of_a_damaged_image_nothing_is_left(cache: images.Images, home: Path, folder: Path) -> None:
    blob = layout.path(folder, layout.open_(folder).layers[0])
    blob.write_bytes(bytes(blob.stat().st_size))
    with pytest.raises(ImageFault, match='another content'):
        await ociimages.ensure(cache, OciReference(path=f'oci:{folder}'), home=home)
    assert not cache.list_()


async def test_what_is_not_kept_any_more_is_said(cache: images.Images, home: Path, folder: Path) -> None:
    wanted = OciReference(path=f'oci:{folder}@sha256:{"0" * 64}')
    with pytest.raises(ImageFault, match='not kept') as caught:
        await ociimages.ensure(cache, wanted, home=home)
    assert 'attach-resource' in caught.value.hint
