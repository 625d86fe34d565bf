"""What is wrong with a bundle as a whole, in Juju's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pocket.bundles.spec import Application, Bundle, Relation

_ENDPOINT = re.compile(
    r'[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*(:[a-zA-Z][a-zA-Z0-9]*([_-][a-zA-Z0-9]+)*)?'
)
_CONSTRAINTS: Mapping[str, re.Pattern[str]] = {
    **{
        name: re.compile(r'\S*')
        for name in ('arch', 'container', 'root-disk-source', 'instance-role', 'instance-type')
    },
    **{name: re.compile(r'\S*') for name in ('virt-type', 'image-id', 'tags', 'spaces', 'zones')},
    **{name: re.compile(r'\d+') for name in ('cores', 'cpu-power')},
    **{name: re.compile(r'\d+(\.\d+)?[MGTP]?(i?B)?') for name in ('mem', 'root-disk')},
    'allocate-public-ip': re.compile('true|false'),
}


def natural(text: str) -> list[tuple[int, int | str]]:
    """A sort key by which 2 comes before 10."""
    parts = re.split(r'(\d+)', text)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def verify(bundle: Bundle) -> list[str]:
    """Every problem of *bundle*; none when it can be deployed."""
    return [
        *_whole(bundle),
        *_on_kubernetes(bundle),
        *_machines(bundle),
        *(problem for application in bundle.applications.values() for problem in _application(application)),
        *(
            problem
            for application in bundle.applications.values()
            for problem in _placed(application, bundle)
        ),
        *_relations(bundle),
    ]


def _whole(bundle: Bundle) -> Iterator[str]:
    if not bundle.applications and not bundle.saas:
        yield 'at least one application must be specified'
    if bundle.kubernetes and bundle.machines:
        yield 'bundle machines not valid for Kubernetes bundles'
    for name, url in bundle.saas.items():
        if name in bundle.applications:
            yield f'ambiguous saas name "{name}": an application has it too'
        if not url:
            yield f'saas "{name}" has no offer URL'


def _on_kubernetes(bundle: Bundle) -> Iterator[str]:
    for name, application in bundle.applications.items():
        if bundle.kubernetes and application.to:
            yield f'placement directives not valid for Kubernetes bundles, application "{name}" has them'


def _machines(bundle: Bundle) -> Iterator[str]:
    used = {place.machine for application in bundle.applications.values() for place in application.to}
    for name, machine in bundle.machines.items():
        if name not in used:
            yield f'machine "{name}" is not referred to by a placement directive'
        for problem in _constraints(machine.constraints):
            yield f'invalid constraints "{machine.constraints}" in machine "{name}": {problem}'


def _application(application: Application) -> Iterator[str]:
    name = application.name
    if not application.charm:
        yield f'empty charm path in application "{name}"'
    if application.revision is not None and application.revision < 0:
        yield f'the revision for application "{name}" must be zero or greater'
    if application.revision is not None and not application.channel and not application.local:
        yield (
            f'application "{name}" with a revision requires a channel for future upgrades, please use channel'
        )
    if application.num_units < 0:
        yield f'negative number of units specified on application "{name}"'
    if len(application.to) > max(application.num_units, 0):
        yield f'too many units specified in unit placement for application "{name}"'
    if application.expose and application.exposed_endpoints:
        yield (
            f'exposed-endpoints cannot be specified together with "exposed:true" in application "{name}"'
            ' as this poses a security risk when deploying bundles to older controllers'
        )
    for problem in _constraints(application.constraints):
        yield f'invalid constraints "{application.constraints}" in application "{name}": {problem}'
    for offer, details in application.offers.items():
        if not details.endpoints:
            yield f'offer "{offer}" of application "{name}" has no endpoints'
        for user, access in details.acl.items():
            if access not in ('read', 'consume', 'admin'):
                yield f'invalid access "{access}" for user "{user}" in offer "{offer}"'


def _placed(application: Application, bundle: Bundle) -> Iterator[str]:
    for place in application.to:
        if place.machine and place.machine not in bundle.machines:
            yield f'placement "{place.text}" refers to a machine not defined in this bundle'
        if not place.application:
            continue
        target = bundle.applications.get(place.application)
        if target is None:
            yield f'placement "{place.text}" refers to an application not defined in this bundle'
        elif (place.unit or 0) >= target.num_units:
            yield (
                f'placement "{place.text}" specifies a unit greater than the {target.num_units}'
                ' unit(s) started by the target application'
            )
    if _in_circle(application, bundle):
        yield f'placement of application "{application.name}" leads back to itself'


def _in_circle(application: Application, bundle: Bundle) -> bool:
    """Whether following the placements by application from *application* ends at itself."""
    seen: set[str] = set()
    ahead = {place.application for place in application.to if place.application}
    while ahead:
        name = ahead.pop()
        if name == application.name:
            return True
        target = bundle.applications.get(name)
        if target is not None and name not in seen:
            seen.add(name)
            ahead |= {place.application for place in target.to if place.application}
    return False


def _relations(bundle: Bundle) -> Iterator[str]:
    known = {*bundle.applications, *bundle.saas}
    seen: set[frozenset[str]] = set()
    for relation in bundle.relations:
        yield from _sides(relation, known)
        pair = frozenset({relation.first, relation.second})
        if pair in seen:
            yield f'relation {relation} is defined more than once'
        seen.add(pair)


def _sides(relation: Relation, known: set[str]) -> Iterator[str]:
    names: list[str] = []
    for side in (relation.first, relation.second):
        if not _ENDPOINT.fullmatch(side):
            yield f'invalid relation syntax "{side}"'
            return
        name = side.partition(':')[0]
        names.append(name)
        if name not in known:
            yield f'relation {relation} refers to application "{name}" not defined in this bundle'
    if names[0] == names[1]:
        yield f'relation {relation} relates an application to itself'


def _constraints(text: str) -> Iterator[str]:
    for word in text.split():
        key, equals, value = word.partition('=')
        pattern = _CONSTRAINTS.get(key)
        if not equals:
            yield f'malformed constraint "{word}"'
        elif pattern is None:
            yield f'unknown constraint "{key}"'
        elif value and not pattern.fullmatch(value):
            yield f'bad "{key}" constraint: "{value}" is not valid'
