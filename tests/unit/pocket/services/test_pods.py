"""What pods are made of, and how they show."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bedrock.charm import Charm
from pocket.model import Base, PortRange, Status
from pocket.model.pods import ContainerSpec, OciReference
from pocket.services import (
    applications,
    charms,
    derive,
    machines,
    models,
    network,
    refresh,
    resources,
    status,
    uniter,
)
from pocket.services.cluster import images, pods, views
from pocket.services.cluster.pods import PodRecord
from pocket.services.errors import JujuError
from pocket.services.storage import provisioning
from pocket.services.storage import requests as storage_requests
from tests.unit.pocket.services.conftest import World

DATA = {'data': {'type': 'filesystem', 'location': '/data'}}


@pytest.fixture
def world(caas: World) -> World:
    return caas


def _pod(world: World) -> PodRecord:
    (pod,) = pods.wanted(world.tx)
    return pod


def _supply(world: World, content: bytes = b'registrypath: registry.example/web:1\n') -> None:
    resources.store_upload(
        world.tx,
        world.uuid,
        'app',
        'web-image',
        fingerprint='ab' * 48,
        size=1,
        username='admin',
        image=images.parse('web-image', content),
    )


def test_a_pod_waits_for_its_image(world: World) -> None:
    world.deploy_k8s('app')
    assert _pod(world).waiting == 'waiting for image of resource web-image'
    _supply(world, b'{"ImageName": "registry.example/web:1", "Username": "me", "Password": "hunter2"}')
    pod = _pod(world)
    assert pod.waiting == ''
    (container,) = pod.spec.containers
    assert container.image == OciReference(path='registry.example/web:1', username='me', password='hunter2')
    assert 'hunter2' not in repr(pod)
    assert 'hunter2' not in repr(resources.list_(world.tx, world.uuid, 'app'))


def test_a_tag_that_was_looked_up_stays_until_the_image_is_supplied_again(world: World) -> None:
    world.deploy_k8s('app')
    _supply(world)

    def meant() -> OciReference:
        (container,) = _pod(world).spec.containers
        assert container.image is not None
        return container.image

    def pin(reference: OciReference, digest: str, *, since: int) -> None:
        images.pin(world.tx, world.uuid, 'app', reference, digest, since=since, entity='unit-app-0')

    def change() -> int:
        return images.change(world.tx, world.uuid, 'app')

    asked, first = meant(), change()
    pin(asked, 'sha256:1', since=first)
    assert meant().digest == 'sha256:1'
    assert change() == first, 'no pod is replaced for that'
    pin(asked, 'sha256:2', since=first)
    assert meant().digest == 'sha256:1'
    charm_url = world.upload(world.make_k8s_charm('app'))
    refresh.set_charm(world.tx, world.uuid, 'app', charm_url=charm_url)
    assert meant().digest == 'sha256:1', 'another charm is no other image'
    _supply(world)
    pin(asked, 'sha256:3', since=first)
    assert meant().digest == '', 'who asked before that has no say'
    pin(asked, 'sha256:3', since=change())
    _supply(world, b'registrypath: registry.example/web:2\n')
    pin(asked, 'sha256:4', since=change())
    assert meant() == OciReference(path='registry.example/web:2')
    assert images.change(world.tx, world.uuid, 'nobody') == -1


def test_a_pod_waits_for_its_charm(world: World) -> None:
    charm = world.make_k8s_charm('app')
    charms.add_from_store(
        world.tx, world.uuid, 'ch:app-1', revision=1, sha256='0' * 64, charm=charm, origin={}
    )
    applications.deploy(world.tx, world.uuid, name='app', charm_url='ch:app-1', num_units=1)
    assert _pod(world).waiting == 'downloading charm'


def _with_containers(charm: Charm, containers: dict[str, Any]) -> Charm:
    return dataclasses.replace(charm, metadata={**charm.metadata, 'containers': containers})


@pytest.mark.parametrize(
    ('containers', 'specs'),
    [
        ({}, ()),
        ({'b': None, 'a': {}}, (ContainerSpec(name='a', image=None), ContainerSpec(name='b', image=None))),
        ({'a': {'bases': [], 'uid': 33, 'gid': 34}}, (ContainerSpec(name='a', image=None, uid=33, gid=34),)),
        (
            {'a': {'mounts': [{'storage': 'data', 'location': '/srv'}]}},
            (ContainerSpec(name='a', image=None, mounts={'/srv': 'KEY-0'}),),
        ),
        (
            {'a': {'mounts': [{'storage': 'data'}]}},
            (ContainerSpec(name='a', image=None, mounts={'/data': 'KEY-0'}),),
        ),
        ({'a': {'mounts': [{'storage': 'other', 'location': '/x'}]}}, (ContainerSpec(name='a', image=None),)),
    ],
)
def test_containers_are_as_the_charm_says(
    world: World, containers: dict[str, Any], specs: tuple[ContainerSpec, ...]
) -> None:
    charm = _with_containers(world.make_k8s_charm('app', storage=DATA), containers)
    world.deploy_k8s('app', charm)
    spec = _pod(world).spec
    shown = tuple(
        dataclasses.replace(
            one, mounts={path: key.replace(world.uuid, 'KEY') for path, key in one.mounts.items()}
        )
        for one in spec.containers
    )
    assert shown == specs
    assert spec.mounts == {'/data': provisioning.key(world.uuid, 0)}


def test_several_instances_are_mounted_beside_each_other(world: World) -> None:
    several = {'data': {'type': 'filesystem', 'multiple': {'range': '2'}}}
    world.deploy_k8s('app', world.make_k8s_charm('app', storage=several))
    (container,) = _pod(world).spec.containers
    assert list(container.mounts) == ['/srv/data/0', '/srv/data/1']


def test_another_charm_makes_another_pod(world: World) -> None:
    world.deploy_k8s('app')
    _supply(world)
    new = _with_containers(world.make_k8s_charm('app'), {'web': {'resource': 'web-image'}, 'more': {}})
    url = world.upload(new)
    refresh.set_charm(world.tx, world.uuid, 'app', charm_url=url, base=Base(name='ubuntu', channel='24.04'))
    assert [one.name for one in _pod(world).spec.containers] == ['more', 'web']


@pytest.mark.parametrize(
    ('content', 'path'),
    [
        (b'registrypath: ubuntu', 'ubuntu'),
        (b'registrypath: oci:/srv/image:1', 'oci:/srv/image:1'),
        (b'registrypath: oci-archive:/srv/image.tar', 'oci-archive:/srv/image.tar'),
        (b'{"ImageName":"localhost:32000/a/b_c:v1.2"}', 'localhost:32000/a/b_c:v1.2'),
        (b'registrypath: ghcr.io/a/b@sha256:' + b'a' * 64, f'ghcr.io/a/b@sha256:{"a" * 64}'),
    ],
)
def test_an_image_is_named(content: bytes, path: str) -> None:
    assert images.parse('x', content) == f'{{"path": "{path}"}}'


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'does not name an image'),
        (b'just text', 'does not name an image'),
        (b'password: [', 'does not name an image'),
        (b'\xff\xfe\x00', 'does not name an image'),
        (b'username: x', 'docker image path "" not valid'),
        (b'registrypath: oci:relative', 'docker image path "oci:relative" not valid'),
        (b'registrypath: --all', 'docker image path "--all" not valid'),
        (b'registrypath: "docker://x y"', 'not valid'),
    ],
)
def test_what_names_no_image_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(JujuError, match=message):
        images.parse('x', content)


def test_the_storage_of_a_pod_is_claimed_by_the_names_that_juju_gives(world: World) -> None:
    several = {'many': {'type': 'filesystem', 'multiple': {'range': '2-'}}, **DATA}
    world.deploy_k8s('app', world.make_k8s_charm('app', storage=several), units=2)
    (pod, other) = views.pods(world.tx, world.uuid)
    names = [volume['name'] for volume in pod['spec']['volumes']]
    assert sorted(name.rpartition('-')[0] for name in names) == ['app-data', 'app-many', 'app-many']
    assert names == [volume['name'] for volume in other['spec']['volumes']]
    claims = {claim['metadata']['name']: claim for claim in views.volume_claims(world.tx, world.uuid)}
    assert set(claims) == {f'{name}-app-{number}' for name in names for number in (0, 1)}
    for volume in pod['spec']['volumes']:
        claim = claims[volume['persistentVolumeClaim']['claimName']]
        assert claim['status'] == {
            'phase': 'Bound',
            'accessModes': ['ReadWriteOnce'],
            'capacity': {'storage': '1024Mi'},
        }


def test_a_storage_keeper_leaves_pods_alone_until_they_are_gone(world: World) -> None:
    world.deploy_k8s('app', world.make_k8s_charm('app', storage=DATA))
    pod = _pod(world)
    world.start('app/0')
    applications.destroy(world.tx, world.uuid, 'app', destroy_storage=True)
    world.finish('app/0')
    work = provisioning.work(world.tx, world.uuid, 'data/0')
    assert work is not None
    assert work.task is provisioning.Task.NOTHING
    machines.remove(world.tx, world.uuid, pod.id)
    work = provisioning.work(world.tx, world.uuid, 'data/0')
    assert work is not None
    assert work.task is provisioning.Task.DELETE


def test_storage_of_a_pod_stays_with_it(world: World) -> None:
    world.deploy_k8s('app', world.make_k8s_charm('app', storage=DATA))
    with pytest.raises(JujuError, match='detaching storage data/0: not supported on container models'):
        storage_requests.detach(world.tx, world.uuid, 'data/0')


def test_a_model_goes_with_its_last_pod(world: World) -> None:
    world.deploy_k8s('app', units=2)
    going = [pod.id for pod in pods.wanted(world.tx)]
    models.destroy(world.tx, world.uuid, force=True)
    for pod in going:
        assert models.find(world.tx, world.uuid) is not None
        machines.remove(world.tx, world.uuid, pod)
    assert models.find(world.tx, world.uuid) is None


@pytest.mark.parametrize(
    ('agent', 'workload', 'pod', 'shown'),
    [
        ('allocating', 'waiting', ('pending', ''), 'waiting installing agent'),
        ('allocating', 'waiting', ('allocating', 'pulling image'), 'waiting pulling image'),
        ('allocating', 'waiting', ('provisioning error', 'no such image'), 'error no such image'),
        ('idle', 'active', ('allocating', 'pulling image'), 'waiting pulling image'),
        ('idle', 'blocked', ('allocating', 'pulling image'), 'blocked installing agent'),
        ('idle', 'active', ('running', 'Running'), 'active installing agent'),
    ],
)
def test_a_unit_shows_what_is_wrong_with_its_pod(
    agent: str, workload: str, pod: tuple[str, str], shown: str
) -> None:
    found = derive.in_pod(
        Status(value=agent),
        Status(value=workload, message='installing agent'),
        Status(value=pod[0], message=pod[1]),
    )
    assert f'{found.value} {found.message}' == shown


def test_a_failed_pod_is_shown_in_the_whole_and_in_a_part(world: World) -> None:
    world.deploy_k8s('app')
    machines.set_failed(world.tx, world.uuid, _pod(world).id, 'ErrImagePull: no such image')
    for snapshot in (
        status.snapshot(world.tx, world.uuid),
        status.part(world.tx, world.uuid, {('unit', 'app/0')}),
    ):
        assert snapshot.machines == ()
        workload = snapshot.units['app/0'].workload
        assert (workload.value, workload.message) == ('error', 'ErrImagePull: no such image')
    assert status.history(world.tx, world.uuid, 'instance', _pod(world).id) == []


def test_others_reach_a_unit_by_its_service(world: World) -> None:
    world.deploy_k8s(
        'app', dataclasses.replace(world.make_k8s_charm('app'), metadata={'extra-bindings': {'x': None}})
    )
    world.start('app/0')
    address = f'10.0.0.{int(_pod(world).id) + 2}'
    found = network.info(world.tx, world.uuid, 'app/0', 'x')
    assert (found['ingress-addresses'], found['egress-subnets']) == ([address], [f'{address}/32'])
    world.tx.db.execute("UPDATE application SET service_address = '10.0.0.200'")
    found = network.info(world.tx, world.uuid, 'app/0', 'x')
    assert (found['ingress-addresses'], found['egress-subnets']) == (['10.0.0.200'], ['10.0.0.200/32'])
    assert found['bind-addresses'][0]['addresses'][0]['value'] == address
    view = world.view('app/0')
    assert (view.private_address, view.public_address) == (address, '10.0.0.200')


def test_a_relation_carries_the_address_of_the_service(world: World) -> None:
    charm = world.make_k8s_charm('app')
    peers = world.make_charm('app', peers={'cluster': 'gossip'}).endpoints
    world.deploy_k8s('app', dataclasses.replace(charm, endpoints=peers))
    world.tx.db.execute("UPDATE application SET service_address = '10.0.0.200'")
    world.start('app/0')
    world.enter(0, 'app/0')
    settings = uniter.unit_settings(world.tx, world.uuid, 0, 'app/0')
    assert settings == {
        'egress-subnets': '10.0.0.200/32',
        'ingress-address': '10.0.0.200',
        'private-address': '10.0.0.200',
    }


def test_ranges_of_ports_are_for_machines(world: World) -> None:
    world.deploy_k8s('app')
    one, many = (
        PortRange(protocol='tcp', first=80, last=80),
        PortRange(protocol='tcp', first=90, last=99),
    )
    network.change_ports(world.tx, world.uuid, 'app/0', opened=[one], closed=[])
    with pytest.raises(JujuError, match='port ranges not supported on Kubernetes'):
        network.change_ports(world.tx, world.uuid, 'app/0', opened=[many], closed=[])
    assert network.opened_ports(world.tx, world.uuid, 'app/0') == [one]


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({'series': ['kubernetes']}, {'bases': ()}, 'describes its pods by a pod spec'),
    ({}, {'subordinate': True}, 'is a subordinate'),
    ({}, {'storage': {'raw': {'type': 'block'}}}, 'block storage "raw" is not supported'),
    ({'assumes': ['k8s-api >= 99']}, {}, 'charm requires Kubernetes API version >= 99.0.0'),
]


@pytest.mark.parametrize(('metadata', 'fields', 'message'), REFUSED, ids=[case[2] for case in REFUSED])
def test_a_charm_that_does_not_fit_is_refused(
    world: World, metadata: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    charm = dataclasses.replace(world.make_charm('app', bases=(('ubuntu', '24.04'),)), **fields)
    with pytest.raises(JujuError, match=message):
        world.deploy('app', dataclasses.replace(charm, metadata=metadata))
    assert world.applications == []


def test_a_charm_without_containers_has_a_pod_too(world: World) -> None:
    world.deploy('app', world.make_charm('app', bases=(('ubuntu', '24.04'),)))
    assert _pod(world).spec.containers == ()


@pytest.mark.parametrize(
    ('more', 'message'),
    [
        ({'placement': ['0']}, 'placement directive "0" not supported'),
        ({'placement': ['0', '1']}, 'only 1 placement directive is supported for container models, got 2'),
        ({'attach_storage': ['data/0']}, 'AttachStorage may not be specified for container models'),
    ],
)
def test_a_deployment_that_is_for_machines_is_refused(
    world: World, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(JujuError, match=message):
        world.deploy_k8s('app', **more)


def test_a_charm_with_containers_needs_kubernetes(world: World) -> None:
    other = world.beside('machines')
    charm = dataclasses.replace(world.make_k8s_charm('app'), metadata={'containers': {'a': {}}})
    with pytest.raises(JujuError, match='charm requires feature "k8s-api" but model does not support it'):
        other.deploy('app', charm)
    other.deploy('app', charm, force=True)
    assert pods.wanted(world.tx) == []
