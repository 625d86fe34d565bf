"""A model without a controller, which shows what is written to it.

It is in the package and not beside hoodoo's own tests because phases of other distributions
(`hoodoo.phases.registry`) are tested with it too. Nothing that runs imports it.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
        self.set_up: dict[str, model.Settings] = {}
        """What applications are set to, less their options."""
        self.notes: dict[str, dict[str, str]] = {}
        """Annotations of machines."""
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

    def settings(self, applications: Sequence[str]) -> Mapping[str, model.Settings]:
        """See `driver.Driver.settings`."""
        return {
            name: dataclasses.replace(self._set_up(name), options=self.options(name)) for name in applications
        }

    def machine_annotations(self, machines: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """See `driver.Driver.machine_annotations`."""
        return {machine: self.notes.get(machine, {}) for machine in machines}

    def wait_change(self, timeout_s: float) -> None:
        """See `driver.Driver.wait_change`."""
        self.seen = dataclasses.replace(self.seen, now_ms=self.seen.now_ms + round(timeout_s * 1000))
        self.on_wait(self)

    def add_machine(self, wanted: model.WantedMachine) -> str:
        """See `driver.Driver.add_machine`."""
        with self._lock:
            self.calls.append(f'add machine {wanted.name}')
            return self._machine()

    def deploy(self, wanted: model.WantedApplication, charm: str, to: Sequence[str]) -> None:
        """See `driver.Driver.deploy`."""
        with self._lock:
            place = f' to {",".join(to)}' if to else ''
            self.calls.append(
                f'deploy {wanted.name} from {charm.rpartition("/")[2].partition("-")[0]}{place}'
            )
            made = application(wanted.name, charm=f'local:{wanted.name}-0', revision=0)
            if self.seen.on_kubernetes:
                made = dataclasses.replace(made, scale=wanted.num_units)
            if isinstance(wanted.charm, model.StoreCharm):
                made = dataclasses.replace(made, **self._released(wanted.charm, 1))
            self.put(made)
            self._options(wanted.name, wanted.options)
            self.set_up[wanted.name] = model.Settings(
                constraints={} if wanted.subordinate else _sizes(wanted.constraints), trust=wanted.trust
            )
            self._add(wanted.name, 0 if wanted.subordinate else wanted.num_units, to)

    def refresh(
        self, wanted: model.WantedApplication, charm: str, *, switch: bool = False, images: Mapping[str, str]
    ) -> None:
        """See `driver.Driver.refresh`."""
        with self._lock:
            self.calls.append(' '.join(['refresh', wanted.name, *images]))
            now = self.seen.applications[wanted.name]
            revision = int(now.charm.rpartition('-')[2]) + 1
            facts: dict[str, Any] = {'charm': f'local:{wanted.name}-{revision}', 'revision': revision}
            if isinstance(wanted.charm, model.StoreCharm):
                facts = self._released(wanted.charm, revision)
            self.put(dataclasses.replace(now, newer='', **facts))
            self._notice(wanted.name)

    def attach(self, application: str, resource: str, image: str) -> None:
        """See `driver.Driver.attach`."""
        with self._lock:
            self.calls.append(f'attach {resource} to {application}')
            self._notice(application)

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
            self._notice(application)

    def set_constraints(self, application: str, constraints: Mapping[str, str]) -> None:
        """See `driver.Driver.set_constraints`."""
        with self._lock:
            self.calls.append(f'constrain {application} {sorted(constraints.items())}')
            self._change(application, constraints=_sizes(constraints))

    def trust(self, application: str) -> None:
        """See `driver.Driver.trust`."""
        with self._lock:
            self.calls.append(f'trust {application}')
            self._change(application, trust=True)

    def annotate(self, kind: str, name: str, annotations: Mapping[str, str]) -> None:
        """See `driver.Driver.annotate`."""
        with self._lock:
            self.calls.append(f'annotate {kind} {name} {sorted(annotations.items())}')
            before = self.notes.get(name, {}) if kind == 'machine' else self._set_up(name).annotations
            notes = {key: value for key, value in {**before, **annotations}.items() if value}
            if kind == 'machine':
                self.notes[name] = notes
            else:
                self._change(name, annotations=notes)

    def add_units(self, application: str, count: int, to: Sequence[str]) -> None:
        """See `driver.Driver.add_units`."""
        with self._lock:
            self.calls.append(f'add {count} to {application}{" on " + ",".join(to) if to else ""}')
            self._add(application, count, to)

    def scale(self, application: str, units: int) -> None:
        """See `driver.Driver.scale`."""
        with self._lock:
            self.calls.append(f'scale {application} to {units}')
            self._add(application, units - self.seen.applications[application].size, ())
            self.put(dataclasses.replace(self.seen.applications[application], scale=units))

    def integrate(self, one: model.Endpoint, other: model.Endpoint) -> None:
        """See `driver.Driver.integrate`."""
        with self._lock:
            self.calls.append(f'integrate {one} {other}')
            made = model.Relation(id=len(self.seen.relations), endpoints=(one, other))
            self.seen = dataclasses.replace(self.seen, relations=(*self.seen.relations, made))
            for end in made.endpoints:
                self._notice(end.application)

    def consume(self, url: str, name: str) -> None:
        """See `driver.Driver.consume`."""
        with self._lock:
            self.calls.append(f'consume {url} as {name}')
            self.seen = dataclasses.replace(self.seen, saas={**self.seen.saas, name: url})

    def offer(self, name: str, offer: model.Offer) -> None:
        """See `driver.Driver.offer`."""
        with self._lock:
            self.calls.append(f'offer {offer.application}:{",".join(offer.endpoints)} as {name}')
            self.seen = dataclasses.replace(self.seen, offers={**self.seen.offers, name: offer})

    def expose(self, application: str, to: Mapping[str, model.Exposure]) -> None:
        """See `driver.Driver.expose`."""
        with self._lock:
            self.calls.append(' '.join(['expose', application, *to]))
            now = self.seen.applications[application]
            self.put(dataclasses.replace(now, exposed=True, exposed_to={**now.exposed_to, **to}))

    def unexpose(self, application: str) -> None:
        """See `driver.Driver.unexpose`."""
        with self._lock:
            self.calls.append(f'unexpose {application}')
            now = self.seen.applications[application]
            self.put(dataclasses.replace(now, exposed=False, exposed_to={}))

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

    def _notice(self, name: str) -> None:
        """Have an application's agents do what its change asks for, in no time."""
        now = self.seen.applications.get(name)
        if now is not None:
            idle = model.Status(value='idle', since_ms=self.seen.now_ms)
            units = tuple(dataclasses.replace(unit, agent=idle) for unit in now.units)
            self.put(dataclasses.replace(now, units=units))

    def _options(self, name: str, options: Mapping[str, str]) -> None:
        for key, value in options.items():
            made = model.OptionValue(value=value, type='string', source='user')
            self.live.setdefault(name, {})[key] = made

    def _set_up(self, name: str) -> model.Settings:
        return self.set_up.get(name, model.Settings())

    def _change(self, name: str, **changes: Any) -> None:
        self.set_up[name] = dataclasses.replace(self._set_up(name), **changes)

    def _released(self, charm: model.StoreCharm, revision: int) -> dict[str, Any]:
        number = revision if charm.revision is None else charm.revision
        channel = charm.channel if '/' in charm.channel else f'latest/{charm.channel or "stable"}'
        return {'charm': f'ch:{charm.name}-{number}', 'revision': number, 'channel': channel}

    def _add(self, name: str, count: int, to: Sequence[str]) -> None:
        now = self.seen.applications[name]
        first = 1 + max((int(u.name.rpartition('/')[2]) for u in now.units), default=-1)
        made: list[model.Unit] = []
        for index in range(count):
            place = to[index] if index < len(to) else ''
            if place.partition(':')[0] in ('lxd', 'kvm'):
                raise driver.JujuFault(f'cannot add a unit: {place} not supported')
            if place and '=' not in place and place not in self.seen.machines:
                raise driver.JujuFault(f'cannot add a unit: machine {place} not found')
            machine = place if place and '=' not in place else self._machine()
            made.append(unit(f'{name}/{first + index}', machine=machine))
        self.put(dataclasses.replace(now, units=(*now.units, *made)))

    def _machine(self) -> str:
        if self.seen.on_kubernetes:
            return ''
        number = str(1 + max((int(machine) for machine in self.seen.machines), default=-1))
        made = model.Machine(id=number, agent=model.Status(value='started'), instance=ACTIVE)
        self.seen = dataclasses.replace(self.seen, machines={**self.seen.machines, number: made})
        return number


def _sizes(constraints: Mapping[str, str]) -> dict[str, str]:
    """Constraints as a controller gives them back: sizes in MiB."""
    return {
        key: f'{int(value[:-1]) * 1024}M' if key in ('mem', 'root-disk') and value.endswith('G') else value
        for key, value in constraints.items()
    }
