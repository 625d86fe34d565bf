"""URLs of offers as people type them: ``[controller:][owner/]model.offer[:endpoint]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bedrock import errors
from pocket.client.context import Context
from pocket.client.files import Controller
from pocket.client.flags import Given

_URL = re.compile(
    r'(?:(?P<controller>[^:/.]+):)?(?:(?P<owner>[^/:.]+)/)?(?P<model>[^/:.]+)\.(?P<name>[^/:.]+)'
    r'(?::(?P<endpoint>[^/:.]+))?'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferUrl:
    """The parts of a URL; controller and endpoint may be empty."""

    controller: str
    owner: str
    model: str
    name: str
    endpoint: str

    def __str__(self) -> str:
        """The URL as the controller itself writes it."""
        return f'{self.owner}/{self.model}.{self.name}'


def is_one(text: str) -> bool:
    """Whether *text* looks like a URL rather than like an application of the model."""
    return '.' in text or '/' in text


def parse(text: str, *, user: str) -> OfferUrl:
    """The parts of *text*; *user* owns the model when it does not say who.

    Raises:
        Fault: it is no URL of an offer.
    """
    match = _URL.fullmatch(text)
    if match is None:
        raise errors.Fault(f'application offer URL "{text}" not valid')
    return OfferUrl(
        controller=match['controller'] or '',
        owner=match['owner'] or user,
        model=match['model'],
        name=match['name'],
        endpoint=match['endpoint'] or '',
    )


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
