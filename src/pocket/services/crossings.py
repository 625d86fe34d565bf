"""Relations between models: consume an offer, relate to it, let a relation rest, take it all down again."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from pocket.services import applicationrows, endpoints, life, models, offers, relationrows, rows, saas, sides
from pocket.services.endpoints import Candidate, Side
from pocket.services.errors import ALREADY_EXISTS, NOT_FOUND, NOT_SUPPORTED, NOT_VALID, JujuError
from pocket.services.offers import OfferRecord
from pocket.services.relationrows import Home
from pocket.services.saas import SaasRecord
from pocket.state import Tx


def consume(tx: Tx, uuid: str, offer_uuid: str, *, url: str, alias: str = '') -> str:
    """Give a model a name for an offer of another and return it: by default the offer's. May be done again.

    Raises:
        JujuError: the offer is gone or the model's own, or the name is taken.
    """
    offer = offers.find(tx, offer_uuid)
    if offer is None:
        raise JujuError(f'application offer "{url.rpartition(":")[2]}" not found', NOT_FOUND)
    name = alias or offer.name
    doing = f'cannot add saas application "{name}"'
    models.require_alive(tx, uuid, doing)
    if offer.model_uuid == uuid:
        raise JujuError(f'{doing}: the offer is of this model: relate to its application', NOT_SUPPORTED)
    if not applicationrows.is_name(name) or name.startswith(sides.PROXY):
        raise JujuError(f'{doing}: invalid name', NOT_VALID)
    if rows.exists(tx, 'SELECT 1 FROM application WHERE model_uuid = ? AND name = ?', uuid, name):
        raise JujuError(f'{doing}: local application with same name already exists', ALREADY_EXISTS)
    old = saas.find(tx, uuid, name)
    if old is not None and not _may_replace(tx, uuid, old, offer):
        raise JujuError(f'{doing}: saas application already exists', ALREADY_EXISTS)
    saas.insert(
        tx,
        uuid,
        name,
        offer_uuid=offer.uuid,
        offer_url=url,
        source_model=offer.model_uuid,
        endpoints=offer.endpoints,
    )
    return name


def destroy_saas(tx: Tx, uuid: str, name: str, *, force: bool = False) -> None:
    """Stop consuming an offer: its relations go first, with *force* without their hooks.

    Raises:
        JujuError: the model has nothing of that name.
    """
    if saas.find(tx, uuid, name) is None:
        raise JujuError(f'saas application "{name}" not found', NOT_FOUND)
    saas.set_dying(tx, uuid, name)
    life.destroy_relations_of(tx, uuid, name, force=force)
    saas.remove_if_unused(tx, uuid, name)


def destroy_offer(tx: Tx, url: str, *, user: str, force: bool = False) -> None:
    """Take back the offer of this URL; see `offers.by_url`.

    Args:
        force: Its relations go with it, by their hooks: neither model can keep the other waiting.

    Raises:
        JujuError: there is none, or it has relations.
    """
    offer = offers.by_url(tx, url, user=user)
    count = len(offer.connections)
    if count and not force:
        raise JujuError(
            f'cannot delete application offer "{offer.name}": offer has {count} relation{"s"[: count != 1]}'
        )
    for connection in offer.connections:
        life.destroy_relation(tx, offer.model_uuid, connection.relation_id)
    offers.forget(tx, offer)


def relate(tx: Tx, uuid: str, chosen: Candidate, doing: str, *, via_cidrs: Sequence[str] = ()) -> int:
    """Relate an application to a consumed one: a relation in each model; return the id of this model's.

    Args:
        via_cidrs: What the offering model is told that the traffic comes from.

    Raises:
        JujuError: the offer is gone, or either model refuses.
    """
    across, own = sorted(chosen, key=lambda side: saas.find(tx, uuid, side.application) is None)
    consumed = saas.find(tx, uuid, across.application)
    offer = offers.find(tx, consumed.offer_uuid) if consumed else None
    if consumed is None or consumed.life != 'alive' or offer is None:
        raise JujuError(f'{doing}: saas application "{across.application}" is not alive')
    if saas.find(tx, uuid, own.application) is not None:
        raise JujuError(f'{doing}: at least one application must be of this model', NOT_SUPPORTED)
    if endpoints.scope_of(chosen) != 'global':
        raise JujuError(f'{doing}: both endpoints must be globally scoped for remote relations')
    for cidr in via_cidrs:
        _check_cidr(cidr)
    models.require_alive(tx, offer.model_uuid, doing)
    theirs = Side(application=offer.application, endpoint=across.endpoint, subordinate=False)
    proxy = Side(
        application=sides.proxy_name(uuid, own.application), endpoint=own.endpoint, subordinate=False
    )
    there = endpoints.ordered((theirs, proxy))
    relationrows.check_new(tx, offer.model_uuid, there, doing)
    relationrows.check_side(tx, uuid, own, doing)
    relationrows.check_side(tx, offer.model_uuid, theirs, doing)
    here_id = rows.next_number(tx, uuid, 'relation')
    there_id = rows.next_number(tx, offer.model_uuid, 'relation')
    for model, number, both, side, home in (
        (uuid, here_id, chosen, across, Home(offer.model_uuid, there_id, offer.application)),
        (offer.model_uuid, there_id, there, proxy, Home(uuid, here_id, own.application)),
    ):
        relationrows.insert(
            *(tx, model, number, both),
            homes={side.application: home},
            offer_uuid=offer.uuid,
            via_cidrs=via_cidrs if model == uuid else (),
        )
    return here_id


def set_suspended(tx: Tx, uuid: str, relation_id: int, suspended: bool, *, message: str = '') -> None:
    """Put a relation through an offer to rest, in both models, or wake it up again.

    Raises:
        JujuError: there is no such relation, or this is not the model that offers.
    """
    row = rows.one(tx, 'SELECT * FROM relation WHERE model_uuid = ? AND id = ?', uuid, relation_id)
    if row is None:
        raise JujuError(f'relation {relation_id} not found', NOT_FOUND)
    offer = offers.find(tx, str(row['offer_uuid']))
    if offer is None or offer.model_uuid != uuid:
        raise JujuError(f'cannot set suspend status for "{row["key"]}" which is not associated with an offer')
    if bool(row['suspended']) == suspended:
        return
    for model, number in sides.everywhere(tx, uuid, relation_id):
        tx.db.execute(
            'UPDATE relation SET suspended = ? WHERE model_uuid = ? AND id = ?', (suspended, model, number)
        )
    if suspended:
        sides.put_status(tx, uuid, relation_id, 'suspending', message=message)
        life.settle_suspension(tx, uuid, relation_id)
    else:
        joined = sides.are_all_present(tx, uuid, relation_id)
        sides.put_status(tx, uuid, relation_id, 'joined' if joined else 'joining')
    sides.touch(tx, uuid, relation_id)


def connected_models(tx: Tx) -> frozenset[tuple[str, str]]:
    """Return the pairs of models whose hosts must meet, each in both orders.

    A relation connects models. Those in one region of a Kubernetes cloud are namespaces of one cluster, whose
    pods reach each other unless somebody forbids it (Kubernetes documentation, "Cluster Networking").
    """
    found = rows.many(
        tx,
        'SELECT model_uuid AS one, home_model AS other FROM relation_endpoint WHERE home_model <> model_uuid'
        ' UNION SELECT one.uuid, other.uuid FROM model one'
        ' JOIN model other ON other.cloud = one.cloud AND other.region = one.region'
        ' AND other.uuid <> one.uuid'
        " JOIN cloud ON cloud.name = one.cloud AND cloud.type = 'kubernetes'",
    )
    return frozenset((str(row['one']), str(row['other'])) for row in found)


def _may_replace(tx: Tx, uuid: str, old: SaasRecord, offer: OfferRecord) -> bool:
    if old.offer_uuid == offer.uuid:
        return old.life == 'alive'
    related = rows.exists(
        tx, 'SELECT 1 FROM relation_endpoint WHERE model_uuid = ? AND application = ?', uuid, old.name
    )
    return offers.find(tx, old.offer_uuid) is None and not related


def _check_cidr(cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError as err:
        raise JujuError(f'invalid CIDR address: {cidr}', NOT_VALID) from err
