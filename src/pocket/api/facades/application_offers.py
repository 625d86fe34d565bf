"""ApplicationOffers: what models offer each other; and the part of Application that consumes it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence

from pocket.api import encode
from pocket.api.facade import Call, Facade, Scope, each, one_result
from pocket.api.fields import Fields, untag
from pocket.api.identity import ADMIN
from pocket.api.rpc import Json
from pocket.services import crossings, models, offers
from pocket.services.errors import BAD_REQUEST, NOT_FOUND, NOT_VALID, JujuError
from pocket.services.offers import Connection, OfferRecord

_ACCESS = ('read', 'consume', 'admin')


async def offer(call: Call) -> Json:
    """ApplicationOffers.Offer."""

    async def one(wanted: Fields) -> Json:
        model = call.read(models.info, untag('model', wanted.text('model-tag')))
        await call.write(
            offers.create,
            model.uuid,
            application=wanted.text('application-name'),
            endpoint_names=list(wanted.text_map('endpoints').values()),
            name=wanted.text('offer-name'),
            description=wanted.text('application-description'),
        )
        return {}

    return {'results': await each(call.params.children('Offers'), one)}


async def list_application_offers(call: Call) -> Json:
    """ApplicationOffers.ListApplicationOffers: of the models that the filters name."""
    return {'results': [_details(call, found) for found in _filtered(call)]}


async def find_application_offers(call: Call) -> Json:
    """ApplicationOffers.FindApplicationOffers: of every model, for one who wants to consume."""
    if not call.params.children('filters'):
        raise JujuError('at least one filter must be specified', BAD_REQUEST)
    return {'results': [_details(call, found) for found in _filtered(call)]}


async def application_offers(call: Call) -> Json:
    """ApplicationOffers.ApplicationOffers: by URL."""

    async def one(url: str) -> Json:
        return one_result(_details(call, call.read(offers.by_url, url, user=ADMIN)))

    return {'results': await each(call.params.texts('offer-urls'), one)}


async def get_consume_details(call: Call) -> Json:
    """ApplicationOffers.GetConsumeDetails: what Application.Consume wants to be given."""

    async def one(url: str) -> Json:
        found = _details(call, call.read(offers.by_url, url, user=ADMIN))
        details = {key: value for key, value in found.items() if key not in _ADMIN_ONLY}
        return {
            'offer': details,
            'external-controller': _controller(call),
            'macaroon': _macaroon(call, details['offer-uuid']),
        }

    urls = call.params.child('offer-urls').texts('offer-urls')
    return {'results': await each(urls, one)}


async def remote_application_info(call: Call) -> Json:
    """ApplicationOffers.RemoteApplicationInfo."""

    async def one(url: str) -> Json:
        found = call.read(offers.by_url, url, user=ADMIN)
        return one_result(
            {
                'model-tag': f'model-{found.model_uuid}',
                'name': found.name,
                'description': found.description,
                'offer-url': found.url,
                'source-model-label': found.model_name,
                'endpoints': [encode.remote_endpoint(endpoint) for endpoint in found.endpoints],
                'icon-url-path': f'rest/1.0/remote-application/{found.name}/icon',
            }
        )

    return {'results': await each(call.params.texts('offer-urls'), one)}


async def modify_offer_access(call: Call) -> Json:
    """ApplicationOffers.ModifyOfferAccess: the one user has all access already, and keeps it."""

    async def one(change: Fields) -> Json:
        call.read(offers.by_url, change.text('offer-url'), user=ADMIN)
        access, action = change.text('access'), change.text('action')
        user = untag('user', change.text('user-tag'))
        if access not in _ACCESS:
            raise JujuError(f'"{access}" offer access not valid', NOT_VALID)
        if action not in ('grant', 'revoke'):
            raise JujuError(f'unknown action "{action}"', BAD_REQUEST)
        doing = f'could not {action} offer access'
        if user != ADMIN:
            raise JujuError(
                f'{doing}: user "{user}" does not exist locally: user "{user}" not found', NOT_FOUND
            )
        if action == 'revoke':
            raise JujuError(f'{doing}: "{user}" owns the offer')
        raise JujuError(f'{doing}: user already has "admin" access or greater')

    return {'results': await each(call.params.children('changes'), one)}


async def destroy_offers(call: Call) -> Json:
    """ApplicationOffers.DestroyOffers."""
    force = call.params.flag('force')

    async def one(url: str) -> Json:
        await call.write(crossings.destroy_offer, url, user=ADMIN, force=force)
        return {}

    return {'results': await each(call.params.texts('offer-urls'), one)}


async def consume(call: Call) -> Json:
    """Application.Consume."""

    async def one(wanted: Fields) -> Json:
        await call.write(
            crossings.consume,
            call.model_uuid,
            wanted.text('offer-uuid'),
            url=wanted.text('offer-url'),
            alias=wanted.text('application-alias'),
        )
        return {}

    return {'results': await each(call.params.children('args'), one)}


async def destroy_consumed_applications(call: Call) -> Json:
    """Application.DestroyConsumedApplications."""

    async def one(wanted: Fields) -> Json:
        name = untag('application', wanted.text('application-tag'))
        await call.write(crossings.destroy_saas, call.model_uuid, name, force=wanted.flag('force'))
        return {}

    return {'results': await each(call.params.children('applications'), one)}


async def set_relations_suspended(call: Call) -> Json:
    """Application.SetRelationsSuspended."""

    async def one(wanted: Fields) -> Json:
        await call.write(
            crossings.set_suspended,
            call.model_uuid,
            wanted.number('relation-id', -1),
            wanted.flag('suspended'),
            message=wanted.text('message'),
        )
        return {}

    return {'results': await each(call.params.children('args'), one)}


_ADMIN_ONLY = ('application-name', 'charm-url', 'connections')


def _filtered(call: Call) -> list[OfferRecord]:
    """Return the offers that any of the filters lets through; all of them when there is no filter."""
    wanted = call.params.children('filters')
    return [
        found for found in call.read(offers.list_) if not wanted or any(_passes(found, one) for one in wanted)
    ]


def _passes(found: OfferRecord, wanted: Fields) -> bool:
    named = (
        ('owner-name', found.owner),
        ('model-name', found.model_name),
        ('application-name', found.application),
    )
    return (
        all(wanted.text(key) in ('', value) for key, value in named)
        and _matches(wanted.text('offer-name'), found.name)
        and wanted.text('application-description') in found.description
        and _users_pass(wanted.texts('allowed-users'))
        and (not wanted.texts('connected-users') or bool(found.connections))
        and _users_pass(wanted.texts('connected-users'))
        and _endpoints_pass(found, wanted.children('endpoints'))
    )


def _matches(pattern: str, name: str) -> bool:
    """An offer is found by a part of its name, or by a regular expression."""
    try:
        return re.search(pattern, name) is not None
    except re.error as err:
        raise JujuError(f'offer name "{pattern}" is no regular expression', BAD_REQUEST) from err


def _users_pass(users: Sequence[str]) -> bool:
    return not users or any(user.removeprefix('user-') == ADMIN for user in users)


def _endpoints_pass(found: OfferRecord, wanted: Sequence[Fields]) -> bool:
    return not wanted or any(
        one.text('interface') in ('', endpoint.interface)
        and one.text('name') in ('', endpoint.name)
        and one.text('role') in ('', endpoint.role)
        for one in wanted
        for endpoint in found.endpoints
    )


def _details(call: Call, found: OfferRecord) -> Json:
    return {
        'source-model-tag': f'model-{found.model_uuid}',
        'offer-uuid': found.uuid,
        'offer-url': found.url,
        'offer-name': found.name,
        'application-description': found.description,
        'endpoints': [encode.remote_endpoint(endpoint) for endpoint in found.endpoints],
        'users': [{'user': ADMIN, 'display-name': ADMIN, 'access': 'admin'}],
        'application-name': found.application,
        'charm-url': found.charm_url,
        'connections': [_connection(connection) for connection in found.connections],
    }


def _connection(connection: Connection) -> Json:
    return {
        'source-model-tag': f'model-{connection.model_uuid}',
        'relation-id': connection.relation_id,
        'username': ADMIN,
        'endpoint': connection.endpoint,
        'status': encode.entity_status(connection.status),
        'ingress-subnets': list(connection.subnets),
    }


def _controller(call: Call) -> Json:
    return {
        'controller-tag': call.controller.tag,
        'controller-alias': '',
        'addrs': [f'127.0.0.1:{call.controller.port}'],
        'ca-cert': call.controller.identity.ca_cert_pem,
    }


def _macaroon(call: Call, offer_uuid: str) -> Json:
    """What clients pass on to Application.Consume.

    They cannot do without its form. Nobody asks for it later, for both models are behind the same login.
    """
    key = call.controller.identity.password.encode()
    return {
        'caveats': [],
        'location': call.controller.tag,
        'identifier': offer_uuid,
        'signature': hmac.new(key, offer_uuid.encode(), 'sha256').hexdigest(),
    }


FACADE = Facade(
    name='ApplicationOffers',
    versions=(5,),
    scope=Scope.CONTROLLER,
    methods={
        'ApplicationOffers': application_offers,
        'DestroyOffers': destroy_offers,
        'FindApplicationOffers': find_application_offers,
        'GetConsumeDetails': get_consume_details,
        'ListApplicationOffers': list_application_offers,
        'ModifyOfferAccess': modify_offer_access,
        'Offer': offer,
        'RemoteApplicationInfo': remote_application_info,
    },
)
