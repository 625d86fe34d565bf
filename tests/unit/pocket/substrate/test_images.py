"""Which image a machine gets."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bedrock import errors
from pocket import settings
from pocket.model import Base
from pocket.substrate import images

DEBIAN = Base(name='debian', channel='12')
RECIPE = images.Recipe(base=DEBIAN, codename='bookworm', sources='Types: deb\n')


def test_the_host_is_read_from_os_release() -> None:
    text = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n'
    assert images.read_host(text) == images.Host(base=Base(name='ubuntu', channel='24.04'), codename='noble')


def test_a_distribution_without_images_is_refused() -> None:
    with pytest.raises(errors.Fault, match='Fedora'):
        images.read_host('ID=fedora\nPRETTY_NAME="Fedora 41"\n')


def test_another_recipe_is_another_image() -> None:
    assert RECIPE.id == dataclasses.replace(RECIPE).id
    assert RECIPE.id.startswith('debian-12-')
    for change in ({'sources': 'Types: deb\nURIs: http://b\n'}, {'proxy': 'x'}):
        assert dataclasses.replace(RECIPE, **change).id != RECIPE.id


def test_an_image_goes_only_when_no_machine_stands_on_it(tmp_path: Path) -> None:
    cache = images.Images(settings.load({'POCKET_CACHE': str(tmp_path)}))
    machine = tmp_path / 'machine'
    machine.mkdir()
    (tmp_path / 'images' / 'one' / 'etc').mkdir(parents=True)
    cache.use('one', 'tag.machine', machine)
    assert [(image.id, image.users) for image in cache.list_()] == [('one', ('tag.machine',))]
    with pytest.raises(errors.Fault, match=r'used by tag\.machine'):
        cache.remove('one')
    machine.rmdir()
    cache.remove('one')
    assert cache.list_() == ()


@pytest.mark.parametrize('name', ['absent', '../images', '.one.lock'])
def test_only_an_image_can_be_removed(tmp_path: Path, name: str) -> None:
    cache = images.Images(settings.load({'POCKET_CACHE': str(tmp_path)}))
    with pytest.raises(errors.UsageFault, match='there is no such image'):
        cache.remove(name)
