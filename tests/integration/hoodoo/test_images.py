"""Images of real packages: the same twice, and refused when anything is not what the lock says."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bedrock import errors
from bedrock.oci import layout, unpack
from hoodoo.images import base, build, lock, packages, recipe

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('mmdebstrap'), reason='needs root and mmdebstrap'
    ),
]

_RECIPE = """
name: small
packages: [media-types]
unpack: [{package: libjs-cropper, only: [/usr/share/javascript/*]}]
files: [files]
links: {/etc/alias: /etc/small}
labels: {types: '{media-types}'}
remove: [/usr/share/man, /usr/share/doc, /usr/share/locale/**, /usr/lib/systemd, /etc/systemd, /etc/rc?.d]
checks:
  - name: says its name
    command: [/bin/sh, -ec, 'test "$(cat /etc/alias)" = small; test "$(id -u)" = 33']
    user: www-data
"""


@pytest.fixture(scope='module')
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[recipe.Recipe, lock.Lock, Path]:
    """A recipe, its lock, and a cache with its packages."""
    folder = tmp_path_factory.mktemp('small')
    (folder / recipe.FILE).write_text(_RECIPE)
    (folder / 'files/etc').mkdir(parents=True)
    (folder / 'files/etc/small').write_text('small\n')
    found = recipe.load(folder)
    cache = tmp_path_factory.mktemp('cache')
    try:
        made = packages.make_lock(found, cache, architecture=build.architecture(), told=_quiet)
    except errors.Fault as err:
        pytest.skip(f'no archive in reach: {err}')
    return found, made, cache


def _quiet(_: str) -> None: ...


def test_an_image_is_the_same_twice_and_every_file_of_it_is_accounted_for(
    small: tuple[recipe.Recipe, lock.Lock, Path], tmp_path: Path
) -> None:
    wanted, locked, cache = small
    # The second one has the installed packages from the cache; both without it: tests/accept/wordpress.
    built = [
        build.build(wanted, locked, tmp_path / name, cache=cache, told=_quiet, use_cache=use_cache)
        for name, use_cache in (('one', False), ('two', True))
    ]
    assert built[0].digest == built[1].digest
    image = layout.open_(tmp_path / 'one')
    assert image.config.labels == {'types': locked.versions()['media-types']}
    unpack.unpack(image, tmp_path / 'tree')
    there = {
        f'./{path.relative_to(tmp_path / "tree")}' for path in base.every(tmp_path / 'tree') if _is_file(path)
    }
    bill = json.loads(built[0].sbom.read_text())
    assert {one['fileName'] for one in bill['files']} == there
    contained = {one['relatedSpdxElement'] for one in bill['relationships']}
    assert {one['SPDXID'] for one in bill['files']} <= contained


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _other_version(one: lock.Package) -> lock.Package:
    return dataclasses.replace(one, version='0.1', sha256='0' * 64)


def _other_content(one: lock.Package) -> lock.Package:
    return dataclasses.replace(one, sha256='0' * 64)


@pytest.mark.parametrize(
    ('change', 'said'),
    [(_other_version, 'media-types is now .*, locked is 0.1'), (_other_content, 'another content')],
)
def test_what_the_lock_does_not_say_is_refused(
    small: tuple[recipe.Recipe, lock.Lock, Path],
    tmp_path: Path,
    change: Callable[[lock.Package], lock.Package],
    said: str,
) -> None:
    wanted, locked, cache = small
    changed = tuple(change(one) if one.name == 'media-types' else one for one in locked.packages)
    with pytest.raises(errors.Fault, match=said):
        build.build(
            wanted, dataclasses.replace(locked, packages=changed), tmp_path / 'one', cache=cache, told=_quiet
        )
    assert not (tmp_path / 'one').exists()


def test_a_link_that_leads_nowhere_is_refused(
    small: tuple[recipe.Recipe, lock.Lock, Path], tmp_path: Path
) -> None:
    wanted, locked, cache = small
    with pytest.raises(errors.Problems) as caught:
        build.build(
            dataclasses.replace(wanted, links={'/etc/alias': '/etc/nothing'}),
            locked,
            tmp_path / 'one',
            cache=cache,
            told=_quiet,
        )
    assert any('/etc/nothing, which is not in the image' in one.message for one in caught.value.problems)
    assert not (tmp_path / 'one').exists()
