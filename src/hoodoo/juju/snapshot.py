"""Juju's FullStatus as a typed snapshot; the only place that knows its field names."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from hoodoo import model


def decode(status: Mapping[str, Any]) -> model.ModelSnapshot:
    """Return the snapshot that a ``Client.FullStatus`` answer describes."""
    raw = _mappings(status.get('applications'))
    units = [unit for name, entry in raw.items() for unit in _units(name, entry)]
    on_kubernetes = _mapping(status.get('model')).get('type') == 'caas'
    return model.ModelSnapshot(
        name=str(_mapping(status.get('model')).get('name', '')),
        on_kubernetes=on_kubernetes,
        now_ms=_time_ms(status.get('controller-timestamp')) or time.time_ns() // 1_000_000,
        applications={
            name: _application(name, entry, tuple(u for u in units if u.application == name), on_kubernetes)
            for name, entry in sorted(raw.items())
        },
        relations=tuple(_relation(entry) for entry in status.get('relations') or ()),
        machines={m.id: m for m in _machines(_mappings(status.get('machines')))},
        offers={name: _offer(entry) for name, entry in _mappings(status.get('offers')).items()},
        saas={
            name: str(entry['offer-url'])
            for name, entry in _mappings(status.get('remote-applications')).items()
            if entry.get('offer-url')
        },
    )


def home(status: Mapping[str, Any]) -> tuple[str, str]:
    """Return the cloud and the region that a ``Client.FullStatus`` answer names."""
    found = _mapping(status.get('model'))
    return str(found.get('cloud-tag') or '').removeprefix('cloud-'), str(found.get('region') or '')


def options(answer: Mapping[str, Any]) -> dict[str, model.OptionValue]:
    """Return the options that an ``Application.Get`` answer holds."""
    return {
        name: model.OptionValue(
            value=entry.get('value'),
            type=str(entry.get('type', 'string')),
            source=str(entry.get('source', 'unset')),
        )
        for name, entry in _mappings(answer.get('config')).items()
    }


def settings(answer: Mapping[str, Any], annotations: Mapping[str, str]) -> model.Settings:
    """Return what an ``Application.Get`` answer says that an application is set to."""
    trust = _mapping(_mapping(answer.get('application-config')).get('trust')).get('value')
    return model.Settings(
        options=options(answer),
        constraints=constraints(_mapping(answer.get('constraints'))),
        # Juju's own answer to a value that was set as text is text.
        trust=str(trust).lower() == 'true',
        annotations=annotations,
    )


def constraints(value: Mapping[str, Any]) -> dict[str, str]:
    """A ``constraints.Value`` as words that the juju program takes."""
    return {key: _constraint(key, found) for key, found in sorted(value.items()) if found is not None}


def notes(answer: Mapping[str, Any], tags: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the annotations in an ``Annotations.Get`` answer about *tags*."""
    found: dict[str, dict[str, str]] = {tag: {} for tag in tags}
    for entry in answer.get('results') or ():
        given = _mapping(_mapping(entry).get('annotations'))
        found[str(entry.get('entity', ''))] = {key: str(value) for key, value in given.items()}
    return found


def item_error(answer: Mapping[str, Any]) -> str:
    """The message of the first error among the results of a call about several things."""
    errors = (_mapping(_mapping(entry).get('error')) for entry in answer.get('results') or ())
    return next((str(error.get('message', error)) for error in errors if error), '')


def _constraint(key: str, value: object) -> str:
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, list):
        return ','.join(str(part) for part in cast('list[object]', value))
    return f'{value}M' if key in ('mem', 'root-disk') else str(value)


def _application(
    name: str, entry: Mapping[str, Any], units: tuple[model.Unit, ...], on_kubernetes: bool
) -> model.Application:
    return model.Application(
        name=name,
        charm=str(entry.get('charm', '')),
        status=_status(entry.get('status')),
        units=units,
        subordinate_to=tuple(str(principal) for principal in entry.get('subordinate-to') or ()),
        exposed=bool(entry.get('exposed', False)),
        exposed_to={
            endpoint: model.Exposure(
                spaces=tuple(str(space) for space in to.get('expose-to-spaces') or ()),
                cidrs=tuple(str(cidr) for cidr in to.get('expose-to-cidrs') or ()),
            )
            for endpoint, to in _mappings(entry.get('exposed-endpoints')).items()
        },
        life=str(entry.get('life') or 'alive'),
        channel=str(entry.get('charm-channel') or ''),
        revision=_revision(entry),
        newer=str(entry.get('can-upgrade-to') or ''),
        # This is what Juju calls the scale here; it leaves a 0 out.
        scale=int(entry.get('int') or 0) if on_kubernetes else None,
    )


def _revision(entry: Mapping[str, Any]) -> int | None:
    """The charm's revision. Juju leaves a 0 out, so what is not told is at the end of the charm's URL."""
    if 'charm-rev' in entry:
        return int(entry['charm-rev'])
    number = str(entry.get('charm') or '').rpartition('-')[2]
    return int(number) if number.isdecimal() else None


def _units(application: str, entry: Mapping[str, Any]) -> Iterator[model.Unit]:
    for name, unit in sorted(_mappings(entry.get('units')).items(), key=lambda item: _natural(item[0])):
        machine = str(unit.get('machine', ''))
        yield _unit(name, application, unit, machine=machine)
        for sub_name, sub in _mappings(unit.get('subordinates')).items():
            yield _unit(sub_name, sub_name.rpartition('/')[0], sub, machine=machine, principal=name)


def _unit(
    name: str, application: str, entry: Mapping[str, Any], *, machine: str, principal: str = ''
) -> model.Unit:
    agent = _mapping(entry.get('agent-status'))
    return model.Unit(
        name=name,
        application=application,
        workload=_status(entry.get('workload-status')),
        agent=_status(agent),
        machine=machine,
        principal=principal,
        leader=bool(entry.get('leader', False)),
        life=str(agent.get('life') or _mapping(entry.get('workload-status')).get('life') or 'alive'),
        old_charm=str(entry.get('charm') or ''),
    )


def _offer(entry: Mapping[str, Any]) -> model.Offer:
    # By the name that consumers see; what the charm calls an endpoint is what can be offered again.
    ends = _mappings(entry.get('endpoints')).items()
    return model.Offer(
        application=str(entry.get('application-name', '')),
        endpoints=tuple(sorted(str(end.get('name') or name) for name, end in ends)),
    )


def _relation(entry: Mapping[str, Any]) -> model.Relation:
    return model.Relation(
        id=int(entry.get('id', 0)),
        endpoints=tuple(
            model.Endpoint(application=str(end['application']), name=str(end.get('name', '')))
            for end in entry.get('endpoints') or ()
        ),
        status=str(_mapping(entry.get('status')).get('status') or 'joined'),
    )


def _machines(entries: Mapping[str, Mapping[str, Any]]) -> Iterator[model.Machine]:
    for name, entry in entries.items():
        yield model.Machine(
            id=name,
            agent=_status(entry.get('agent-status')),
            instance=_status(entry.get('instance-status')),
            life=str(_mapping(entry.get('agent-status')).get('life') or 'alive'),
        )
        yield from _machines(_mappings(entry.get('containers')))


def _status(raw: object) -> model.Status:
    entry = _mapping(raw)
    return model.Status(
        value=str(entry.get('status', '')),
        message=str(entry.get('info') or ''),
        data=_mapping(entry.get('data')),
        since_ms=_time_ms(entry.get('since')),
    )


def _time_ms(raw: object) -> int | None:
    if not isinstance(raw, str) or not raw:
        return None
    try:
        moment = datetime.datetime.fromisoformat(raw)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return int(moment.timestamp() * 1000)


def _natural(unit: str) -> tuple[str, int]:
    application, _, number = unit.rpartition('/')
    return application, int(number) if number.isdecimal() else 0


def _mapping(value: object) -> Mapping[str, Any]:
    return cast('Mapping[str, Any]', value) if isinstance(value, dict) else {}


def _mappings(value: object) -> Mapping[str, Mapping[str, Any]]:
    return {str(name): _mapping(entry) for name, entry in _mapping(value).items()}
