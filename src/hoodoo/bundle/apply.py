"""Carry out a plan: stage by stage, the steps of one stage at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bedrock import errors
from hoodoo import model
from hoodoo.bundle import charms, plan
from hoodoo.juju import driver

_WORKERS = 4


class Memory(Protocol):
    """Remembers which charm content applications were given, for each model."""

    def recall(self, model_uuid: str) -> Mapping[str, model.Deployed]:
        """What the applications of a model were given."""
        ...

    def remember(self, model_uuid: str, application: str, deployed: model.Deployed) -> None:
        """Note what an application was given."""
        ...


class Told(Protocol):
    """Hears how steps go."""

    def step(self, text: str, state: str) -> None:
        """*state* is started, done or failed."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What carrying out needs."""

    driver: driver.Driver
    memory: Memory
    cache: Path
    told: Told


def look(wanted: model.WantedModel, hands: Hands) -> plan.Seen:
    """Gather the facts that a plan for *wanted* starts from."""
    snapshot = hands.driver.snapshot()
    present = [name for name in wanted.applications if name in snapshot.applications]
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix='digest') as pool:
        local = {
            name: pool.submit(charms.digest, application.charm.path)
            for name, application in wanted.applications.items()
            if isinstance(application.charm, model.LocalCharm)
        }
        options = {name: hands.driver.options(name) for name in present}
        return plan.Seen(
            snapshot=snapshot,
            options=options,
            deployed=hands.memory.recall(hands.driver.model_uuid),
            digests={name: future.result() for name, future in local.items()},
        )


def apply(made: plan.Plan, seen: plan.Seen, hands: Hands) -> None:
    """Carry out every step; the first failure lets its stage's other steps end and stops.

    Raises:
        Fault: a step failed.
    """
    for stage in made.stages():
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix='step') as pool:
            futures = [pool.submit(_told, step, seen, hands) for step in stage]
            try:
                wait(futures)
            except BaseException:
                # Interrupted: what has not begun does not begin any more.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        _raise_first(futures)


def _told(step: plan.Step, seen: plan.Seen, hands: Hands) -> None:
    hands.told.step(str(step), 'started')
    try:
        _do(step, seen, hands)
    except BaseException:
        hands.told.step(str(step), 'failed')
        raise
    hands.told.step(str(step), 'done')


def _do(step: plan.Step, seen: plan.Seen, hands: Hands) -> None:
    match step:
        case plan.Deploy(wanted=wanted):
            hands.driver.deploy(wanted, _archive(wanted, seen, hands))
            _remember(wanted, seen, hands)
        case plan.Refresh(wanted=wanted):
            hands.driver.refresh(wanted.name, _archive(wanted, seen, hands))
            _remember(wanted, seen, hands)
        case plan.SetOptions(application=name, options=options):
            hands.driver.set_options(name, options)
        case plan.AddUnits(application=name, count=count, to=to):
            hands.driver.add_units(name, count, to)
        case plan.Retry(unit=unit):
            hands.driver.retry(unit)
        case plan.Integrate(one=one, other=other):
            hands.driver.integrate(one, other)
        case plan.Expose(application=name):
            hands.driver.expose(name)


def _archive(wanted: model.WantedApplication, seen: plan.Seen, hands: Hands) -> str:
    if isinstance(wanted.charm, model.StoreCharm):
        return wanted.charm.name
    note: Callable[[str], None] = hands.told.note
    packed = charms.pack(wanted.charm.path, content=seen.digests[wanted.name], cache=hands.cache, note=note)
    return str(packed)


def _remember(wanted: model.WantedApplication, seen: plan.Seen, hands: Hands) -> None:
    """Note the charm URL that Juju gave the charm that we just brought; another one later is not ours."""
    digest = seen.digests.get(wanted.name)
    now = hands.driver.snapshot().applications.get(wanted.name) if digest else None
    if digest and now:
        hands.memory.remember(
            hands.driver.model_uuid, wanted.name, model.Deployed(digest=digest, charm=now.charm)
        )


def _raise_first(futures: list[Future[None]]) -> None:
    failed = [error for future in futures if (error := future.exception()) is not None]
    if not failed:
        return
    if len(failed) > 1 and isinstance(failed[0], errors.Fault):
        more = '\n'.join(str(error) for error in failed[1:])
        raise errors.Fault(f'{failed[0]}\n{more}', hint=failed[0].hint)
    raise failed[0]
