"""A model on Kubernetes as clients see it: FullStatus, the watcher, and jubilant behind the juju command."""

from __future__ import annotations

import jubilant
import pytest

from pocket.api.fullstatus import full_status
from pocket.api.pictures import Picture
from pocket.client.render import status as rendered
from pocket.client.render import status_table
from pocket.model import PortRange
from pocket.services import network, status, uniter
from tests.unit.pocket.services.conftest import World, open_tx


@pytest.fixture
def world() -> World:
    world = World(open_tx(), cloud='k8s')
    world.deploy_k8s('web', units=2)
    world.start('web/0')
    uniter.set_unit_status(world.tx, world.uuid, 'web/0', 'active', 'ready')
    uniter.claim_leadership(world.tx, world.uuid, 'web/0')
    network.change_ports(
        world.tx,
        world.uuid,
        'web/0',
        opened=[PortRange(protocol='tcp', first=8080, last=8080)],
        closed=[],
    )
    world.tx.db.execute("UPDATE application SET service_address = '10.0.0.200'")
    return world


def _document(world: World) -> dict[str, object]:
    full = full_status(status.snapshot(world.tx, world.uuid), arch='amd64', include_storage=True)
    return rendered.document(full, controller='pocket', style=rendered.Style(utc=True))


def test_jubilant_reads_the_status(world: World) -> None:
    found = jubilant.Status._from_dict(_document(world))  # pyright: ignore[reportPrivateUsage]
    assert found.model.type == 'caas'
    assert found.machines == {}
    web = found.apps['web']
    assert (web.scale, web.address, web.is_waiting) == (2, '10.0.0.200', True)
    assert web.provider_id
    unit = web.units['web/0']
    assert (unit.address, unit.provider_id, unit.machine) == ('10.0.0.2', 'web-0', '')
    assert (unit.public_address, unit.open_ports, unit.leader) == ('', ['8080/tcp'], True)
    assert web.units['web/1'].workload_status.message == 'installing agent'


def test_the_table_has_addresses_and_no_machines(world: World) -> None:
    lines = status_table.tables(_document(world)).splitlines()
    shown = [' '.join(line.split()) for line in lines if line.startswith(('App', 'web', 'Unit', 'Machine'))]
    assert shown == [
        'App Version Status Scale Charm Channel Rev Address Exposed Message',
        'web waiting 1/2 web 0 10.0.0.200 no installing agent',
        'Unit Workload Agent Address Ports Message',
        'web/0* active idle 10.0.0.2 8080/tcp ready',
        'web/1 waiting allocating installing agent',
    ]


def test_a_watcher_is_told_of_no_pods(world: World) -> None:
    watched = Picture(world.uuid, controller_uuid='c', arch='amd64')
    assert {kind for kind, _, _ in watched.look(world.tx)} == {'model', 'charm', 'application', 'unit'}
    world.start('web/1')
    ((kind, change, document),) = watched.look(world.tx)
    assert (kind, change, document['name']) == ('unit', 'change', 'web/1')
    assert (document['machine-id'], document['private-address']) == ('', '10.0.0.3')
