"""Services, names and doors of a model on Kubernetes, from its rows."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from pocket.model import PortRange
from pocket.model.cluster import ClusterAddresses, ServicePort
from pocket.services import applications, hostnames, network
from pocket.services.cluster import addresses, ingresses, objectrows, pods, serviceviews, templates, views

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World


@pytest.fixture
def cluster(world: World) -> World:
    """An application of two units in pods that run."""
    world.tx.db.execute("UPDATE model SET cloud = 'k8s', region = 'default' WHERE uuid = ?", (world.uuid,))
    world.deploy('blog', world.make_charm('blog'), units=2)
    for number in (0, 1):
        machine = applications.get_unit(world.tx, world.uuid, f'blog/{number}').machine
        world.tx.db.execute(
            'UPDATE machine SET pod_of = ? WHERE model_uuid = ? AND id = ?',
            (f'blog/{number}', world.uuid, machine),
        )
    world.start('blog/0', 'blog/1')
    addresses.set_addresses(
        world.tx, {world.uuid: ClusterAddresses(gateway='10.0.0.1', services={'blog': '10.0.0.9'})}
    )
    return world


def _open(world: World, unit: str) -> None:
    port = PortRange(protocol='tcp', first=8080, last=8080, endpoint='')
    network.change_ports(world.tx, world.uuid, unit, opened=[port], closed=[])


def test_a_service_leads_to_the_running_pods_that_have_the_port_open(cluster: World) -> None:
    def ports() -> tuple[ServicePort, ...]:
        return addresses.wanted(cluster.tx)[0].services[0].ports

    assert ports() == ()
    _open(cluster, 'blog/1')
    assert ports() == (ServicePort(protocol='tcp', first=8080, last=8080, backends=('10.0.0.3',)),)
    _open(cluster, 'blog/0')
    assert ports()[0].backends == ('10.0.0.2', '10.0.0.3')
    cluster.tx.db.execute("UPDATE machine SET running = 0 WHERE pod_of = 'blog/0'")
    assert ports()[0].backends == ('10.0.0.3',)


def test_machine_models_have_no_services(world: World) -> None:
    world.deploy('web', world.make_charm('web'))
    assert addresses.wanted(world.tx) == []
    assert ingresses.front(world.tx, world.uuid) is None


def test_pods_and_services_have_kubernetes_names(cluster: World) -> None:
    names = hostnames.names(cluster.tx, cluster.uuid)
    assert names['10.0.0.2'][:2] == ('blog-0.blog-endpoints.m.svc.cluster.local', 'blog-0')
    assert 'blog-endpoints' in names['10.0.0.3']
    assert names['10.0.0.9'] == ('blog', 'blog.m', 'blog.m.svc', 'blog.m.svc.cluster.local')
    assert 'kubernetes.default.svc' in names['10.0.0.1']
    assert addresses.names_from_afar(cluster.tx, cluster.uuid)['10.0.0.9'] == (
        'blog.m.svc',
        'blog.m.svc.cluster.local',
    )


def test_the_api_shows_pods_and_services(cluster: World) -> None:
    _open(cluster, 'blog/0')
    pods = views.pods(cluster.tx, cluster.uuid)
    assert [(pod['metadata']['name'], pod['status']['phase']) for pod in pods] == [
        ('blog-0', 'Running'),
        ('blog-1', 'Running'),
    ]
    (service,) = serviceviews.documents(cluster.tx, cluster.uuid)
    assert (service['spec']['clusterIP'], service['spec']['ports'][0]['port']) == ('10.0.0.9', 8080)


def test_pods_and_sets_have_what_typed_clients_require(cluster: World) -> None:
    (pod, _), (made,) = (
        views.pods(cluster.tx, cluster.uuid),
        views.stateful_sets(cluster.tx, cluster.uuid),
    )
    for status in pod['status']['containerStatuses']:
        assert {'image', 'imageID', 'name', 'ready', 'restartCount'} <= set(status)
    assert {'selector', 'serviceName', 'template'} <= set(made['spec'])
    assert (made['spec']['replicas'], made['status']['updatedReplicas']) == (2, 2)


def _service(cluster: World, name: str, **spec: Any) -> None:
    ports = [{'port': 80, 'targetPort': 8080}]
    document = {'metadata': {}, 'spec': {'ports': ports, **spec}}
    objectrows.put(cluster.tx, cluster.uuid, 'Service', name, document)


def test_a_service_that_a_client_made_leads_to_what_it_selects(cluster: World) -> None:
    tx, uuid = cluster.tx, cluster.uuid
    templates.label(tx, uuid, 'blog-1', {'labels': {'role': 'primary'}})
    _service(cluster, 'primary', selector={'role': 'primary'})
    _service(cluster, 'all', clusterIP='None', selector={'app.kubernetes.io/name': 'blog'})
    (own, made) = addresses.wanted(tx)[0].services
    assert (own.name, own.ports) == ('blog', ())
    wanted = ServicePort(protocol='tcp', first=80, last=80, backends=('10.0.0.3',), target=8080)
    assert (made.name, made.ports) == ('primary', (wanted,))
    addresses.set_addresses(
        tx, {uuid: ClusterAddresses(gateway='10.0.0.1', services={'primary': '10.0.0.10'})}
    )
    names = hostnames.names(tx, uuid)
    assert names['10.0.0.10'][0] == 'primary'
    assert 'all.m.svc.cluster.local' in names['10.0.0.2']
    shown = {one['metadata']['name']: one for one in serviceviews.documents(tx, uuid)}
    assert shown['primary']['spec']['clusterIP'] == '10.0.0.10'


def test_a_patched_service_has_its_ports_and_those_that_the_charm_opened(cluster: World) -> None:
    _open(cluster, 'blog/0')
    _service(cluster, 'blog', selector={}, type='LoadBalancer')
    (service,) = addresses.wanted(cluster.tx)[0].services
    assert [(port.first, port.target, len(port.backends)) for port in service.ports] == [
        (80, 8080, 2),
        (8080, 0, 1),
    ]
    (shown,) = serviceviews.documents(cluster.tx, cluster.uuid)
    assert shown['status']['loadBalancer'] == {'ingress': [{'ip': '10.0.0.9'}]}
    objectrows.create(cluster.tx, cluster.uuid, 'Ingress', 'door', _ingress('a.example.com', port=80))
    front = ingresses.front(cluster.tx, cluster.uuid)
    assert front is not None
    assert front.routes[0].backends == ('10.0.0.2:8080', '10.0.0.3:8080')


def test_a_pod_shows_the_limits_that_it_was_started_with(cluster: World) -> None:
    tx, uuid = cluster.tx, cluster.uuid
    limits = {'charm': {'limits': {'memory': '1Gi'}}}
    templates.write(tx, uuid, 'blog', templates.Template(resources=limits, partition=1))
    revision = templates.read(tx, uuid, 'blog').revision(1)

    def shown() -> list[bool]:
        return ['resources' in pod['spec']['containers'][0] for pod in views.pods(tx, uuid)]

    assert shown() == [False, False]
    templates.note_started(tx, uuid, 'blog/0', '')  # of what was wanted when it began
    templates.note_started(tx, uuid, 'blog/1', revision)
    assert shown() == [False, True]
    (made,) = views.stateful_sets(tx, uuid)
    assert (made['status']['updatedReplicas'], made['status']['replicas']) == (1, 2)
    assert [pod.is_held for pod in pods.wanted(tx)] == [True, False]
    templates.restart(tx, uuid, 'blog-1')
    assert templates.read(tx, uuid, 'blog').revision(1) != revision


def test_what_was_said_of_an_application_goes_with_it(cluster: World) -> None:
    templates.write(cluster.tx, cluster.uuid, 'blog', templates.Template(partition=1))
    cluster.tx.db.execute('UPDATE application SET created_ms = created_ms + 1')
    assert templates.read(cluster.tx, cluster.uuid, 'blog') == templates.Template()


def _ingress(host: str, *, port: int = 8080, tls: str = '', **annotations: str) -> dict[str, Any]:
    backend = {'service': {'name': 'blog', 'port': {'number': port}}}
    return {
        'metadata': {
            'annotations': {
                f'nginx.ingress.kubernetes.io/{key.replace("_", "-")}': value
                for key, value in annotations.items()
            }
        },
        'spec': {
            'rules': [
                {'host': host, 'http': {'paths': [{'path': '/', 'pathType': 'Prefix', 'backend': backend}]}}
            ],
            **({'tls': [{'hosts': [host], 'secretName': tls}]} if tls else {}),
        },
    }


def test_ingresses_make_the_door(cluster: World) -> None:
    tx, uuid = cluster.tx, cluster.uuid
    assert ingresses.front(tx, uuid) is None
    data = {key: base64.b64encode(key.encode()).decode() for key in ('tls.crt', 'tls.key')}
    objectrows.create(tx, uuid, 'Secret', 'cert', {'type': 'kubernetes.io/tls', 'data': data})
    listed = '10.1.2.3/8, 2001:db8::/32, nonsense'
    wanted = {
        'a': _ingress('a.example.com', tls='cert', proxy_body_size='10m', proxy_send_timeout='300'),
        'b': _ingress('b.example.com', tls='cert', ssl_redirect='false'),
        'c': _ingress('c.example.com', tls='missing'),
        # The older one has what two want, and of two of the same age the first by name.
        'd': _ingress('a.example.com', port=1),
        '0': _ingress('a.example.com', port=2),
        'e': _ingress('e.example.com', whitelist_source_range=listed, limit_rps='3', limit_whitelist='::1'),
        'f': _ingress('f.example.com', whitelist_source_range='nonsense', limit_rps='many'),
    }
    for name, document in wanted.items():
        objectrows.create(tx, uuid, 'Ingress', name, document)
    tx.db.execute("UPDATE kube_object SET created_ms = created_ms + 1 WHERE name = '0'")
    front = ingresses.front(tx, uuid)
    assert front is not None
    found = {route.host: route for route in front.routes}
    assert found['a.example.com'].backends == ('10.0.0.2:8080', '10.0.0.3:8080')
    assert (found['a.example.com'].body_bytes, found['a.example.com'].timeout_s) == (10 * 2**20, 300)
    assert {host: route.is_secure for host, route in found.items()} == {
        'a.example.com': True,
        'b.example.com': False,
        'c.example.com': False,
        'e.example.com': False,
        'f.example.com': False,
    }
    assert {host: (route.admitted, route.rate, route.unlimited) for host, route in found.items()} == {
        **dict.fromkeys(('a.example.com', 'b.example.com', 'c.example.com'), (None, 0, ())),
        'e.example.com': (('10.0.0.0/8', '2001:db8::/32'), 3, ('::1/128',)),
        'f.example.com': ((), 0, ()),
    }
    assert front.certificates == {'cert': 'tls.crt\ntls.key\n'}
    assert front.hosts == {'cert': ('a.example.com', 'b.example.com')}
