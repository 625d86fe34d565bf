"""Beyond the model: offers, offers of others that are consumed, endpoints exposed one by one. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from hoodoo import model
from hoodoo.bundle.planning import equal, steps
from hoodoo.bundle.reading import offerurls


def made(wanted: model.WantedModel, there: model.ModelSnapshot) -> Iterator[steps.Consume | steps.Offer]:
    """Yield what is missing of offers; none is ever taken back."""
    for name, url in wanted.saas.items():
        if name not in there.saas:
            yield steps.Consume(name=name, url=url)
    for name, offer in wanted.offers.items():
        now = there.offers.get(name)
        if now is None:
            yield steps.Offer(name=name, offer=offer)
        elif now.application == offer.application and not set(offer.endpoints) <= set(now.endpoints):
            both = tuple(sorted({*offer.endpoints, *now.endpoints}))
            yield steps.Offer(name=name, offer=model.Offer(application=offer.application, endpoints=both))


def obstacles(wanted: model.WantedModel, there: model.ModelSnapshot) -> Iterator[str]:
    """Yield why that cannot be."""
    for name, url in wanted.saas.items():
        if name in there.applications:
            yield f'{name} is an application of the model and the bundle consumes {url} by that name'
        now = there.saas.get(name, url)
        if not offerurls.same(now, url):
            yield (
                f'{name} is {now} and the bundle wants {url}: Juju cannot make one of the other'
                f' ("juju remove-saas {name}" removes it, with its relations)'
            )
    for name in wanted.applications.keys() & there.saas.keys():
        yield f'{name} is consumed from {there.saas[name]} and the bundle deploys an application by that name'
    for name, offer in wanted.offers.items():
        now = there.offers.get(name, offer)
        if now.application != offer.application:
            yield (
                f'offer {name} is of {now.application} and the bundle wants it of {offer.application}:'
                ' Juju cannot make one of the other ("juju remove-offer" removes it)'
            )


def differences(wanted: model.WantedModel, there: model.ModelSnapshot) -> Iterator[str]:
    """Yield what is left as it is."""
    for name, offer in wanted.offers.items():
        now = there.offers.get(name)
        more = set(now.endpoints) - set(offer.endpoints) if now else ()
        if now is not None and now.application == offer.application and more:
            yield f'offer {name} has {", ".join(sorted(more))} too: left as it is'
    for name, application in wanted.applications.items():
        live = there.applications.get(name)
        if live is None or not live.exposed:
            continue
        if application.expose and not whole(live):
            yield f'{name} is not just exposed, but {equal.exposed(live.exposed_to)}: left as it is'
        more = live.exposed_to.keys() - application.exposed_to.keys()
        if application.exposed_to and more:
            extra = {endpoint: live.exposed_to[endpoint] for endpoint in more}
            yield f'{name} is exposed further, {equal.exposed(extra)}: left as it is'


def exposing(wanted: model.WantedApplication, there: model.Application | None) -> Iterator[steps.Expose]:
    """Yield how to expose what is to be and is not."""
    if wanted.expose and not (there is not None and there.exposed):
        yield steps.Expose(application=wanted.name)
    missing = {
        endpoint: each
        for endpoint, each in wanted.exposed_to.items()
        if equal.exposure(each) != equal.exposure(there.exposed_to.get(endpoint) if there else None)
    }
    if missing:
        yield steps.Expose(application=wanted.name, to=missing)


def whole(there: model.Application) -> bool:
    """Whether an application that is exposed is so as by ``juju expose`` without flags."""
    # A controller that does not say knows nothing else.
    return {name: equal.exposure(to) for name, to in there.exposed_to.items()} in ({}, {'': equal.EVERYWHERE})
