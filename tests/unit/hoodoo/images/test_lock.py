"""Locks: what they answer, how two differ, and what an archive that has moved on is told."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.images import build, lock, packages, recipe

RECIPE = recipe.read({'name': 'one', 'packages': ['a1']}, Path('/r'), channel='', channels=())
A1 = lock.Package(name='a1', version='1', architecture='all', sha256='1' * 64, size=1, release='trixie')
LOCK = lock.Lock(
    asked=lock.asked(RECIPE),
    architecture='amd64',
    epoch=1,
    suites=(lock.Suite(uri='u', suite='trixie', date='d', sha256='2' * 64),),
    packages=(A1,),
    unpack=(dataclasses.replace(A1, name='b2', version='2:2'),),
)


def _offered(version: str, digest: str) -> packages.Stanza:
    return packages.Stanza(
        name='a1', version=version, architecture='all', sha256=digest * 64, size=1, source='', essential=False
    )


def test_a_lock_comes_back(tmp_path: Path) -> None:
    here = dataclasses.replace(RECIPE, folder=tmp_path)
    assert lock.load(here) is None
    lock.save(here, LOCK)
    assert lock.load(here) == LOCK
    assert '\n  {"name": "a1"' in here.lock_file.read_text()


@pytest.mark.parametrize(
    'text', ['', '{}', '[]', '{"format": 2}', '{"format": 1, "asked": "x", "suites": 1}']
)
def test_what_is_no_lock_is_refused(tmp_path: Path, text: str) -> None:
    here = dataclasses.replace(RECIPE, folder=tmp_path)
    here.lock_file.write_text(text)
    with pytest.raises(errors.UsageFault, match='cannot read the lock'):
        lock.load(here)


def test_a_lock_of_another_recipe_or_machine_is_refused() -> None:
    lock.check(RECIPE, LOCK, 'amd64')
    with pytest.raises(errors.UsageFault, match='recipe has changed'):
        lock.check(dataclasses.replace(RECIPE, packages=('a1', 'c3')), LOCK, 'amd64')
    with pytest.raises(errors.UsageFault, match='this is arm64'):
        lock.check(RECIPE, LOCK, 'arm64')


def test_changes_are_by_package() -> None:
    new = dataclasses.replace(LOCK, packages=(dataclasses.replace(A1, version='2'),), unpack=())
    assert [str(one) for one in lock.changes(LOCK, new)] == ['  a1 1 -> 2', '- b2 2:2']
    assert [str(one) for one in lock.changes(None, new)] == ['+ a1 2']
    assert not list(lock.changes(LOCK, LOCK))


def test_an_archive_that_moved_on_is_told_with_the_command_that_mends_it() -> None:
    gone = packages.missing_from([A1, *LOCK.unpack], {'a1': [_offered('3', '3')]})
    fault = lock.moved(RECIPE, gone)
    assert 'a1 is now 3, locked is 1' in fault.message
    assert 'b2 2:2 is gone' in fault.message
    assert fault.hint == 'Run "hoodoo image lock /r".'


def test_what_is_still_there_is_not_missing() -> None:
    assert not packages.missing_from([A1], {'a1': [_offered('3', '3'), _offered('1', '1')]})


def test_the_same_version_with_another_content_is_refused() -> None:
    with pytest.raises(errors.Fault, match='another content'):
        packages.missing_from([A1], {'a1': [_offered('1', '4')]})


def test_labels_hold_versions() -> None:
    assert build.with_versions({'v': 'one {a1}, two {b2}'}, LOCK, RECIPE) == {'v': 'one 1, two 2:2'}
    with pytest.raises(errors.UsageFault, match='no package "c3"'):
        build.with_versions({'v': '{c3}'}, LOCK, RECIPE)


def test_what_apt_prints_is_read() -> None:
    text = (
        'Package: a1\nVersion: 1\nArchitecture: all\nEssential: yes\nSize: 7\nSHA256: abc\n'
        'Description: x\n Package: no\n\nPackage: b2\n\n'
    )
    found = packages.stanzas(text)
    assert [(one.name, one.size, one.essential) for one in found] == [('a1', 7, True)]
