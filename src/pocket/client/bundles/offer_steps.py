"""Offers of a bundle: made, granted and consumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock import errors
from pocket.client import shape
from pocket.client.context import Context, Session

Json = dict[str, Any]


def create(ctx: Context, session: Session, args: Mapping[str, Any]) -> str:
    """Offer endpoints of an application."""
    target = session.target
    offer = {
        'model-tag': session.model_tag,
        'offer-name': args['offer-name'],
        'application-name': args['application'],
        'application-description': '',
        'endpoints': {name: name for name in args['endpoints']},
        'owner-tag': f'user-{target.controller.user}',
    }
    with ctx.controller_api(target.controller) as api:
        _check(api.call('ApplicationOffers', 'Offer', {'Offers': [offer]}))
    return str(args['offer-name'])


def grant(ctx: Context, session: Session, args: Mapping[str, Any]) -> str:
    """Let a user use an offer."""
    change = {
        'user-tag': f'user-{args["user"]}',
        'action': 'grant',
        'access': args['access'],
        'offer-url': f'{session.target.model.name}.{args["offer"]}',
    }
    with ctx.controller_api(session.target.controller) as api:
        _check(api.call('ApplicationOffers', 'ModifyOfferAccess', {'changes': [change]}))
    return ''


def consume(ctx: Context, session: Session, args: Mapping[str, Any]) -> str:
    """Add an offer of another model to this one."""
    controller = session.target.controller
    url = str(args['url']).rpartition(':')[2]
    full = url if '/' in url else f'{controller.user}/{url}'
    name = str(args['application-name'])
    with ctx.controller_api(controller) as api:
        answer = api.call(
            'ApplicationOffers',
            'GetConsumeDetails',
            {
                'offer-urls': {'offer-urls': [full], 'bakery-version': 3},
                'user-tag': f'user-{controller.user}',
            },
        )
    _check(answer)
    details = shape.first(answer.get('results'))
    request: Json = {**shape.mapping(details.get('offer')), 'application-alias': name}
    for key in ('macaroon', 'external-controller'):
        if details.get(key):
            request[key] = details[key]
    _check(session.call('Application', 'Consume', {'args': [request]}))
    return name


def _check(answer: Json) -> None:
    error = shape.mapping(shape.first(answer.get('results')).get('error'))
    if error:
        raise errors.Fault(str(error.get('message')))
