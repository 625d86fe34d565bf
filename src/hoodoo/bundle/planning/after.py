"""What will be seen once steps are done: a plan carried out on paper. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hoodoo import model
from hoodoo.bundle.planning import equal, plan, steps

_CALM = model.Status(value='')


def after(seen: plan.Seen, made: Iterable[steps.Step]) -> plan.Seen:
    """Return what is seen when every step of *made* was done on what *seen* shows.

    Numbers that Juju gives (of machines, units, revisions) are likely ones, not promises.
    """
    for step in made:
        seen = _one(seen, step)
    return seen


def _one(seen: plan.Seen, step: steps.Step) -> plan.Seen:
    match step:
        case steps.AddMachine(wanted=machine):
            seen, real = _machine(seen)
            return dataclasses.replace(seen, machines={**seen.machines, machine.name: real})
        case steps.Deploy(wanted=wanted, to=to):
            return _deployed(seen, wanted, to)
        case steps.Refresh(wanted=wanted, images=images):
            return _with_images(_refreshed(seen, wanted), wanted.name, images)
        case steps.Attach(application=name, resource=key, image=image):
            return _with_images(seen, name, {key: image})
        case steps.AddUnits(application=name, count=count, to=to):
            return _more_units(seen, name, count, to)
        case steps.Scale(application=name, units=units):
            count = units - seen.snapshot.applications[name].size
            return _changed(
                _more_units(seen, name, count, ()), name, lambda a: dataclasses.replace(a, scale=units)
            )
        case steps.SetOptions(application=name, options=options):
            return _set(seen, name, lambda s: dataclasses.replace(s, options=_chosen(s.options, options)))
        case steps.SetConstraints(application=name, constraints=whole):
            return _set(seen, name, lambda s: dataclasses.replace(s, constraints=whole))
        case steps.Trust(application=name):
            return _set(seen, name, lambda s: dataclasses.replace(s, trust=True))
        case steps.Annotate(kind='application', name=name, annotations=notes):
            return _set(seen, name, lambda s: dataclasses.replace(s, annotations={**s.annotations, **notes}))
        case steps.Annotate(name=name, annotations=notes):
            real = seen.machines[name]
            both = {**seen.annotations.get(real, {}), **notes}
            return dataclasses.replace(seen, annotations={**seen.annotations, real: both})
        case steps.Retry(unit=unit):
            return _retried(seen, unit)
        case steps.Integrate(one=one, other=other):
            return _related(seen, one, other)
        case steps.Consume(name=name, url=url):
            return _snapshot(seen, saas={**seen.snapshot.saas, name: url})
        case steps.Offer(name=name, offer=offer):
            return _snapshot(seen, offers={**seen.snapshot.offers, name: offer})
        case steps.Expose(application=name, to=to):
            given = to or {'': equal.EVERYWHERE}
            return _changed(
                seen,
                name,
                lambda a: dataclasses.replace(a, exposed=True, exposed_to={**a.exposed_to, **given}),
            )
        case steps.Unexpose(application=name):
            return _changed(seen, name, lambda a: dataclasses.replace(a, exposed=False, exposed_to={}))


def _deployed(seen: plan.Seen, wanted: model.WantedApplication, to: tuple[model.Placement, ...]) -> plan.Seen:
    channel, revision = _released(wanted.charm, None)
    application = model.Application(
        name=wanted.name, charm=_url(wanted.charm, revision), status=_CALM, channel=channel, revision=revision
    )
    settings = model.Settings(
        options=_chosen({}, wanted.options),
        constraints=dict(wanted.constraints),
        trust=wanted.trust,
    )
    seen = dataclasses.replace(_with(seen, application), settings={**seen.settings, wanted.name: settings})
    seen = _with_images(_noted(seen, wanted, application.charm), wanted.name, wanted.resources)
    return _more_units(seen, wanted.name, 0 if wanted.subordinate else wanted.num_units, to)


def _refreshed(seen: plan.Seen, wanted: model.WantedApplication) -> plan.Seen:
    now = seen.snapshot.applications[wanted.name]
    channel, revision = _released(wanted.charm, now)
    url = _url(wanted.charm, revision)
    fresh = dataclasses.replace(now, charm=url, newer='', channel=channel, revision=revision)
    return _noted(_with(seen, fresh), wanted, url)


def _released(charm: model.LocalCharm | model.StoreCharm, now: model.Application | None) -> tuple[str, int]:
    """The channel and revision of an application that gets *charm*, likely ones where nothing pins them."""
    following = 0 if now is None else 1 + (now.revision or 0)
    if isinstance(charm, model.LocalCharm):
        return '', following
    channel = plan.channel(charm.channel or (now.channel if now else ''))
    return channel, following if charm.revision is None else charm.revision


def _url(charm: model.LocalCharm | model.StoreCharm, revision: int) -> str:
    if isinstance(charm, model.LocalCharm):
        return f'local:{charm.path.name}-{revision}'
    return f'ch:{charm.name}-{revision}'


def _noted(seen: plan.Seen, wanted: model.WantedApplication, url: str) -> plan.Seen:
    """Memory of which charm content was given."""
    digest = seen.digests.get(wanted.charm.path) if isinstance(wanted.charm, model.LocalCharm) else None
    if not digest:
        return seen
    given = model.Deployed(digest=digest, charm=url)
    return dataclasses.replace(seen, deployed={**seen.deployed, wanted.name: given})


def _with_images(seen: plan.Seen, name: str, images: Mapping[str, str]) -> plan.Seen:
    digests = {key: seen.images[text] for key, text in images.items() if text in seen.images}
    given = {**seen.given, name: {**seen.given.get(name, {}), **digests}}
    return dataclasses.replace(seen, given=given)


def _more_units(seen: plan.Seen, name: str, count: int, to: tuple[model.Placement, ...]) -> plan.Seen:
    for index in range(count):
        place = to[index] if index < len(to) else model.Placement()
        seen, machine = _target(seen, place)
        if place.container:
            prefix = f'{machine}/{place.container}/'
            taken = sum(1 for there in seen.snapshot.machines if there.startswith(prefix))
            machine = f'{prefix}{taken}'
            seen = _with_machine(seen, machine)
        now = seen.snapshot.applications[name]
        number = 1 + max((int(unit.name.rpartition('/')[2]) for unit in now.units), default=-1)
        unit = model.Unit(
            name=f'{name}/{number}', application=name, workload=_CALM, agent=_CALM, machine=machine
        )
        seen = _with(seen, dataclasses.replace(now, units=(*now.units, unit)))
    return seen


def _target(seen: plan.Seen, place: model.Placement) -> tuple[plan.Seen, str]:
    if place.machine:
        return seen, seen.machines.get(place.machine, place.machine)
    if place.application:
        there = seen.snapshot.applications[place.application].staying
        if place.unit < len(there):
            return seen, there[place.unit].machine.partition('/')[0]
    return _machine(seen)


def _machine(seen: plan.Seen) -> tuple[plan.Seen, str]:
    numbers = [int(machine) for machine in seen.snapshot.machines if machine.isdecimal()]
    real = str(1 + max(numbers, default=-1))
    return _with_machine(seen, real), real


def _retried(seen: plan.Seen, name: str) -> plan.Seen:
    def mended(application: model.Application) -> model.Application:
        units = (dataclasses.replace(u, workload=_CALM) if u.name == name else u for u in application.units)
        return dataclasses.replace(application, units=tuple(units))

    return _changed(seen, name.rpartition('/')[0], mended)


def _related(seen: plan.Seen, one: model.Endpoint, other: model.Endpoint) -> plan.Seen:
    number = 1 + max((relation.id for relation in seen.snapshot.relations), default=-1)
    made = model.Relation(id=number, endpoints=(one, other))
    snapshot = dataclasses.replace(seen.snapshot, relations=(*seen.snapshot.relations, made))
    return dataclasses.replace(seen, snapshot=snapshot)


def _chosen(
    options: Mapping[str, model.OptionValue], values: Mapping[str, str]
) -> dict[str, model.OptionValue]:
    def kind(key: str) -> str:
        return options[key].type if key in options else 'string'

    chosen = {
        key: model.OptionValue(value=text, type=kind(key), source='user') for key, text in values.items()
    }
    return {**options, **chosen}


def _snapshot(seen: plan.Seen, **changes: Any) -> plan.Seen:
    return dataclasses.replace(seen, snapshot=dataclasses.replace(seen.snapshot, **changes))


def _set(seen: plan.Seen, name: str, change: Callable[[model.Settings], model.Settings]) -> plan.Seen:
    now = seen.settings.get(name, model.Settings())
    return dataclasses.replace(seen, settings={**seen.settings, name: change(now)})


def _changed(
    seen: plan.Seen, name: str, change: Callable[[model.Application], model.Application]
) -> plan.Seen:
    return _with(seen, change(seen.snapshot.applications[name]))


def _with(seen: plan.Seen, application: model.Application) -> plan.Seen:
    applications = {**seen.snapshot.applications, application.name: application}
    return dataclasses.replace(seen, snapshot=dataclasses.replace(seen.snapshot, applications=applications))


def _with_machine(seen: plan.Seen, machine: str) -> plan.Seen:
    made = model.Machine(id=machine, agent=_CALM, instance=_CALM)
    machines = {**seen.snapshot.machines, machine: made}
    return dataclasses.replace(seen, snapshot=dataclasses.replace(seen.snapshot, machines=machines))
