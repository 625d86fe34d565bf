"""The plan: what to do so that the seen model becomes the wanted one. Pure; nothing is ever removed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hoodoo import model, wording
from hoodoo.bundle.planning import crossing, equal, placing, related, steps
from hoodoo.bundle.reading import words

_NOTHING = model.Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The facts that a plan starts from."""

    snapshot: model.ModelSnapshot
    settings: Mapping[str, model.Settings] = field(default_factory=dict[str, model.Settings])
    """Of each wanted application that exists."""
    machines: Mapping[str, str] = field(default_factory=dict[str, str])
    """The model's machine for each machine of the bundle that exists."""
    annotations: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Of machines, by id."""
    deployed: Mapping[str, model.Deployed] = field(default_factory=dict[str, model.Deployed])
    """What we gave applications before, by name."""
    digests: Mapping[Path, str] = field(default_factory=dict[Path, str])
    """What each local charm that is wanted holds now; a charm that is not there yet has none."""
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    """The digest of each wanted image of this machine; one that is not there yet has none."""
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """The digests of images that we gave applications before, by application and resource."""


def plan(wanted: model.WantedModel, seen: Seen, *, apply_config_changes: bool = True) -> steps.Plan:
    """Return the steps from *seen* to *wanted*; none when nothing is to do.

    Options, constraints and annotations that the bundle does not name are left alone.

    Args:
        apply_config_changes: False leaves what applications that exist are set to as it is: options,
            constraints, trust and annotations, and an exposure too many, which juju-deployer never changed.
            Charms, units, relations and what is to be exposed are seen to all the same.
    """
    made: list[steps.Step] = list(_machines(wanted, seen))
    made += crossing.made(wanted, seen.snapshot)
    remarks = [*wanted.remarks, *crossing.differences(wanted, seen.snapshot)]
    problems = [*_wrong_kind(wanted, seen.snapshot), *crossing.obstacles(wanted, seen.snapshot)]
    left: set[str] = set()
    for name, application in wanted.applications.items():
        there = seen.snapshot.applications.get(name)
        level = placing.depth(name, wanted.applications)
        if there is None:
            problems += _unnamed(application)
            made.append(steps.Deploy(wanted=application, to=placing.ordered(application.to), depth=level))
            made += _annotations(application, _NOTHING)
            made += crossing.exposing(application, None)
            continue
        problems += _obstacles(application, there)
        made += crossing.exposing(application, there)
        made += _charm_and_images(application, there, seen)
        made += _units(application, there, seen, level, pods=wanted.on_kubernetes)
        remarks += _differences(application, there)
        changes = list(_changes(application, there, seen.settings.get(name, _NOTHING)))
        if apply_config_changes:
            made += changes
        elif changes:
            left.add(name)
            remarks += (f'{step}: left as it is (apply-config-changes=False)' for step in changes)
    present = related.Relations(related.pairs(seen.snapshot.relations))
    made += (
        steps.Integrate(one=relation.one, other=relation.other)
        for relation in wanted.relations
        if not present.has(relation.one, relation.other)
    )
    made.sort(key=steps.place)
    return steps.Plan(
        steps=tuple(made), remarks=tuple(remarks), problems=tuple(problems), left=frozenset(left)
    )


def _wrong_kind(wanted: model.WantedModel, there: model.ModelSnapshot) -> Iterator[str]:
    # A model that does not exist yet has no name, and will be of the kind that is wanted.
    if there.name and wanted.applications and wanted.on_kubernetes is not there.on_kubernetes:
        kinds = {True: 'on Kubernetes', False: 'of machines'}
        yield (
            f'model {there.name} is {kinds[there.on_kubernetes]} and the bundle is for one'
            f' {kinds[wanted.on_kubernetes]}: choose another model with --model'
        )


def _machines(wanted: model.WantedModel, seen: Seen) -> Iterator[steps.Step]:
    number = 0
    for name, machine in wanted.machines.items():
        real = seen.machines.get(name)
        if real is None:
            yield steps.AddMachine(wanted=machine, number=number)
            number += 1
        notes = _differing(machine.annotations, seen.annotations.get(real or '', {}))
        if notes:
            yield steps.Annotate(kind='machine', name=name, annotations=notes)


def _charm_and_images(
    wanted: model.WantedApplication, there: model.Application, seen: Seen
) -> Iterator[steps.Step]:
    # An image goes with the charm: its pods are replaced once.
    known = seen.given.get(wanted.name, {})
    changed = {
        key: text
        for key, text in wanted.resources.items()
        if text in seen.images and seen.images[text] != known.get(key)
    }
    refreshed = list(_charm(wanted, there, seen))
    yield from (dataclasses.replace(step, images=changed) for step in refreshed)
    if not refreshed:
        for key, text in changed.items():
            why = 'it has changed' if key in known else 'it may be another one'
            yield steps.Attach(application=wanted.name, resource=key, image=text, why=why)


def _charm(wanted: model.WantedApplication, there: model.Application, seen: Seen) -> Iterator[steps.Refresh]:
    if isinstance(wanted.charm, model.StoreCharm):
        switch = charm_source(there.charm) == 'local'
        why = (
            f'it runs a local charm, {wanted.charm.name} is wanted' if switch else _newer(wanted.charm, there)
        )
        if why:
            yield steps.Refresh(wanted=wanted, why=why, switch=switch)
        return
    digest = seen.digests.get(wanted.charm.path)
    deployed = seen.deployed.get(wanted.name)
    if digest and deployed != model.Deployed(digest=digest, charm=there.charm):
        changed = deployed is not None and deployed.charm == there.charm
        yield steps.Refresh(
            wanted=wanted, why='its charm has changed' if changed else 'it may have another charm'
        )


def _newer(wanted: model.StoreCharm, there: model.Application) -> str:
    """Why the store's charm is to be fetched again; empty when it is what is wanted."""
    if wanted.channel and channel(wanted.channel) != channel(there.channel):
        return f'from channel {channel(there.channel)} to {channel(wanted.channel)}'
    if wanted.revision is not None:
        return (
            ''
            if wanted.revision == there.revision
            else f'from revision {there.revision} to {wanted.revision}'
        )
    return f'its channel has {there.newer}' if there.newer else ''


def _units(
    wanted: model.WantedApplication, there: model.Application, seen: Seen, level: int, *, pods: bool
) -> Iterator[steps.Step]:
    for unit in there.units:
        if unit.workload.value == 'error':
            yield steps.Retry(unit=unit.name)
    count = wanted.num_units - there.size
    if count <= 0 or _is_subordinate(wanted, there):
        return
    if pods:
        yield steps.Scale(application=wanted.name, units=wanted.num_units, was=there.size)
    else:
        to = placing.missing(wanted, there, seen.snapshot, seen.machines)[:count]
        yield steps.AddUnits(application=wanted.name, count=count, to=placing.ordered(to), depth=level)


def _changes(
    wanted: model.WantedApplication, there: model.Application, live: model.Settings
) -> Iterator[steps.Step]:
    """What the application is set to and should not be."""
    options = {key: value for key, value in wanted.options.items() if not _has_option(live, key, value)}
    if options:
        yield steps.SetOptions(application=wanted.name, options=options)
    differing = equal.differing(wanted.constraints, live.constraints)
    if differing and not _is_subordinate(wanted, there):
        whole = {**live.constraints, **wanted.constraints}
        yield steps.SetConstraints(application=wanted.name, constraints=whole, changed=differing)
    if wanted.trust and not live.trust:
        yield steps.Trust(application=wanted.name)
    yield from _annotations(wanted, live)
    if wanted.expose is False and there.exposed:
        yield steps.Unexpose(application=wanted.name)


def _annotations(wanted: model.WantedApplication, live: model.Settings) -> Iterator[steps.Step]:
    notes = _differing(wanted.annotations, live.annotations)
    if notes:
        yield steps.Annotate(kind='application', name=wanted.name, annotations=notes)


def _obstacles(wanted: model.WantedApplication, there: model.Application) -> Iterator[str]:
    name = charm_name(there.charm)
    store = isinstance(wanted.charm, model.StoreCharm) and charm_source(there.charm) != 'local'
    if store and name and isinstance(wanted.charm, model.StoreCharm) and name != wanted.charm.name:
        yield (
            f'{wanted.name} runs charm "{name}" and the bundle wants "{wanted.charm.name}":'
            ' Juju cannot make one of the other'
        )
    if there.life != 'alive':
        yield f'{wanted.name} is being removed ({there.life}): it can be deployed when it is gone'


def _unnamed(wanted: model.WantedApplication) -> Iterator[str]:
    # An application that is there has its images, whoever brought them.
    if wanted.unnamed_images:
        named = ', '.join(f'{key}: IMAGE' for key in wanted.unnamed_images)
        yield (
            f'{wanted.name} cannot be deployed: its charm has no image of its own, and the bundle names none:'
            f' write resources: {{{named}}}'
        )


def _differences(wanted: model.WantedApplication, there: model.Application) -> Iterator[str]:
    extra = there.size - wanted.num_units
    if extra > 0 and not _is_subordinate(wanted, there):
        # Units of machines are removed by their names; of pods those with the highest numbers go.
        removes = f'remove-unit {" ".join(unit.name for unit in there.staying[-extra:])}'
        if there.scale is not None:
            removes = f'scale-application {wanted.name} {wanted.num_units}'
        yield (
            f'{wanted.name} has {wording.counted(there.size, "unit")} and the bundle wants'
            f' {wanted.num_units}: left as it is ("juju {removes}" removes)'
        )
    if there.exposed and wanted.expose is None and not wanted.exposed_to:
        yield f'{wanted.name} is exposed though the bundle does not say so: left as it is'


def _has_option(live: model.Settings, key: str, value: str) -> bool:
    """Whether option *key* is set to what *value* says."""
    found = live.options.get(key)
    return found is not None and words.same_option(value, found.value, found.type)


def _is_subordinate(wanted: model.WantedApplication, there: model.Application) -> bool:
    """Whether its units come with others'."""
    return wanted.subordinate or bool(there.subordinate_to)


def channel(text: str) -> str:
    """A channel in full: ``edge`` and ``latest/edge`` are one, and so are ``8.0`` and ``8.0/stable``."""
    parts = text.split('/')
    risks = ('stable', 'candidate', 'beta', 'edge')
    if parts[0] in ('', *risks):
        parts = ['latest', *(parts if parts[0] else ('stable',))]
    elif len(parts) == 1:
        parts.append('stable')
    return '/'.join(parts)


def charm_source(url: str) -> str:
    """``local`` or ``ch``."""
    return url.partition(':')[0]


def charm_name(url: str) -> str:
    """The charm's name in a URL such as ``ch:amd64/noble/postgresql-k8s-12``."""
    name, dash, revision = url.rpartition(':')[2].rpartition('/')[2].rpartition('-')
    return name if dash and revision.isdecimal() else url.rpartition('/')[2]


def _differing(wanted: Mapping[str, str], live: Mapping[str, str]) -> dict[str, str]:
    # An empty annotation is one that is not there, as in Juju.
    return {key: value for key, value in wanted.items() if live.get(key, '') != value}
