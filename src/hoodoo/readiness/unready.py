"""Why a model is not ready: juju-wait's rules, as a pure function of one snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from hoodoo import model

_READY_WORKLOADS = frozenset({'active', 'unknown'})
_QUIET_HOOK = 'update-status'


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that is not ready yet."""

    subject: str
    """The unit, application, machine or relation."""
    text: str
    since_ms: int | None = None
    """By the controller's clock; None when nothing says."""
    fatal: bool = False
    """Waiting does not help."""

    def __str__(self) -> str:
        return f'{self.subject}: {self.text}'


def unready(seen: model.ModelSnapshot, *, accepted: Collection[str] = frozenset()) -> tuple[Reason, ...]:
    """Return why *seen* is not ready; empty when it is.

    Args:
        accepted: Workload states that count as ready in addition to active and unknown.
    """
    workloads = {*_READY_WORKLOADS, *accepted}
    return (*_machines(seen), *_applications(seen), *_units(seen, workloads), *_relations(seen))


def machine_subject(machine: str) -> str:
    """How reasons name the machine with this number."""
    return f'machine {machine}'


def relation_subject(relation: model.Relation) -> str:
    """How reasons name a relation."""
    return f'relation {" - ".join(str(end) for end in relation.endpoints)}'


def is_idle(agent: model.Status) -> bool:
    """Whether an agent has nothing to do; running update-status, which it does for ever, is nothing."""
    return agent.value == 'idle' or (agent.value == 'executing' and _QUIET_HOOK in agent.message)


def _machines(seen: model.ModelSnapshot) -> Iterator[Reason]:
    for machine in seen.machines.values():
        agent, instance = machine.agent, machine.instance
        subject = machine_subject(machine.id)
        if instance.value == 'provisioning error':
            text = f'cannot be provisioned: {instance.message}'
            yield Reason(subject=subject, text=text, since_ms=instance.since_ms, fatal=True)
        elif agent.value == 'pending' and instance.message:
            # A unit only says that it waits for its machine; this is what the machine waits for.
            yield Reason(subject=subject, text=instance.message, since_ms=instance.since_ms)
        elif agent.value != 'started':
            yield Reason(subject=subject, text=f'is {agent.value or "not started"}', since_ms=agent.since_ms)


def _applications(seen: model.ModelSnapshot) -> Iterator[Reason]:
    for application in seen.applications.values():
        if application.life != 'alive':
            yield Reason(subject=application.name, text='is being removed')
        elif application.scale is not None and len(application.staying) < application.scale:
            # A pod is no unit before it has started.
            text = f'has {len(application.staying)} of {application.scale} units'
            yield Reason(subject=application.name, text=text)
        elif _lacks_leader(application):
            yield Reason(subject=application.name, text='has no leader')
        yield from _missing_subordinates(application, seen)


def _missing_subordinates(application: model.Application, seen: model.ModelSnapshot) -> Iterator[Reason]:
    """A subordinate's units come when its principals' agents get to it; nothing else shows that before."""
    beside = {unit.principal for unit in application.units}
    for name in application.subordinate_to:
        principal = seen.applications.get(name)
        for unit in principal.staying if principal else ():
            if unit.name not in beside:
                yield Reason(subject=application.name, text=f'has no unit beside {unit.name}')


def _units(seen: model.ModelSnapshot, workloads: Collection[str]) -> Iterator[Reason]:
    for unit in seen.units():
        workload, agent = unit.workload, unit.agent
        if workload.value == 'error':
            text = workload.message or 'error'
            yield Reason(subject=unit.name, text=text, since_ms=workload.since_ms, fatal=True)
            continue
        texts: list[str] = []
        if unit.life != 'alive':
            texts.append('is being removed')
        if workload.value not in workloads:
            texts.append(_worded(f'workload {workload.value or "unset"}', workload.message))
        if not is_idle(agent):
            texts.append(_worded(f'agent {agent.value or "unset"}', agent.message))
        if unit.old_charm:
            texts.append(f'still runs charm {unit.old_charm}')
        if texts:
            since_ms = workload.since_ms if is_idle(agent) else agent.since_ms
            yield Reason(subject=unit.name, text=', '.join(texts), since_ms=since_ms)


def _relations(seen: model.ModelSnapshot) -> Iterator[Reason]:
    for relation in seen.relations:
        sides = [seen.applications.get(end.application) for end in relation.endpoints]
        if relation.status == 'joining' and all(side is not None and side.staying for side in sides):
            yield Reason(subject=relation_subject(relation), text='is being joined')


def _lacks_leader(application: model.Application) -> bool:
    """Whether nobody leads though the agents had their turn; before that it goes without saying."""
    units = application.units
    return bool(units) and all(is_idle(u.agent) for u in units) and not any(u.leader for u in units)


def _worded(state: str, message: str) -> str:
    short = message.removeprefix('running ').replace(' hook', '', 1)
    if state == 'agent executing' and short:
        return f'{state} {short}'
    return f'{state}: {message}' if message else state
