from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pocket.model import JUJU_VERSION
from pocket.model.resources import Resource
from pocket.services import assumes, refresh, resources
from pocket.services.errors import JujuError

if TYPE_CHECKING:
    from bedrock.charm import Charm
    from tests.unit.pocket.services.conftest import World

WORDS = {'words': {'type': 'file', 'filename': 'words.txt'}}
SHA = 'ab' * 48


def _charm(world: World, declared: dict[str, Any] | None = None, **more: Any) -> Charm:
    return replace(world.make_charm('a', **more), resources=WORDS if declared is None else declared)


def _pending(world: World, url: str, name: str = 'words') -> str:
    wanted = Resource(application='a', name=name, type='file', path='words.txt')
    return resources.add_pending(world.tx, world.uuid, url, [wanted])[0]


def _upload(world: World, pending: str = '', fingerprint: str = SHA) -> None:
    resources.store_upload(
        *(world.tx, world.uuid, 'a', 'words'),
        fingerprint=fingerprint,
        size=5,
        username='admin',
        pending_id=pending,
    )


def test_a_deployed_application_lists_what_its_charm_wants_even_when_nobody_supplied_it(world: World) -> None:
    world.deploy('a', _charm(world))
    (found,) = resources.list_(world.tx, world.uuid, 'a')
    assert (found.name, found.path, found.origin, found.is_placeholder) == (
        'words',
        'words.txt',
        'upload',
        True,
    )


def test_a_pending_resource_becomes_the_applications(world: World) -> None:
    pending = _pending(world, world.upload(_charm(world)))
    _upload(world, pending)
    world.deploy('a', _charm(world), resource_ids={'words': pending})
    (found,) = resources.list_(world.tx, world.uuid, 'a')
    assert (found.fingerprint, found.username, found.pending_id) == (SHA, 'admin', '')
    assert resources.fingerprints(world.tx) == {SHA}


def test_an_upload_to_a_running_application_makes_its_units_upgrade(world: World) -> None:
    world.deploy('a', _charm(world))
    before = world.view('a/0').charm_modified
    _upload(world)
    assert world.view('a/0').charm_modified == before + 1


def test_a_refresh_keeps_what_the_new_charm_still_wants_and_drops_the_rest(world: World) -> None:
    world.deploy('a', _charm(world))
    _upload(world)
    more = {'words': {'type': 'file', 'filename': 'new.txt'}, 'more': {'type': 'oci-image'}}
    refresh.set_charm(world.tx, world.uuid, 'a', charm_url=world.upload(_charm(world, more)))
    found = {one.name: one for one in resources.list_(world.tx, world.uuid, 'a')}
    assert (found['words'].path, found['words'].fingerprint) == ('new.txt', SHA)
    assert found['more'].is_placeholder
    refresh.set_charm(world.tx, world.uuid, 'a', charm_url=world.upload(_charm(world, {})))
    assert resources.list_(world.tx, world.uuid, 'a') == []


def test_resources_go_with_their_application_and_unit(world: World) -> None:
    world.deploy('a', _charm(world))
    (found,) = resources.list_(world.tx, world.uuid, 'a')
    resources.given(world.tx, world.uuid, 'a/0', found)
    assert resources.of_unit(world.tx, world.uuid, 'a/0') == [found]
    world.tx.db.execute('DELETE FROM unit')
    world.tx.db.execute('DELETE FROM application')
    assert resources.list_(world.tx, world.uuid, 'a') == []
    assert resources.of_unit(world.tx, world.uuid, 'a/0') == []


def test_what_was_announced_long_ago_is_forgotten(world: World) -> None:
    pending = _pending(world, 'local:unknown-0')
    resources.forget_pending(world.tx)
    assert resources.find(world.tx, world.uuid, 'a', 'words', pending_id=pending) is not None
    world.tx.now_ms += resources.PENDING_MS + 1
    resources.forget_pending(world.tx)
    assert resources.find(world.tx, world.uuid, 'a', 'words', pending_id=pending) is None


def test_what_does_not_fit_is_refused(world: World) -> None:
    world.deploy('a', _charm(world))
    url = world.upload(_charm(world))
    with pytest.raises(JujuError, match='charm "a" has no resource "x"'):
        _pending(world, url, 'x')
    with pytest.raises(JujuError, match=r'pending resource "b/words" \(1\) not found'):
        world.deploy('b', _charm(world), resource_ids={'words': '1'})
    with pytest.raises(JujuError, match=r'incorrect extension on resource upload "x.tar", expected ".txt"'):
        resources.check_upload(world.tx, world.uuid, 'a', 'words', file_name='x.tar')
    with pytest.raises(JujuError, match='invalid fingerprint'):
        resources.check_fingerprint('xyz')


@pytest.mark.parametrize(
    ('forced', 'bases', 'said'),
    [
        (
            {},
            (('ubuntu', '22.04'),),
            'base "ubuntu@24.04" not supported by charm, the charm supported bases are',
        ),
        (
            {'force_base': True},
            (('debian', '12'),),
            'OS "ubuntu" not supported by charm, supported OSes are: debian',
        ),
        ({'force_base': True}, (('ubuntu', '22.04'),), ''),
        ({}, (('ubuntu', '24.04'),), ''),
    ],
)
def test_a_refresh_minds_the_charms_bases(
    world: World, forced: dict[str, Any], bases: tuple[tuple[str, str], ...], said: str
) -> None:
    world.deploy('a', _charm(world))
    url = world.upload(_charm(world, bases=bases))
    with pytest.raises(JujuError, match=said) if said else contextlib.nullcontext():
        refresh.set_charm(world.tx, world.uuid, 'a', charm_url=url, **forced)


def test_a_relation_without_endpoint_is_refused_and_by_force_left_without_hooks(world: World) -> None:
    world.deploy('a', _charm(world, requires={'up': 'http'}))
    world.deploy('b', world.make_charm('b', provides={'site': 'http'}))
    relation = world.relate('a', 'b')
    world.start('a/0', 'b/0')
    world.enter(relation, 'a/0', 'b/0')
    url = world.upload(_charm(world))
    with pytest.raises(JujuError, match='would break relation "a:up b:site"'):
        refresh.set_charm(world.tx, world.uuid, 'a', charm_url=url)
    refresh.set_charm(world.tx, world.uuid, 'a', charm_url=url, force=True)
    (seen,) = world.view('a/0').relations
    assert (seen.endpoint, seen.implicit, seen.in_scope) == ('up', True, True)


FEATURES = {'juju': '3.6.12'}


@pytest.mark.parametrize(
    ('expression', 'lines'),
    [
        (None, []),
        (['juju'], []),
        (['juju >= 3.4', 'juju < 4'], []),
        (['juju >= 4'], ['  - charm requires Juju version >= 4.0.0, model has version 3.6.12']),
        (['k8s-api'], ['  - charm requires feature "k8s-api" but model does not support it']),
        ([{'any-of': ['k8s-api', 'juju >= 3']}], []),
        (
            [{'any-of': ['k8s-api', {'all-of': ['juju < 3']}]}],
            [
                '  - charm requires at least one of the following:',
                '    - charm requires feature "k8s-api" but model does not support it',
                '    - charm requires all of the following:',
                '      - charm requires Juju version < 3.0.0, model has version 3.6.12',
            ],
        ),
    ],
)
def test_what_a_charm_assumes_is_checked_in_jujus_words(expression: object, lines: list[str]) -> None:
    assert assumes.unsatisfied(expression, FEATURES) == lines


@pytest.mark.parametrize(
    'expression', ['juju', [3], [{'none-of': []}], ['juju > 3'], [{'any-of': 'juju'}], [[]]]
)
def test_what_is_no_expression_is_refused(expression: object) -> None:
    with pytest.raises(JujuError, match='malformed expression'):
        assumes.unsatisfied(expression, FEATURES)


def test_force_passes_over_assumptions_but_not_over_the_least_juju(world: World) -> None:
    charm = replace(_charm(world), metadata={'assumes': ['k8s-api']})
    with pytest.raises(JujuError, match='Charm cannot be deployed because:\n  - charm requires feature'):
        world.deploy('a', charm)
    world.deploy('a', charm, force=True)
    newer = replace(_charm(world), metadata={'min-juju-version': '99.0'})
    with pytest.raises(JujuError) as caught:
        world.deploy('b', newer, force=True)
    assert caught.value.message == (
        f"charm's min version (99.0) is higher than this juju model's version ({JUJU_VERSION})"
    )
