"""Offers as people name them on the command line."""

from __future__ import annotations

from bedrock import errors
from pocket.client.context import Context
from pocket.client.files import Controller
from pocket.client.flags import Given
from pocket.model.offerurl import OfferUrl


def is_one(text: str) -> bool:
    """Whether *text* looks like a URL rather than like an application of the model."""
    return '.' in text or '/' in text


def parse(text: str, *, user: str) -> OfferUrl:
    """The parts of *text*; *user* owns the model when it does not say who.

    Raises:
        Fault: it is no URL of an offer.
    """
    url = OfferUrl.parse(text, owner=user)
    if url is None:
        raise errors.Fault(f'application offer URL "{text}" not valid')
    return url


def of_one_controller(ctx: Context, given: Given, text: str) -> tuple[Controller, OfferUrl]:
    """The controller and the parts of *text*, which may be the name of an offer of the current model.

    Raises:
        Fault: it is no URL.
    """
    controller = ctx.controller(given)
    if not is_one(text):
        owner, _, model = ctx.model_name(given, controller).rpartition('/')
        text = f'{owner or controller.user}/{model}.{text}'
    url = parse(text, user=controller.user)
    return (ctx.files.controller(url.controller) if url.controller else controller), url
