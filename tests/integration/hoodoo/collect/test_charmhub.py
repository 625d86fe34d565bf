"""Collecting charms from a charm store on this host."""

from __future__ import annotations

import pytest

from bedrock import errors
from tests import charmstore
from tests.integration.hoodoo.collect.conftest import Place


def test_a_charm_is_collected_from_its_channel_and_followed(
    place: Place, store: charmstore.FakeStore
) -> None:
    got = place.collect('a ch:keeper\nb ch:keeper;channel=edge\nc ch:keeper-1\nd cs:~me/trusty/keeper\n')
    assert {name: one.revision for name, one in got.items()} == {'a': '1', 'b': '2', 'c': '1', 'd': '1'}
    assert place.read('b/notes') == '2\n'
    assert (place.build / 'a/dispatch').stat().st_mode & 0o777 == 0o755
    assert place.states('a ch:keeper') == {'a': 'unchanged'}
    downloads = sorted(path for path in store.asked if 'download' in path)
    assert downloads == ['GET /download/charm/1', 'GET /download/charm/2']
    store.releases.append(charmstore.release(3, 'latest/stable', words='newer'))
    assert place.states('a ch:keeper') == {'a': 'updated'}
    assert place.read('a/notes') == '3\n'


def test_the_series_of_the_project_chooses_the_release(place: Place, store: charmstore.FakeStore) -> None:
    store.releases.append(charmstore.release(4, 'latest/stable', words='old', bases=('22.04',)))
    assert place.collect('a ch:keeper')['a'].revision == '1'


def test_the_cache_has_what_was_had(place: Place, store: charmstore.FakeStore) -> None:
    pins = place.locked('a ch:keeper')
    place.collect('a ch:keeper', offline=True, build=place.path / 'other')
    assert (place.path / 'other/a/notes').read_text() == '1\n'
    store.releases.append(charmstore.release(3, 'latest/stable', words='newer'))
    place.collect('a ch:keeper')
    place.collect('a ch:keeper', pins=pins)
    assert place.read('a/notes') == '1\n'
    with pytest.raises(errors.Fault) as failure:
        place.collect('b ch:keeper;channel=beta', offline=True)
    assert 'was never fetched here' in errors.render(failure.value)


def test_a_store_that_refuses_or_is_not_there_is_told(place: Place, store: charmstore.FakeStore) -> None:
    store.failing_downloads = 1
    for line, why in (
        ('a ch:keeper', 'damaged'),
        ('a ch:nobody', 'Name nobody not found'),
        ('a ch:keeper;channel=beta', 'latest/stable with'),
        ('a ch:keeper-77', 'No revision was found'),
        ('a ch:keeper;base_url=http://127.0.0.1:1', 'cannot reach the charm store'),
    ):
        with pytest.raises(errors.Fault) as failure:
            place.collect(line)
        assert why in errors.render(failure.value)
    assert not (place.build / 'a').exists()


def test_a_tree_of_version_control_is_not_replaced_unasked(place: Place, store: charmstore.FakeStore) -> None:
    (place.build / 'a/.git').mkdir(parents=True)
    with pytest.raises(errors.Fault) as failure:
        place.collect('a ch:keeper')
    assert 'overwrite=True' in errors.render(failure.value)
    place.collect(f'a ch:keeper;overwrite=True,base_url={store.url}')
    assert not (place.build / 'a/.git').exists()
