"""What a model has, as far as a bundle is compared with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pocket import bundles
from pocket.client import shape, values
from pocket.client.context import Session

Json = dict[str, Any]
Digest = Callable[[str], str]
"""The SHA-256 of the archive of the local charm at a path."""


def take(
    session: Session,
    bundle: bundles.Bundle,
    *,
    digest: Digest,
    machine_map: Callable[[Json], Mapping[str, str]],
) -> bundles.ExistingModel:
    """The model of *session*.

    Args:
        digest: Tells whether a local charm is the one that runs.
        machine_map: Machines of the bundle by the machines that the model has.
    """
    full = session.call('Client', 'FullStatus', {'patterns': []})
    sequences = shape.mapping(session.call('ModelConfig', 'Sequences').get('sequences'))
    applications = shape.mapping(full.get('applications'))
    machines = shape.mapping(full.get('machines'))
    notes = _annotations(
        session,
        [f'application-{name}' for name in applications] + [values.machine_tag(name) for name in machines],
    )
    return bundles.ExistingModel(
        applications={
            name: _application(session, name, shape.mapping(entry), full, bundle, notes, digest)
            for name, entry in applications.items()
        },
        machines={name: notes.get(values.machine_tag(name), {}) for name in machines},
        relations=frozenset(_pair(relation) for relation in shape.objects(full.get('relations'))),
        saas={
            name: str(shape.mapping(entry).get('offer-url') or '')
            for name, entry in shape.mapping(full.get('remote-applications')).items()
        },
        next_machine=int(sequences.get('machine') or 0),
        next_unit={
            key.removeprefix('application-'): int(value)
            for key, value in sequences.items()
            if key.startswith('application-')
        },
        machine_map=machine_map(machines),
    )


def _application(
    session: Session,
    name: str,
    entry: Json,
    full: Json,
    bundle: bundles.Bundle,
    notes: Mapping[str, Mapping[str, str]],
    digest: Digest,
) -> bundles.ExistingApplication:
    details = session.call('Application', 'Get', {'application': name, 'branch': ''})
    url = str(entry.get('charm') or '')
    wanted = bundle.applications.get(name)
    options = {**shape.mapping(details.get('config')), **shape.mapping(details.get('application-config'))}
    return bundles.ExistingApplication(
        charm=_charm(session, name, url, wanted, digest),
        charm_name=bundles.charm_name(url),
        channel=str(entry.get('charm-channel') or details.get('channel') or ''),
        revision=_revision(entry, url),
        options={key: option['value'] for key, option in options.items() if option.get('value') is not None},
        constraints=values.constraints_text(shape.mapping(details.get('constraints'))),
        exposed=bool(entry.get('exposed')),
        exposed_endpoints=_exposed(entry),
        annotations=notes.get(f'application-{name}', {}),
        units={
            unit: str(shape.mapping(found).get('machine') or '')
            for unit, found in shape.mapping(entry.get('units')).items()
        },
        scale=int(entry.get('int') or 0),
        offers={
            offer: tuple(shape.mapping(found.get('endpoints')))
            for offer, found in shape.mapping(full.get('offers')).items()
            if found.get('application-name') == name
        },
    )


def _charm(session: Session, name: str, url: str, wanted: bundles.Application | None, digest: Digest) -> str:
    """The charm as the bundle names it, when a local one is the same to the byte; else its URL."""
    if wanted is None or not wanted.local:
        return url
    origin = session.call('Application', 'GetCharmURLOrigin', {'application': name, 'branch': ''})
    running = str(shape.mapping(origin.get('charm-origin')).get('hash') or '')
    return wanted.charm if running and running == digest(wanted.charm) else url


def _revision(entry: Json, url: str) -> int | None:
    if isinstance(entry.get('charm-rev'), int):
        return int(entry['charm-rev'])
    tail = url.rpartition('-')[2]
    return int(tail) if tail.isdecimal() else None


def _exposed(entry: Json) -> dict[str, Any]:
    return {
        endpoint: {
            key: sorted(details[key])
            for key in ('expose-to-spaces', 'expose-to-cidrs')
            if shape.mapping(details).get(key)
        }
        for endpoint, details in shape.mapping(entry.get('exposed-endpoints')).items()
    }


def _pair(relation: Json) -> frozenset[str]:
    return frozenset(f'{side["application"]}:{side["name"]}' for side in shape.objects(relation['endpoints']))


def _annotations(session: Session, tags: list[str]) -> dict[str, dict[str, str]]:
    if not tags:
        return {}
    answer = session.call('Annotations', 'Get', {'entities': [{'tag': tag} for tag in tags]})
    return {
        str(item.get('entity')): shape.mapping(item.get('annotations'))
        for item in shape.objects(answer.get('results'))
    }
