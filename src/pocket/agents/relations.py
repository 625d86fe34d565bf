"""Which hook is due in one relation: Juju's order, as a pure function."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.agents.local import Hook, LocalState, RelationState
from pocket.model import Life, RelationView, UnitView, application_of


def ordered(view: UnitView) -> list[RelationView]:
    """The unit's relations, those with other applications before its peers."""
    return sorted(view.relations, key=lambda relation: (relation.role == 'peer', relation.id))


def find(view: UnitView, relation_id: int) -> RelationView | None:
    """The relation with that id, if the unit is still in it."""
    return next((relation for relation in view.relations if relation.id == relation_id), None)


def is_gone(view: UnitView, hook: Hook) -> bool:
    """Whether *hook* is of a relation that is no more, or that the charm no longer has an endpoint for."""
    if not hook.in_relation:
        return False
    relation = find(view, hook.relation_id)
    return relation is None or relation.implicit


def leaving(view: UnitView, relation: RelationView) -> bool:
    """Whether the unit is on its way out of *relation*."""
    return relation.suspended or relation.life is not Life.ALIVE or view.life is not Life.ALIVE


def due_hook(local: LocalState, view: UnitView, relation: RelationView) -> Hook | None:
    """The next hook of a relation whose relation-created ran, or None."""
    known = local.relations.get(relation.id)
    if known is None or relation.implicit:
        return None
    if known.changed_pending:
        # Joined is always followed by changed, even when the unit has left meanwhile.
        return _changed(relation, known, known.changed_pending)
    going = leaving(view, relation)
    present: Mapping[str, int] = {} if going else relation.members
    for unit in sorted(known.members.keys() - present.keys()):
        return _about(
            relation,
            'relation-departed',
            unit,
            departing=unit if view.life is Life.ALIVE else view.unit,
        )
    if going:
        return None if relation.role == 'peer' else _plain(relation, 'relation-broken')
    for application, version in sorted(relation.application_versions.items()):
        if version != known.applications.get(application, 0):
            return _plain(relation, 'relation-changed', application=application, version=version)
    for unit in sorted(present.keys() - known.members.keys()):
        return _about(relation, 'relation-joined', unit, version=present[unit])
    for unit in sorted(present):
        if present[unit] != known.members[unit]:
            return _changed(relation, known, unit)
    return None


def created_hook(relation: RelationView) -> Hook:
    """The first hook of *relation*."""
    return _plain(relation, 'relation-created')


def refreshed(hook: Hook, view: UnitView) -> Hook:
    """*hook* as it is to be run now: a queued or failed one reports what the model says by then."""
    if hook.storage_id or hook.secret is not None or hook.workload is not None:
        return hook
    if not hook.in_relation:
        return Hook(
            kind=hook.kind,
            version=view.leader_settings_version,
            settings_hash=view.settings_hash,
            boot_id=view.surroundings.boot_id,
        )
    relation = find(view, hook.relation_id)
    if relation is None or hook.kind not in ('relation-joined', 'relation-changed'):
        return hook
    if hook.remote_unit:
        version = relation.members.get(hook.remote_unit, hook.version)
        return _about(relation, hook.kind, hook.remote_unit, version=version)
    version = relation.application_versions.get(hook.remote_application, hook.version)
    return _plain(relation, hook.kind, application=hook.remote_application, version=version)


def _changed(relation: RelationView, known: RelationState, unit: str) -> Hook:
    version = relation.members.get(unit, known.members.get(unit, 0))
    return _about(relation, 'relation-changed', unit, version=version)


def _about(relation: RelationView, kind: str, unit: str, *, version: int = 0, departing: str = '') -> Hook:
    return Hook(
        kind=kind,
        endpoint=relation.endpoint,
        relation_id=relation.id,
        remote_application=application_of(unit),
        remote_unit=unit,
        departing_unit=departing,
        version=version,
    )


def _plain(relation: RelationView, kind: str, *, application: str = '', version: int = 0) -> Hook:
    return Hook(
        kind=kind,
        endpoint=relation.endpoint,
        relation_id=relation.id,
        remote_application=application or relation.remote_application,
        version=version,
    )
