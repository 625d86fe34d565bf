"""Offers of a bundle: made, granted and consumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.client import consuming, faults, offerurls, replies
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
        replies.only(api.call('ApplicationOffers', 'Offer', {'Offers': [offer]}))
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
        answer = api.call('ApplicationOffers', 'ModifyOfferAccess', {'changes': [change]})
    try:
        replies.only(answer)
    except faults.Refused as err:
        if not err.message.endswith('access or greater'):  # that is as good as what was wanted
            raise
    return ''


def consume(ctx: Context, session: Session, args: Mapping[str, Any]) -> str:
    """Add an offer of another model to this one."""
    url = offerurls.parse(str(args['url']), user=session.target.controller.user)
    name = str(args['application-name'])
    consuming.consume(ctx, session, url, alias=name)
    return name
