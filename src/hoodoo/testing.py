"""A model without a controller, which shows what is written to it.

It is in the package and not beside hoodoo's own tests because phases of other distributions
(`hoodoo.phases.registry`) are tested with it too. Nothing that runs imports it.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence

from hoodoo import model
from hoodoo.juju import driver

IDLE = model.Status(value='idle', since_ms=0)
ACTIVE = model.Status(value='active')
NOW_MS = 100_000


def unit(name: str, **changes: object) -> model.Unit:
    """A unit that is ready."""
    application, _, number = name.rpartition('/')
    made = model.Unit(
        name=name, application=application, workload=ACTIVE, agent=IDLE, machine=number, leader=number == '0'
    )
    return dataclasses.replace(made, **changes)


def application(name: str, *units: model.Unit, **changes: object) -> model.Application:
    """An application of *units*."""
    made = model.Application(name=name, charm=f'local:{name}-0', status=ACTIVE, units=units)
    return dataclasses.replace(made, **changes)


def snapshot(
    *applications: model.Application, relations: tuple[model.Relation, ...] = ()
) -> model.ModelSnapshot:
    """A model of *applications*."""
    return model.ModelSnapshot(
        name='m', now_ms=NOW_MS, applications={a.name: a for a in applications}, relations=relations
    )


class FakeDriver:
    """A `Driver` that keeps its model in memory and writes down what it was told to do."""

    def __init__(self) -> None:
        self.seen = snapshot()
        self.live: dict[str, dict[str, model.OptionValue]] = {}
        self.calls: list[str] = []
        self.log: list[str] = []
        self.on_wait: Callable[[FakeDriver], None] = lambda _: None
        self.executed: Callable[[str, str], driver.Executed] = lambda machine, script: driver.Executed(
            returncode=0, stdout='', stderr=''
        )
        self._lock = threading.Lock()

    @property
    def model(self) -> str:
        """See `driver.Driver.model`."""
        return 'fake:m'

    @property
    def model_uuid(self) -> str:
        """See `driver.Driver.model_uuid`."""
        return 'uuid-1'

    def snapshot(self) -> model.ModelSnapshot:
        """See `driver.Driver.snapshot`."""
        return self.seen

    def options(self, application: str) -> Mapping[str, model.OptionValue]:
        """See `driver.Driver.options`."""
        return self.live.get(application, {})

    def wait_change(self, timeout_s: float) -> None:
        """See `driver.Driver.wait_change`."""
        self.on_wait(self)

    def deploy(self, wanted: model.WantedApplication, charm: str) -> None:
        """See `driver.Driver.deploy`."""
        with self._lock:
            self.calls.append(f'deploy {wanted.name} from {charm.rpartition("/")[2].partition("-")[0]}')
            self._options(wanted.name, wanted.options)
            units = [unit(f'{wanted.name}/{number}') for number in range(wanted.num_units)]
            self.put(application(wanted.name, *units))

    def refresh(self, application: str, charm: str) -> None:
        """See `driver.Driver.refresh`."""
        with self._lock:
            self.calls.append(f'refresh {application}')
            now = self.seen.applications[application]
            revision = int(now.charm.rpartition('-')[2]) + 1
            self.put(dataclasses.replace(now, charm=f'local:{application}-{revision}'))

    def retry(self, unit: str) -> None:
        """See `driver.Driver.retry`."""
        with self._lock:
            self.calls.append(f'retry {unit}')
            now = self.seen.applications[unit.rpartition('/')[0]]
            units = tuple(dataclasses.replace(u, workload=ACTIVE) if u.name == unit else u for u in now.units)
            self.put(dataclasses.replace(now, units=units))

    def set_options(self, application: str, options: Mapping[str, str]) -> None:
        """See `driver.Driver.set_options`."""
        with self._lock:
            self.calls.append(f'set {application} {sorted(options.items())}')
            self._options(application, options)

    def add_units(self, application: str, count: int, to: Sequence[str]) -> None:
        """See `driver.Driver.add_units`."""
        with self._lock:
            self.calls.append(f'add {count} to {application}')
            now = self.seen.applications[application]
            first = 1 + max((int(u.name.rpartition('/')[2]) for u in now.units), default=-1)
            more = tuple(unit(f'{application}/{number}') for number in range(first, first + count))
            self.put(dataclasses.replace(now, units=(*now.units, *more)))

    def integrate(self, one: model.Endpoint, other: model.Endpoint) -> None:
        """See `driver.Driver.integrate`."""
        with self._lock:
            self.calls.append(f'integrate {one} {other}')
            made = model.Relation(id=len(self.seen.relations), endpoints=(one, other))
            self.seen = dataclasses.replace(self.seen, relations=(*self.seen.relations, made))

    def expose(self, application: str) -> None:
        """See `driver.Driver.expose`."""
        with self._lock:
            self.calls.append(f'expose {application}')
            self.put(dataclasses.replace(self.seen.applications[application], exposed=True))

    def execute(self, machine: str, script: str, *, timeout_s: float) -> driver.Executed:
        """See `driver.Driver.execute`."""
        return self.executed(machine, script)

    def log_lines(self, limit: int) -> list[str]:
        """See `driver.Driver.log_lines`."""
        return self.log[-limit:]

    def put(self, changed: model.Application) -> None:
        """Add or replace an application."""
        now = {**self.seen.applications, changed.name: changed}
        self.seen = dataclasses.replace(self.seen, applications=now)

    def _options(self, name: str, options: Mapping[str, str]) -> None:
        for key, value in options.items():
            made = model.OptionValue(value=value, type='string', source='user')
            self.live.setdefault(name, {})[key] = made
