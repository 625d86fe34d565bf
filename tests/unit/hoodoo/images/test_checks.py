"""What an image is looked through for, and what its bill of materials says."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from hoodoo.images import base, checks, lock, recipe, sbom, staging

RECIPE = recipe.read(
    {'name': 'one', 'code': ['/usr/share/app'], 'dangling': ['/allowed/*']},
    Path('/r'),
    channel='',
    channels=(),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / 'tree'
    (folder / 'usr/share/app').mkdir(parents=True)
    (folder / 'usr/share/app/code.php').write_text('x')
    (folder / 'tmp').mkdir()
    (folder / 'tmp').chmod(0o1777)
    (folder / 'allowed').mkdir()
    (folder / 'allowed/link').symlink_to('/nothing')
    (folder / 'good').symlink_to('/usr/../usr/share/app/code.php')
    (folder / 'alive').symlink_to('/proc/self/mounts')
    return folder


def _said(tree: Path) -> list[str]:
    return [f'{one.file} {one.message}' for one in checks.look(tree, RECIPE)]


def test_a_good_tree_is_good(tree: Path) -> None:
    assert _said(tree) == []


def test_links_that_lead_nowhere_are_found(tree: Path) -> None:
    # On the host it would lead somewhere.
    (tree / 'bad').symlink_to(tree / 'good')
    assert [one.partition(' ')[0] for one in _said(tree)] == ['/bad']


@pytest.mark.parametrize(
    ('mode', 'said'), [(0o4755, 'setuid'), (0o2755, 'setgid'), (0o666, 'written by everybody')]
)
def test_modes_that_give_too_much_are_found(tree: Path, mode: int, said: str) -> None:
    (tree / 'usr/share/app/code.php').chmod(mode)
    assert said in _said(tree)[0]


def test_removing_does_not_leave_the_tree(tree: Path, tmp_path: Path) -> None:
    (tmp_path / 'outside').mkdir()
    (tmp_path / 'outside/file').write_text('x')
    (tree / 'out').symlink_to(tmp_path / 'outside')
    base.remove(tree, ('out/*', 'usr/share/*'))
    assert (tmp_path / 'outside/file').exists()
    assert not (tree / 'usr/share/app').exists()


def test_after_two_stars_files_go_and_folders_stay(tree: Path) -> None:
    deep = tree / 'usr/share/locale/de/LC_MESSAGES/dpkg.mo'
    deep.parent.mkdir(parents=True)
    deep.write_text('x')
    base.remove(tree, ('usr/share/locale/**',))
    assert deep.parent.is_dir()
    assert not deep.exists()


def test_every_file_has_an_origin(tree: Path) -> None:
    info = tree / 'var/lib/dpkg/info'
    info.mkdir(parents=True)
    (info / 'app:amd64.list').write_text('/.\n/share\n/share/app/code.php\n')
    (tree / 'share').symlink_to('usr/share')
    (tree / 'mine').write_text('x')
    (tree / 'made').write_text('x')
    locked = lock.Package(
        name='app', version='1+b', architecture='amd64', sha256='1' * 64, size=1, release='x'
    )
    held = lock.Lock(asked='', architecture='amd64', epoch=0, suites=(), packages=(locked,), unpack=())
    found = sbom.make(RECIPE, held, tree, digest='sha256:0', owners={'/mine': 'recipe'})
    names = {one['SPDXID']: one['fileName'] for one in found['files']}
    origins = {
        names[one['relatedSpdxElement']]: one['spdxElementId'].removeprefix('SPDXRef-Package-')
        for one in found['relationships']
        if one['relatedSpdxElement'] in names
    }
    assert origins == {
        './usr/share/app/code.php': 'app',
        './var/lib/dpkg/info/app:amd64.list': 'app',
        './mine': 'recipe',
        './made': 'build',
    }
    assert 'pkg:deb/debian/app@1%2Bb?arch=amd64' in str(found['packages'])


def test_own_files_lose_what_a_checkout_does_not_keep(tmp_path: Path) -> None:
    files = tmp_path / 'files'
    (files / 'usr/bin').mkdir(parents=True)
    (files / 'usr/bin/run').write_text('x')
    (files / 'usr/bin/run').chmod(0o775)
    (files / 'usr/bin/text').write_text('x')
    (files / 'usr/bin/text').chmod(0o664)
    wanted = dataclasses.replace(
        RECIPE,
        files=(files,),
        links={'/usr/link': '/elsewhere'},
        folders=(recipe.Folder(path='/run/app', mode=0o750, owner=0, group=0),),
    )
    staging.lay_files(wanted, tmp_path / 'out', tmp_path)
    out = tmp_path / 'out'
    assert [(out / 'usr/bin' / name).stat().st_mode & 0o777 for name in ('run', 'text')] == [0o755, 0o644]
    assert (out / 'usr/link').readlink() == Path('/elsewhere')
    assert (out / 'run/app').stat().st_mode & 0o777 == 0o750


def test_folders_are_open_whatever_the_umask_of_the_builder_is(tmp_path: Path) -> None:
    wanted = dataclasses.replace(
        RECIPE,
        links={'/usr/share/link': '/elsewhere'},
        folders=(recipe.Folder(path='/var/lib/app', mode=0o700, owner=os.getuid(), group=os.getgid()),),
    )
    before = os.umask(0o077)
    try:
        staging.lay_files(wanted, tmp_path / 'out', tmp_path)
    finally:
        os.umask(before)
    modes = {
        name: (tmp_path / 'out' / name).stat().st_mode & 0o777 for name in ('usr', 'var/lib', 'var/lib/app')
    }
    assert modes == {'usr': 0o755, 'var/lib': 0o755, 'var/lib/app': 0o700}
