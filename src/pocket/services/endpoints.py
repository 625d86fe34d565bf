"""Which endpoints a client means: inference without a database (Juju's state/state.go InferEndpoints)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bedrock.charm import Charm, Endpoint
from pocket.services.errors import NOT_FOUND, JujuError

JUJU_INFO = Endpoint(name='juju-info', role='provider', interface='juju-info')
"""What every application provides without saying so."""

_ROLE_ORDER = {'requirer': 0, 'provider': 1, 'peer': 2}
_COUNTERPART = {'requirer': 'provider', 'provider': 'requirer'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One application's end of a possible relation."""

    application: str
    endpoint: Endpoint
    subordinate: bool

    def __str__(self) -> str:
        return f'{self.application}:{self.endpoint.name}'

    @property
    def implicit(self) -> bool:
        """Whether this is an endpoint that nobody would name on purpose."""
        return self.endpoint.name == 'juju-info' and self.endpoint.role == 'provider'


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """What an application, of this model or consumed from another, has to relate by."""

    endpoints: Mapping[str, Endpoint]
    subordinate: bool = False


Candidate = tuple[Side, ...]


def key(sides: Sequence[Side]) -> str:
    """Return the relation's key text: the requirer first."""
    return ' '.join(str(side) for side in ordered(sides))


def ordered(sides: Sequence[Side]) -> Candidate:
    """Return *sides* with the requirer first."""
    return tuple(sorted(sides, key=lambda side: _ROLE_ORDER[side.endpoint.role]))


def party(charm: Charm) -> Party:
    """Return what an application of *charm* has to relate by."""
    return Party(endpoints=endpoints_of(charm), subordinate=charm.subordinate)


def infer(names: Sequence[str], parties: Mapping[str, Party]) -> Candidate:
    """Return the one relation that *names* (``app`` or ``app:endpoint``) can mean, the requirer first.

    Raises:
        JujuError: there is none, or there are several.
    """
    found = candidates(names, parties)
    if not found:
        raise JujuError('no relations found')
    if len(found) == 1:
        return found[0]
    explicit = [sides for sides in found if not any(side.implicit for side in sides)]
    if len(explicit) == 1:
        return explicit[0]
    raise ambiguous(names, explicit or found)


def ambiguous(names: Sequence[str], found: Sequence[Candidate]) -> JujuError:
    """Return the error for *names* that may mean any of *found*."""
    meanings = '; '.join(sorted(f'"{key(sides)}"' for sides in found))
    return JujuError(f'ambiguous relation: "{" ".join(names)}" could refer to {meanings}')


def candidates(names: Sequence[str], parties: Mapping[str, Party]) -> list[Candidate]:
    """Return every relation that *names* can mean.

    Raises:
        JujuError: a name has no meaning at all.
    """
    if len(names) == 1:
        return [(side,) for side in _sides(names[0], parties) if side.endpoint.role == 'peer']
    if len(names) != 2:
        raise JujuError(f'cannot relate {len(names)} endpoints')
    first, second = (
        [side for side in _sides(name, parties) if side.endpoint.role != 'peer'] for name in names
    )
    return [ordered((a, b)) for a in first for b in second if _relates(a, b)]


def scope_of(sides: Sequence[Side]) -> str:
    """Return ``container`` when either side says so."""
    return 'container' if any(side.endpoint.scope == 'container' for side in sides) else 'global'


def endpoints_of(charm: Charm) -> dict[str, Endpoint]:
    """Return the endpoints of an application of *charm*, juju-info included."""
    return {JUJU_INFO.name: JUJU_INFO, **charm.endpoints}


def _relates(a: Side, b: Side) -> bool:
    return (
        a.application != b.application
        and a.endpoint.interface == b.endpoint.interface
        and _COUNTERPART[a.endpoint.role] == b.endpoint.role
        and (scope_of((a, b)) == 'global' or a.subordinate or b.subordinate)
    )


def _sides(name: str, parties: Mapping[str, Party]) -> list[Side]:
    application, colon, endpoint = name.partition(':')
    if not application or (colon and not endpoint) or ':' in endpoint:
        raise JujuError(f'invalid endpoint "{name}"')
    found = parties.get(application)
    if found is None:
        raise JujuError(f'application "{application}" not found', NOT_FOUND)
    if endpoint and endpoint not in found.endpoints:
        raise JujuError(f'application "{application}" has no "{endpoint}" relation', NOT_FOUND)
    chosen = [found.endpoints[endpoint]] if endpoint else list(found.endpoints.values())
    return [Side(application=application, endpoint=ep, subordinate=found.subordinate) for ep in chosen]
