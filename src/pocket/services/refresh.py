"""Giving an application another charm: what must fit, what force passes over, what stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock.charm import Charm
from pocket.model import Base, Life
from pocket.services import (
    applicationconfig,
    applications,
    assumes,
    charms,
    endpoints,
    models,
    options,
    relations,
    resources,
    rows,
)
from pocket.services.applications import ApplicationRecord
from pocket.services.errors import NOT_SUPPORTED, JujuError
from pocket.services.storage import requests as storage_requests
from pocket.services.storage.directives import Wanted
from pocket.state import Tx


def set_charm(
    tx: Tx,
    uuid: str,
    name: str,
    *,
    charm_url: str,
    config: Mapping[str, Any] | None = None,
    base: Base | None = None,
    origin: Mapping[str, Any] | None = None,
    force: bool = False,
    force_base: bool = False,
    force_units: bool = False,
    resource_ids: Mapping[str, str] | None = None,
    storage: Mapping[str, Wanted] | None = None,
) -> None:
    """Give an application another charm, or the same one again; its units upgrade.

    Args:
        config: Options to set in the same step, checked against the new charm.
        base: What units that come later run on.
        force: Whatever the charm assumes, and whatever relations it has no endpoint for.
        force_base: Even if the charm does not support the base.
        force_units: Units in hook error get the charm as well, and go on with the hook that failed.
        resource_ids: Pending resources by name; others keep their content.
        storage: What units get from now on, by the charm's names.

    Raises:
        JujuError: the new charm does not fit what there is; nothing was changed.
    """
    record = applications.get(tx, uuid, name)
    charm = charms.get(tx, uuid, charm_url).charm
    doing = f'cannot upgrade application "{name}" to charm "{charm_url}"'
    if record.life is not Life.ALIVE:
        raise JujuError(f'{doing}: application is not alive')
    if charm.subordinate != record.subordinate:
        raise JujuError(f"{doing}: cannot change an application's subordinacy")
    assumes.check(charm, caas=models.is_caas(tx, uuid), force=force)
    chosen = base or record.base
    _check_base(charm, chosen, doing, force=force_base)
    if not force:
        _check_relations(tx, uuid, record, charm, doing)
    try:
        directives = storage_requests.prepare_upgrade(tx, uuid, name, charm, storage or {})
    except JujuError as error:
        raise JujuError(f'{doing}: {error.message}', error.code) from error
    parsed, trusted = options.parse_with_trust(charm, config or {}, trust=record.trust)
    merged = {**options.surviving(charm, record.config), **parsed}
    tx.db.execute(
        'UPDATE application SET charm_url = ?, charm_modified = charm_modified + 1, charm_forced = ?,'
        ' base_name = ?, base_channel = ?, origin = ? WHERE model_uuid = ? AND name = ?',
        (
            *(charm_url, force_units, chosen.name, chosen.channel),
            rows.dumps(record.origin if origin is None else origin),
            *(uuid, name),
        ),
    )
    kept = {key: value for key, value in merged.items() if value is not None}
    applicationconfig.put(tx, uuid, name, kept, trusted)
    resources.assign(tx, uuid, name, charm, resource_ids or {})
    relations.ensure_peers(tx, uuid, name, charm)
    storage_requests.finish_upgrade(tx, uuid, name, directives)


def _check_relations(tx: Tx, uuid: str, record: ApplicationRecord, charm: Charm, doing: str) -> None:
    known = endpoints.endpoints_of(charm)
    for relation in relations.list_(tx, uuid, record.name):
        for side in relation.endpoints:
            new = known.get(side.name)
            if side.application == record.name and (
                new is None or (new.role, new.interface) != (side.role, side.interface)
            ):
                raise JujuError(f'{doing}: would break relation "{relation.key}"')


def _check_base(charm: Charm, base: Base, doing: str, *, force: bool) -> None:
    supported = [Base(name=name, channel=channel) for name, channel in charm.bases]
    if not supported or base in supported:
        return
    if not force:
        shown = ', '.join(str(one) for one in supported)
        raise JujuError(
            f'{doing}: base "{base}" not supported by charm, the charm supported bases are: {shown}',
            NOT_SUPPORTED,
        )
    if base.name not in {one.name for one in supported}:
        shown = ', '.join(sorted({one.name for one in supported}))
        raise JujuError(
            f'{doing}: OS "{base.name}" not supported by charm, supported OSes are: {shown}', NOT_SUPPORTED
        )
