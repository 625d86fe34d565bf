"""A model in memory, and short ways to bring it where a test wants it."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bedrock.charm import Charm, Endpoint, Option
from pocket.model import Base, UnitView
from pocket.services import applications, charms, machines, models, relations, uniter
from pocket.state import Tx, schema


def make_charm(
    name: str,
    *,
    provides: Mapping[str, str] | None = None,
    requires: Mapping[str, str] | None = None,
    peers: Mapping[str, str] | None = None,
    container: tuple[str, ...] = (),
    limits: Mapping[str, int] | None = None,
    options: Mapping[str, Option] | None = None,
    actions: Mapping[str, Mapping[str, Any]] | None = None,
    subordinate: bool = False,
    bases: tuple[tuple[str, str], ...] = (),
) -> Charm:
    """A charm with endpoints given as name -> interface."""
    endpoints = {
        endpoint: Endpoint(
            name=endpoint,
            role=role,
            interface=interface,
            scope='container' if endpoint in container else 'global',
            limit=(limits or {}).get(endpoint, 0),
        )
        for role, declared in (('provider', provides), ('requirer', requires), ('peer', peers))
        for endpoint, interface in (declared or {}).items()
    }
    return Charm(
        name=name,
        subordinate=subordinate,
        bases=bases,
        options=options or {},
        endpoints=endpoints,
        actions=actions or {},
        resources={},
        storage={},
        metadata={},
    )


BASE = Base(name='ubuntu', channel='24.04')


class World:
    """One model and what a test does to it."""

    def __init__(self, tx: Tx, name: str = 'm', *, cloud: str = 'pocket') -> None:
        self.tx = tx
        self.uuid = models.add(tx, name=name, owner='admin', cloud=cloud, region='local', config={})

    make_charm = staticmethod(make_charm)

    @staticmethod
    def make_k8s_charm(name: str, *, storage: Mapping[str, Any] | None = None, **more: Any) -> Charm:
        """A sidecar charm with a container ``web`` on the image of its resource ``web-image``."""
        metadata = {
            'assumes': ['k8s-api'],
            'containers': {
                'web': {
                    'resource': 'web-image',
                    'mounts': [{'storage': one, 'location': f'/srv/{one}'} for one in storage or ()],
                }
            },
            **more,
        }
        resources = {'web-image': {'type': 'oci-image'}}
        charm = make_charm(name, bases=(('ubuntu', '24.04'),))
        return dataclasses.replace(charm, metadata=metadata, resources=resources, storage=storage or {})

    def deploy_k8s(self, name: str, charm: Charm | None = None, **more: Any) -> list[str]:
        """Deploy a sidecar charm."""
        return self.deploy(name, charm or self.make_k8s_charm(name), **more)

    def upload(self, charm: Charm) -> str:
        """Upload a charm and return its URL."""
        return charms.add_local(
            self.tx, self.uuid, archive=Path('/archives', charm.name), sha256='0' * 64, charm=charm
        )

    def deploy(self, name: str, charm: Charm, *, units: int = 1, **more: Any) -> list[str]:
        """Deploy a charm; a subordinate gets no units."""
        url = self.upload(charm)
        count = 0 if charm.subordinate else units
        arguments: dict[str, Any] = {'base': BASE, 'num_units': count, **more}
        return applications.deploy(self.tx, self.uuid, name=name, charm_url=url, **arguments)

    def relate(self, *endpoints: str) -> int:
        """Relate two applications and return the relation's id."""
        return relations.add(self.tx, self.uuid, endpoints).id

    def beside(self, name: str) -> World:
        """Another model of the same controller."""
        return World(self.tx, name)

    def start(self, *units: str) -> None:
        """Have the machines or pods of units run and their agents become idle."""
        for unit in units:
            record = applications.get_unit(self.tx, self.uuid, unit)
            machine = record.pod or record.machine
            machines.set_running(self.tx, self.uuid, machine, address=f'10.0.0.{int(machine) + 2}')
            uniter.set_agent_status(self.tx, self.uuid, unit, 'idle')

    def enter(self, relation: int, *units: str) -> None:
        """Have units enter a relation."""
        for unit in units:
            uniter.enter_scope(self.tx, self.uuid, unit, relation)

    def finish(self, unit: str) -> None:
        """Do what an agent does at the end of a dying unit's life."""
        for view in self.view(unit).relations:
            uniter.leave_scope(self.tx, self.uuid, unit, view.id)
        uniter.set_dead(self.tx, self.uuid, unit)
        uniter.remove_unit(self.tx, self.uuid, unit)

    def view(self, unit: str) -> UnitView:
        """What a unit's agent sees."""
        view = uniter.view(self.tx, self.uuid, unit)
        assert view is not None, f'{unit} is gone'
        return view

    @property
    def applications(self) -> list[str]:
        """Names of the applications."""
        return [record.name for record in applications.list_(self.tx, self.uuid)]

    @property
    def units(self) -> list[str]:
        """Names of the units."""
        return [record.name for record in applications.list_units(self.tx, self.uuid)]

    @property
    def relations(self) -> list[str]:
        """Keys of the relations."""
        return [record.key for record in relations.list_(self.tx, self.uuid)]

    def lives(self) -> dict[str, str]:
        """Life by unit."""
        return {r.name: str(r.life) for r in applications.list_units(self.tx, self.uuid)}


def open_tx() -> Tx:
    """A transaction on an empty database in memory; it never ends."""
    db = sqlite3.connect(':memory:', isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute('PRAGMA foreign_keys=ON')
    for script in schema.migrations():
        db.executescript(script)
    return Tx(db, 1_000_000)


@pytest.fixture
def world() -> Iterator[World]:
    """A model in an empty controller."""
    tx = open_tx()
    yield World(tx)
    tx.db.close()


@pytest.fixture
def caas() -> Iterator[World]:
    """A model on Kubernetes in an empty controller."""
    tx = open_tx()
    yield World(tx, cloud='k8s')
    tx.db.close()


@pytest.fixture(scope='session')
def make_world() -> Callable[[], World]:
    """For tests that need many."""
    return lambda: World(open_tx())
