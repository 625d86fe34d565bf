"""Whether a bundle's relations can be made: the applications exist, and their charms have what is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bedrock import charm as charm_files
from bedrock import errors
from hoodoo import model, wording

# Every charm provides this without saying so.
_IMPLICIT = charm_files.Endpoint(name='juju-info', role='provider', interface='juju-info')
_COUNTERPART = {'provider': 'requirer', 'requirer': 'provider'}

Charms = Mapping[str, charm_files.Charm | None]
"""Every application that exists by then; None where the charm cannot be read before."""


def check(relations: tuple[model.WantedRelation, ...], charms: Charms) -> Iterator[errors.Problem]:
    """Yield what is wrong with *relations*."""
    for relation in relations:
        for message, hint in _pair(relation, charms):
            yield errors.Problem(
                file=relation.file, line=relation.line, column=relation.column, message=message, hint=hint
            )


def _pair(relation: model.WantedRelation, charms: Charms) -> Iterator[tuple[str, str]]:
    one, other = relation.one, relation.other
    wrong = [*_side(one, charms), *_side(other, charms)]
    if wrong:
        yield from wrong
        return
    left, right = charms[one.application], charms[other.application]
    if left is None or right is None:
        return
    fitting = [
        (a, b)
        for a in _ends(left, one.name)
        for b in _ends(right, other.name)
        if a.interface == b.interface and _COUNTERPART.get(a.role) == b.role
    ]
    # juju-info takes part only where it is named or nothing else fits, as in Juju.
    narrow = [(a, b) for a, b in fitting if _IMPLICIT.name not in (a.name, b.name)] or fitting
    if not narrow:
        yield f'relation {relation}: the charms share no interface there', _offered(one, left, other, right)
    elif len(narrow) > 1:
        choices = ', '.join(f'{one.application}:{a.name} - {other.application}:{b.name}' for a, b in narrow)
        yield f'relation {relation} may mean several', f'Name the endpoints: {choices}.'


def _side(end: model.Endpoint, charms: Charms) -> Iterator[tuple[str, str]]:
    if end.application not in charms:
        message = f'relation to "{end}": nothing deploys application "{end.application}"'
        hint = wording.guess(end.application, charms) or f'Applications: {", ".join(charms) or "none"}.'
        yield message, hint
        return
    charm = charms[end.application]
    if charm is not None and end.name and not _ends(charm, end.name):
        message = f'relation to "{end}": charm "{charm.name}" has no endpoint "{end.name}"'
        yield message, wording.guess(end.name, charm.endpoints) or _listed(end, charm)


def _offered(
    one: model.Endpoint, left: charm_files.Charm, other: model.Endpoint, right: charm_files.Charm
) -> str:
    """What each side has."""
    return f'{_listed(one, left)} {_listed(other, right)}'


def _listed(end: model.Endpoint, charm: charm_files.Charm) -> str:
    named = ', '.join(f'{e.name} ({e.role} of {e.interface})' for e in charm.endpoints.values())
    return f'{end.application} has {named or "no endpoints"}.'


def _ends(charm: charm_files.Charm, name: str) -> list[charm_files.Endpoint]:
    ends = {_IMPLICIT.name: _IMPLICIT, **charm.endpoints}
    return [end for end in ends.values() if not name or end.name == name]
