"""Collecting from this machine, and what is told of each destination."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from bedrock import errors
from hoodoo.bundle.wanted import charms
from hoodoo.collect import sources
from hoodoo.projects import layout
from tests.integration.hoodoo.collect.conftest import Place


@pytest.fixture
def charm(place: Place) -> Path:
    folder = place.path / 'charms/a'
    (folder / 'hooks').mkdir(parents=True)
    (folder / 'metadata.yaml').write_text('name: a\n')
    (folder / 'hooks/start').symlink_to('install')
    return folder


def test_a_tree_is_mirrored_with_its_links(place: Place, charm: Path) -> None:
    assert place.states('a ../charms/a') == {'a': 'new'}
    assert (place.build / 'a/hooks/start').readlink() == Path('install')
    assert place.states('a ../charms/a') == {'a': 'unchanged'}
    (charm / 'hooks/start').unlink()
    (charm / 'new').touch()
    assert place.states('a ../charms/a') == {'a': 'updated'}
    assert sorted(os.listdir(place.build / 'a')) == [
        layout.COLLECT_INFO,
        'hooks',
        'metadata.yaml',
        'new',
    ]


def test_methods_are_those_of_codetree(place: Place, charm: Path) -> None:
    place.collect(
        'r ../charms/a\nc ../charms/a;method=copy\nl ../charms/a;method=link\nh ../charms/a;method=hardlink'
    )
    for name in 'rch':
        (place.build / name / 'extra').touch()
    (charm / 'metadata.yaml').write_text('name: aa\n')
    place.collect(
        'r ../charms/a\nc ../charms/a;method=copy\nl ../charms/a;method=link\nh ../charms/a;method=hardlink'
    )
    assert [(place.build / name / 'extra').exists() for name in 'rch'] == [False, True, False]
    assert [place.read(f'{name}/metadata.yaml') for name in 'rclh'] == ['name: aa\n'] * 4
    assert (place.build / 'l').readlink() == charm
    assert not (charm / layout.COLLECT_INFO).exists()
    assert (place.build / 'h/metadata.yaml').stat().st_ino == (charm / 'metadata.yaml').stat().st_ino


def test_what_is_in_the_way_stays_unless_overwrite_says_otherwise(place: Place, charm: Path) -> None:
    (place.build / 'l').mkdir(parents=True)
    (place.build / 'e').touch()
    with pytest.raises(errors.Fault) as failure:
        place.collect('l ../charms/a;method=link\ne @\n')
    assert 'cannot collect 2 of 2 sources' in str(failure.value)
    assert 'in the way of a link' in str(failure.value)
    place.collect('l ../charms/a;method=link,overwrite=True\ne @;overwrite=True\n')
    assert (place.build / 'l').readlink() == charm
    (place.build / 'e/x').touch()
    assert place.states('e @') == {'e': 'unchanged'}
    assert place.states('e @;overwrite=True') == {'e': 'updated'}


def test_a_file_is_copied_and_its_mode_with_it(place: Place, charm: Path) -> None:
    program = charm.parent / 'program'
    program.write_text('#!/bin/sh\n')
    program.chmod(0o755)
    assert place.states('p ../charms/program') == {'p': 'new'}
    assert os.access(place.build / 'p', os.X_OK)
    assert place.states('p ../charms/program') == {'p': 'unchanged'}


def test_nested_destinations_survive_their_parent(place: Place, charm: Path) -> None:
    text = 'a/lib/b ../charms/a\na/lib @\na ../charms/a\n'
    (charm / 'lib').mkdir()
    place.collect(text)
    (charm / 'metadata.yaml').write_text('name: changed\n')
    (place.build / 'a/lib/b/mark').touch()
    place.collect('a ../charms/a;overwrite=True\na/lib @\na/lib/b ../charms/a;method=copy\n')
    assert (place.build / 'a/lib/b/mark').exists()
    hashes = yaml.safe_load(place.read(f'a/{layout.COLLECT_INFO}'))['hashes']
    assert sorted(hashes) == ['metadata.yaml']


def test_children_of_what_failed_are_not_tried_and_all_failures_are_told(place: Place, charm: Path) -> None:
    with pytest.raises(errors.Fault) as failure:
        place.collect('a ../nowhere\na/b ../charms/a\na/b/c ../charms/a\nd ../charms/a\ne ../gone\n')
    said = str(failure.value)
    assert 'cannot collect 4 of 5 sources' in said
    assert 'a/b: not tried, it is in "a"' in said
    assert 'a/b/c: not tried, it is in "a/b"' in said
    assert 'e from ../gone' in said
    assert (place.build / 'd/metadata.yaml').exists()


def test_each_directory_tells_where_it_came_from_and_the_note_is_stable(place: Place, charm: Path) -> None:
    place.collect('a ../charms/a;overwrite=False')
    path = place.build / 'a' / layout.COLLECT_INFO
    first = path.read_bytes()
    noted = yaml.safe_load(first)
    assert sorted(noted) == ['collect_date', 'collect_url', 'hashes']
    assert noted['collect_url'] == '../charms/a;overwrite=False'
    assert list(noted['hashes']) == ['metadata.yaml']
    digest = charms.digest(place.build / 'a')
    assert digest == charms.digest(charm)
    path.write_bytes(first.replace(b'collect_date: ', b'collect_date: 1999'))
    assert charms.digest(place.build / 'a') == digest
    place.collect('a ../charms/a;overwrite=False')
    assert b'1999' in path.read_bytes()


def test_a_locked_directory_that_changed_is_refused_and_left_alone(place: Place, charm: Path) -> None:
    line = 'a ../charms/a'
    pins = place.locked(line)
    place.collect(line, pins=pins)
    (charm / 'metadata.yaml').write_text('name: other\n')
    with pytest.raises(errors.Fault) as failure:
        place.collect(line, pins=pins)
    assert 'is locked to sha256:' in errors.render(failure.value)
    assert place.read('a/metadata.yaml') == 'name: a\n'


def test_collected_charms_are_stocked_and_nothing_else(place: Place) -> None:
    for name, mark in (('one', 'metadata.yaml'), ('two', 'charmcraft.yaml'), ('data', 'other')):
        (place.build / name).mkdir(parents=True)
        (place.build / name / mark).write_text('name: x\n')
    repo = place.path / 'repo'
    assert sources.stock(place.build, repo) == ['one', 'two']
    assert sources.stock(place.build, repo) == []
    (place.build / 'one/new').touch()
    (repo / '.two.hoodoo-new').mkdir()
    assert sources.stock(place.build, repo) == ['one']
    assert sorted(os.listdir(repo)) == ['one', 'two']


def test_progress_tells_what_runs(place: Place, charm: Path) -> None:
    place.collect('a ../charms/a\nb ../charms/a\n')
    assert any('a (comparing)' in text for text in place.progress)
    assert place.progress[-1] == '2 of 2 collected'
