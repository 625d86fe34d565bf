"""Offers of other models made known to a model, for each command that does it."""

from __future__ import annotations

from bedrock import errors
from pocket.client import replies, shape
from pocket.client.context import Context, Session
from pocket.client.shape import Json
from pocket.model.offerurl import OfferUrl


def consume(ctx: Context, session: Session, url: OfferUrl, *, alias: str = '') -> str:
    """Consume an offer in the session's model and return its URL with the controller's name.

    Raises:
        Fault: there is no such offer, or it is of another controller.
    """
    controller = session.target.controller
    if url.controller not in ('', controller.name):
        raise errors.Fault(
            f'cannot consume "{url.controller}:{url}": offers of other controllers are not supported'
        )
    with ctx.controller_api(controller) as api:
        params: Json = {'offer-urls': {'offer-urls': [str(url)]}, 'user-tag': f'user-{controller.user}'}
        details = replies.only(api.call('ApplicationOffers', 'GetConsumeDetails', params))
    offer = shape.mapping(details.get('offer'))
    full = f'{controller.name}:{offer["offer-url"]}'
    argument: Json = {**offer, 'offer-url': full, 'application-alias': alias}
    for key in ('macaroon', 'external-controller'):
        if details.get(key):
            argument[key] = details[key]
    replies.only(session.call('Application', 'Consume', {'args': [argument]}))
    return full
