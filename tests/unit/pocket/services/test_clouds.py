"""Clouds to rehearse on: their regions and zones, and credentials that are kept for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pocket.services import clouds, credentials, hostnames, logs, machines, models
from pocket.services.errors import ALREADY_EXISTS, NOT_FOUND, NOT_SUPPORTED, NOT_VALID, JujuError

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World

AWS: Mapping[str, Any] = {'type': 'ec2', 'regions': [{'name': 'us-east-1'}, {'name': 'eu-west-1'}]}
TAG = 'cloudcred-aws_admin_me'


def _aws_model(world: World, *, region: str = 'us-east-1', credential: str = '') -> str:
    return models.add(
        world.tx, name='a', owner='admin', cloud='aws', region=region, credential=credential, config={}
    )


def test_the_machines_own_cloud_is_there_and_stays(world: World) -> None:
    own, kubernetes = clouds.list_(world.tx)
    assert (own.name, own.type, own.regions, own.auth_types) == ('pocket', 'pocket', ('default',), ('empty',))
    assert (kubernetes.name, kubernetes.type) == ('k8s', 'kubernetes')
    with pytest.raises(JujuError, match='cloud is used by'):
        clouds.remove(world.tx, 'pocket')


def test_a_cloud_is_added_changed_and_removed(world: World) -> None:
    clouds.add(world.tx, 'aws', AWS)
    found = clouds.get(world.tx, 'aws')
    assert (found.regions, found.auth_types) == (
        ('us-east-1', 'eu-west-1'),
        ('access-key', 'instance-role', 'empty'),
    )
    clouds.update(world.tx, 'aws', {**AWS, 'regions': [{'name': 'us-east-1', 'endpoint': 'https://e'}]})
    assert clouds.get(world.tx, 'aws').definition['regions'] == [
        {'name': 'us-east-1', 'endpoint': 'https://e'}
    ]
    clouds.remove(world.tx, 'aws')
    assert [cloud.name for cloud in clouds.list_(world.tx)] == ['pocket', 'k8s']


@pytest.mark.parametrize(
    ('name', 'definition', 'code'),
    [
        ('aws', AWS, ALREADY_EXISTS),
        ('a/b', AWS, NOT_VALID),
        ('', AWS, NOT_VALID),
        ('x', {'type': 'teapot'}, NOT_VALID),
        ('x', {**AWS, 'regions': [{'name': ''}]}, NOT_VALID),
        ('x', {**AWS, 'regions': [{'name': 'r'}, {'name': 'r'}]}, NOT_VALID),
    ],
)
def test_a_wrong_cloud_is_refused(world: World, name: str, definition: Mapping[str, Any], code: str) -> None:
    clouds.add(world.tx, 'aws', AWS)
    with pytest.raises(JujuError) as caught:
        clouds.add(world.tx, name, definition)
    assert caught.value.code == code


def test_what_models_use_is_not_taken_away(world: World) -> None:
    clouds.add(world.tx, 'aws', AWS)
    _aws_model(world)
    with pytest.raises(JujuError, match='cloud is used by 1 model'):
        clouds.remove(world.tx, 'aws')
    with pytest.raises(JujuError, match='cannot remove region "us-east-1"'):
        clouds.update(world.tx, 'aws', {**AWS, 'regions': [{'name': 'eu-west-1'}]})
    with pytest.raises(JujuError, match='cannot change cloud "aws" type'):
        clouds.update(world.tx, 'aws', {**AWS, 'type': 'gce'})


def test_a_region_is_the_first_unless_named(world: World) -> None:
    clouds.add(world.tx, 'aws', AWS)
    cloud = clouds.get(world.tx, 'aws')
    assert (clouds.region(cloud, ''), clouds.region(cloud, 'eu-west-1')) == ('us-east-1', 'eu-west-1')
    with pytest.raises(JujuError) as caught:
        clouds.region(cloud, 'moon')
    assert str(caught.value) == 'region "moon" not found (expected one of ["us-east-1" "eu-west-1"])'


@pytest.mark.parametrize(
    ('type_', 'zones'),
    [
        ('ec2', ['ra', 'rb', 'rc', 'ra']),
        ('gce', ['r-a', 'r-b', 'r-c', 'r-a']),
        ('azure', ['1', '2', '3', '1']),
    ],
)
def test_machines_take_turns_in_the_zones_of_a_region(world: World, type_: str, zones: list[str]) -> None:
    clouds.add(world.tx, 'aws', {'type': type_, 'regions': [{'name': 'r'}]})
    uuid = _aws_model(world, region='r')
    for _ in zones:
        machines.add(world.tx, uuid)
    assert [machine.zone for machine in machines.list_(world.tx, uuid)] == zones
    last = machines.add(world.tx, uuid, zone=zones[2])
    bound = machines.add(world.tx, uuid, constraints={'zones': [zones[1]]})
    assert machines.get(world.tx, uuid, last).zone == zones[2]
    assert machines.get(world.tx, uuid, bound).zone == zones[1]
    assert machines.get(world.tx, uuid, last).region == 'aws/r'
    with pytest.raises(JujuError, match='availability zone "nowhere" not valid'):
        machines.add(world.tx, uuid, zone='nowhere')


def test_credentials_are_kept_for_models_and_revoked(world: World) -> None:
    clouds.add(world.tx, 'aws', AWS)
    attributes = {'access-key': 'a', 'secret-key': 's'}
    assert credentials.put(world.tx, TAG, auth_type='access-key', attributes=attributes) == []
    with pytest.raises(JujuError) as caught:
        credentials.put(world.tx, TAG, auth_type='access-key', attributes={}, new=True)
    assert caught.value.code == ALREADY_EXISTS
    with pytest.raises(JujuError) as caught:
        credentials.put(world.tx, TAG, auth_type='oauth1', attributes={})
    assert caught.value.code == NOT_SUPPORTED
    chosen = credentials.for_model(world.tx, clouds.get(world.tx, 'aws'), TAG)
    uuid = _aws_model(world, credential=chosen)
    assert credentials.models_of(world.tx, chosen) == [(uuid, 'a')]
    with pytest.raises(JujuError, match='still used by 1 model'):
        credentials.revoke(world.tx, TAG, force=False)
    assert credentials.revoke(world.tx, TAG, force=True) == [(uuid, 'a')]
    assert models.info(world.tx, uuid).credential == ''
    with pytest.raises(JujuError) as caught:
        credentials.get(world.tx, TAG)
    assert (str(caught.value), caught.value.code) == ('credential "aws/admin/me" not found', NOT_FOUND)
    assert credentials.list_(world.tx, owner='admin') == []


@pytest.mark.parametrize('tag', ['', 'cloud-aws', 'cloudcred-aws', 'cloudcred-aws_me', 'cloudcred-_a_b'])
def test_a_wrong_tag_is_refused(world: World, tag: str) -> None:
    with pytest.raises(JujuError, match='is not a valid cloudcred tag'):
        credentials.get(world.tx, tag)


def test_machines_units_and_applications_have_names_within_their_model(world: World) -> None:
    units = world.deploy('app', world.make_charm('app'), units=2)
    world.deploy('localhost', world.make_charm('other'))
    assert hostnames.names(world.tx, world.uuid) == {}
    world.start(*units, 'localhost/0')
    found = hostnames.names(world.tx, world.uuid)
    hosts = [machine.host_name for machine in machines.list_(world.tx, world.uuid)]
    assert found == {
        '10.0.0.2': (hosts[0], 'app-0', 'app'),
        '10.0.0.3': (hosts[1], 'app-1', 'app'),
        '10.0.0.4': (hosts[2], 'localhost-0'),
    }


def test_a_message_is_logged_once_whoever_says_it(world: World) -> None:
    for machine in ('machine-0', 'machine-1'):
        logs.append_once(
            world.tx, world.uuid, entity=machine, severity='WARNING', module='x', message='not available'
        )
    assert [line.entity for line in logs.tail(world.tx, world.uuid)] == ['machine-0']
