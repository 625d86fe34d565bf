"""Look at a model, and carry out a plan: stage by stage, the steps of one stage at the same time."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock import errors
from hoodoo import model
from hoodoo.bundle.planning import facts, memory, placing, plan, steps
from hoodoo.bundle.wanted import charms, images

if TYPE_CHECKING:  # a check of a spec has no model, and need not wait for these
    from hoodoo.bundle import told
    from hoodoo.juju import driver

_WORKERS = 4
_PLACED_S = 120.0
"""How long Juju may take to choose the machine of a unit that was asked for."""
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What carrying out needs."""

    driver: driver.Driver
    memory: memory.Memory
    cache: Path
    told: told.Told


def look(wanted: model.WantedModel, hands: Hands) -> plan.Seen:
    """Gather the facts that a plan for *wanted* starts from."""
    return look_at(wanted, hands.driver, hands.memory)


def look_at(wanted: model.WantedModel, juju: driver.Driver, remembered: memory.Memory) -> plan.Seen:
    """`look` for those who change nothing."""
    uuid = juju.model_uuid
    with ThreadPoolExecutor(1, thread_name_prefix='digest') as pool:
        future = pool.submit(digests, wanted.applications.values())
        snapshot = juju.snapshot()
        settings = juju.settings([name for name in wanted.applications if name in snapshot.applications])
        listed = [machine for machine in snapshot.machines if '/' not in machine] if wanted.machines else []
        annotations = juju.machine_annotations(listed)
        machines = placing.known_machines(
            wanted, snapshot, annotations, memory.intended_machines(remembered, uuid)
        )
        same = memory.same_charms(remembered, uuid)
        return plan.Seen(
            snapshot=snapshot,
            settings=settings,
            machines=machines,
            annotations=annotations,
            deployed=memory.deployed(remembered, uuid, snapshot),
            digests={path: same.get(found, found) for path, found in future.result().items()},
            images=image_digests(wanted.applications.values()),
            given=memory.images(remembered, uuid, snapshot),
        )


def digests(applications: Iterable[model.WantedApplication]) -> dict[Path, str]:
    """What each local charm holds; nothing of one that is not there."""
    paths = {a.charm.path for a in applications if isinstance(a.charm, model.LocalCharm)}
    return {path: charms.digest(path) for path in paths if path.exists()}


def image_digests(applications: Iterable[model.WantedApplication]) -> dict[str, str]:
    """What tells each local image from others; nothing of one that is not there."""
    texts = {text for each in applications for text in images.local(each.resources).values()}
    return {text: found for text in texts if (found := images.digest(text)) is not None}


def apply(wanted: model.WantedModel, made: steps.Plan, seen: plan.Seen, hands: Hands) -> None:
    """Carry out every step, then note what was asked for; the first failure lets its stage's other steps end.

    Raises:
        Fault: a step failed, or the plan has problems: nothing was changed then.
    """
    if made.problems:
        raise errors.Fault('cannot carry out the plan: ' + '\n'.join(made.problems))
    uuid = hands.driver.model_uuid
    carrying = _Carrying(seen, hands)
    carrying.settle()
    for stage in made.stages():
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix='step') as pool:
            futures = [pool.submit(carrying.tell, step) for step in stage]
            try:
                wait(futures)
            except BaseException:
                # Interrupted: what has not begun does not begin any more.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        _raise_first(futures)
    facts.remember(wanted, seen, hands.memory, uuid, left=made.left)


class _Carrying:
    """Does single steps, and knows what became of those before."""

    def __init__(self, seen: plan.Seen, hands: Hands) -> None:
        self._seen, self._hands, self._driver = seen, hands, hands.driver
        self._uuid = hands.driver.model_uuid
        self._machines = dict(seen.machines)
        self._noting = threading.Lock()

    def settle(self) -> None:
        """Finish what a run that was killed had done and not noted."""
        for name in memory.intended_charms(self._hands.memory, self._uuid):
            if name in self._seen.deployed and name in self._seen.snapshot.applications:
                there = self._seen.snapshot.applications[name]
                if self._seen.deployed[name].charm == there.charm:
                    self._confirm(name, self._seen.deployed[name])
        for name in memory.intended_machines(self._hands.memory, self._uuid):
            if name in self._machines:
                self._mark(name)

    def tell(self, step: steps.Step) -> None:
        """Do *step* and say so."""
        told = self._hands.told
        told.step(str(step), 'started')
        try:
            self._do(step)
        except BaseException:
            told.step(str(step), 'failed')
            raise
        told.step(str(step), 'done')

    def _do(self, step: steps.Step) -> None:
        juju = self._driver
        match step:
            case steps.AddMachine(wanted=machine):
                self._add_machine(machine)
            case steps.Deploy(wanted=wanted, to=to):
                targets = [self._target(place, step) for place in to]
                self._give(wanted, '', lambda charm: juju.deploy(wanted, charm, targets))
                self._note_images(wanted.name, images.local(wanted.resources))
            case steps.Refresh(wanted=wanted, switch=switch, images=changed):
                before = self._seen.snapshot.applications[wanted.name].charm
                refresh = functools.partial(juju.refresh, wanted, switch=switch, images=changed)
                self._give(wanted, before, refresh)
                self._note_images(wanted.name, changed)
            case steps.Attach(application=name, resource=key, image=image):
                juju.attach(name, key, image)
                self._note_images(name, {key: image})
            case steps.SetOptions(application=name, options=options):
                juju.set_options(name, options)
            case steps.SetConstraints(application=name, constraints=constraints):
                juju.set_constraints(name, constraints)
            case steps.Trust(application=name):
                juju.trust(name)
            case steps.AddUnits(application=name, count=count, to=to):
                juju.add_units(name, count, [self._target(place, step) for place in to])
            case steps.Scale(application=name, units=units):
                juju.scale(name, units)
            case steps.Annotate(kind=kind, name=name, annotations=notes):
                juju.annotate(kind, self._machines[name] if kind == 'machine' else name, notes)
            case steps.Retry(unit=unit):
                juju.retry(unit)
            case steps.Integrate(one=one, other=other):
                juju.integrate(one, other)
            case steps.Consume(name=name, url=url):
                juju.consume(url, name)
            case steps.Offer(name=name, offer=offer):
                juju.offer(name, offer)
            case steps.Expose(application=name, to=to):
                juju.expose(name, to)
            case steps.Unexpose(application=name):
                juju.unexpose(name)

    def _add_machine(self, wanted: model.WantedMachine) -> None:
        present = tuple(self._driver.snapshot().machines)
        memory.intend_machine(self._hands.memory, self._uuid, wanted.name, present)
        try:
            real = self._driver.add_machine(wanted)
        except errors.Fault:
            memory.forget_machine(self._hands.memory, self._uuid, wanted.name)
            raise
        self._machines[wanted.name] = real
        self._mark(wanted.name)

    def _mark(self, name: str) -> None:
        self._driver.annotate('machine', self._machines[name], {placing.MARK: name})
        memory.forget_machine(self._hands.memory, self._uuid, name)

    def _give(self, wanted: model.WantedApplication, before: str, give: Callable[[str], None]) -> None:
        """Give an application its charm; what is meant is noted first, so that being killed costs nothing."""
        if isinstance(wanted.charm, model.StoreCharm):
            give(wanted.charm.name)
            return
        digest = self._seen.digests[wanted.charm.path]
        note: Callable[[str], None] = self._hands.told.note
        packed = charms.pack(wanted.charm.path, content=digest, cache=self._hands.cache, note=note)
        memory.intend_charm(self._hands.memory, self._uuid, wanted.name, digest=digest, before=before)
        try:
            give(str(packed))
        except errors.Fault:
            # A command that was interrupted may have done its part all the same; then the note stays.
            now = self._driver.snapshot().applications.get(wanted.name)
            if (now.charm if now else '') == before:
                memory.forget_charm(self._hands.memory, self._uuid, wanted.name)
            raise
        # The URL that Juju gave the charm that we just brought; another one later is not ours.
        now = self._driver.snapshot().applications.get(wanted.name)
        if now is not None:
            self._confirm(wanted.name, model.Deployed(digest=digest, charm=now.charm))

    def _confirm(self, name: str, deployed: model.Deployed) -> None:
        self._hands.memory.remember(self._uuid, name, deployed)
        memory.forget_charm(self._hands.memory, self._uuid, name)

    def _note_images(self, application: str, given: Mapping[str, str]) -> None:
        """Remember *given*; being killed before costs the next run to give the same again."""
        fresh = {key: self._seen.images[text] for key, text in given.items() if text in self._seen.images}
        if fresh:
            with self._noting:
                known = memory.images(self._hands.memory, self._uuid, self._driver.snapshot())
                both = {**known.get(application, {}), **fresh}
                memory.note_images(self._hands.memory, self._uuid, application, both)

    def _target(self, place: model.Placement, step: steps.Step) -> str:
        """*place* as ``--to`` takes it, once it is there."""
        if place.directive:
            return place.directive
        machine = self._machines.get(place.machine, place.machine)
        if place.application:
            machine = self._machine_of(place, step)
        return ':'.join(filter(None, (place.container, machine)))

    def _machine_of(self, place: model.Placement, step: steps.Step) -> str:
        """The machine of the unit that *place* names, which Juju may still be choosing."""
        deadline = time.monotonic() + _PLACED_S
        while True:
            there = self._driver.snapshot().applications.get(place.application)
            beside = there.staying[place.unit : place.unit + 1] if there else ()
            if beside and beside[0].machine:
                return beside[0].machine.partition('/')[0]
            if time.monotonic() > deadline:
                raise errors.Fault(
                    f'cannot {step}: unit {place.unit} of {place.application} has no machine',
                    hint=f'See what "juju status {place.application}" says of it.',
                )
            self._driver.wait_change(_LOOK_S)


def _raise_first(futures: list[Future[None]]) -> None:
    failed = [error for future in futures if (error := future.exception()) is not None]
    if not failed:
        return
    if len(failed) > 1 and isinstance(failed[0], errors.Fault):
        more = '\n'.join(str(error) for error in failed[1:])
        raise errors.Fault(f'{failed[0]}\n{more}', hint=failed[0].hint)
    raise failed[0]


"""What phases know it by."""
