"""juju offer, offers, show-offer, find-offers, remove-offer: what a model lets others relate to."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags, offerurls, output, replies, shape
from pocket.client.context import Context
from pocket.client.files import split_model
from pocket.client.flags import Flag, Given
from pocket.client.render import offers as render

Json = dict[str, Any]


def _offer(ctx: Context, given: Given) -> int:
    left, colon, names = given.args[0].rpartition(':')
    qualified, _, application = left.rpartition('.')
    endpoints = [name for name in names.split(',') if name]
    if not colon or not application or not endpoints:
        raise faults.WrongUsage(
            f'endpoints must conform to format "<application-name>:<endpoint-name>[,...]", '
            f'got "{given.args[0]}"'
        )
    named, wanted = split_model(qualified)
    controller = ctx.files.controller(named) if named else ctx.controller(given)
    model = ctx.find_model(controller, wanted or ctx.model_name(given, controller))
    name = given.args[1] if len(given.args) > 1 else application
    request: Json = {
        'model-tag': f'model-{model.uuid}',
        'offer-name': name,
        'application-name': application,
        'application-description': '',
        'endpoints': {endpoint: endpoint for endpoint in endpoints},
        'owner-tag': f'user-{controller.user}',
    }
    with ctx.controller_api(controller) as api:
        answer = api.call('ApplicationOffers', 'Offer', {'Offers': [request]})
    replies.only(answer)
    shown = ', '.join(endpoints)
    ctx.info(f'Application "{application}" endpoints [{shown}] available at "{model.name}.{name}"')
    return 0


def _offers(ctx: Context, given: Given) -> int:
    target = ctx.target(given)
    owner, _, name = target.model.name.partition('/')
    wanted: Json = {'owner-name': owner, 'model-name': name}
    if given.args:
        wanted['offer-name'] = f'^{given.args[0]}$'
    if given.text('application'):
        wanted['application-name'] = given.text('application')
    if given.text('interface'):
        wanted['endpoints'] = [{'interface': given.text('interface')}]
    for flag, key in (('connected-user', 'connected-users'), ('allowed-consumer', 'allowed-users')):
        if given.text(flag):
            wanted[key] = [f'user-{given.text(flag)}']
    with ctx.controller_api(target.controller) as api:
        answer = api.call('ApplicationOffers', 'ListApplicationOffers', {'filters': [wanted]})
    found = [
        offer
        for offer in shape.objects(answer.get('results'))
        if offer.get('connections') or not given.on('active-only')
    ]
    listed = {offer['offer-name']: render.listed(offer, controller=target.controller.name) for offer in found}
    output.show(ctx, given, listed, {'tabular': lambda: render.connections_table(listed)})
    return 0


def _show_offer(ctx: Context, given: Given) -> int:
    controller, url = offerurls.of_one_controller(ctx, given, given.args[0])
    with ctx.controller_api(controller) as api:
        answer = api.call('ApplicationOffers', 'ApplicationOffers', {'offer-urls': [str(url)]})
    offer: Json = replies.only(answer)['result']
    shown = {f'{controller.name}:{offer["offer-url"]}': render.shown(offer, user=controller.user)}
    output.show(ctx, given, shown, {'tabular': lambda: render.show_table(shown)})
    return 0


def _find_offers(ctx: Context, given: Given) -> int:
    controller = ctx.controller(given)
    wanted: Json = {}
    place = given.args[0] if given.args else given.text('url')
    named, colon, rest = place.partition(':')
    if colon:
        controller, place = ctx.files.controller(named), rest
    if '.' in place:
        url = offerurls.parse(place, user=controller.user)
        wanted = {'owner-name': url.owner, 'model-name': url.model, 'offer-name': f'^{url.name}$'}
    elif place:
        owner, _, model = place.rpartition('/')
        wanted = {'owner-name': owner or controller.user, 'model-name': model}
    if given.text('offer'):
        wanted['offer-name'] = given.text('offer')
    if given.text('interface'):
        wanted['endpoints'] = [{'interface': given.text('interface')}]
    with ctx.controller_api(controller) as api:
        answer = api.call('ApplicationOffers', 'FindApplicationOffers', {'filters': [wanted]})
    found = {
        f'{controller.name}:{offer["offer-url"]}': render.shown(offer, user=controller.user)
        for offer in shape.objects(answer.get('results'))
    }
    if not found:
        raise errors.Fault('no matching application offers found')
    output.show(ctx, given, found, {'tabular': lambda: render.found_table(found)})
    return 0


def _remove_offer(ctx: Context, given: Given) -> int:
    places = [offerurls.of_one_controller(ctx, given, text) for text in given.args]
    controller = places[0][0]
    if any(place[0].name != controller.name for place in places):
        raise faults.WrongUsage('all offer URLs must be of the same controller')
    urls = [str(url) for _, url in places]
    if given.on('force') and not given.on('yes'):
        ctx.info(f'WARNING! This command will remove offers: {", ".join(urls)}')
        ctx.info('This includes all relations to those offers.\n')
        if not ctx.confirm('Continue'):
            raise errors.Fault('offer removal: aborted')
    with ctx.controller_api(controller) as api:
        params: Json = {'offer-urls': urls, 'force': given.on('force')}
        answer = api.call('ApplicationOffers', 'DestroyOffers', params)
    return output.item_errors(ctx, answer.get('results'))


OFFER = flags.Command(
    name='offer',
    usage='[<model>.]<application>:<endpoint>[,...] [<offer name>]',
    summary='Offer endpoints of an application for use in other models.',
    details='The offer is named after the application unless a name is given.',
    examples=('juju offer mysql:db', 'juju offer mymodel.mysql:db,log hosted-mysql'),
    flags=(flags.CONTROLLER,),
    least=1,
    most=2,
    missing='an offer must at least specify application endpoint',
    run=_offer,
)

OFFERS = flags.Command(
    name='offers',
    usage='[<offer name>]',
    summary='List the offers of the model, with those who are connected.',
    examples=('juju offers', 'juju offers hosted-mysql --format yaml', 'juju offers --active-only'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('active-only', 'Only offers that are in use'),
        Flag('allowed-consumer', 'Only offers that this user may consume', value='USER'),
        Flag('application', 'Only offers of this application', value='NAME'),
        Flag('connected-user', 'Only offers that this user is connected to', value='USER'),
        Flag('interface', 'Only offers with this interface', value='NAME'),
    ),
    most=1,
    aliases=('list-offers',),
    run=_offers,
)

SHOW_OFFER = flags.Command(
    name='show-offer',
    usage='[<controller>:]<offer URL> | <offer name>',
    summary='Show what an offer has.',
    examples=('juju show-offer default.mysql', 'juju show-offer pocket:admin/default.mysql --format yaml'),
    flags=(flags.MODEL, *flags.formats('tabular', 'json', 'yaml')),
    least=1,
    most=1,
    missing='must specify endpoint URL',
    run=_show_offer,
)

FIND_OFFERS = flags.Command(
    name='find-offers',
    usage='[<controller>:][<owner>/][<model>]',
    summary='Find offers of all models.',
    examples=(
        'juju find-offers',
        'juju find-offers admin/infra --interface mysql',
        'juju find-offers --offer db2',
    ),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('interface', 'Only offers with this interface', value='NAME'),
        Flag('offer', 'Only offers with this in their name', value='NAME'),
        Flag('url', 'Only the offers of this URL, or of this model', value='URL'),
    ),
    most=1,
    run=_find_offers,
)

REMOVE_OFFER = flags.Command(
    name='remove-offer',
    usage='<offer URL> [...]',
    summary='Remove offers.',
    details='An offer that has relations is removed only with --force, and they with it.',
    examples=('juju remove-offer infra.mysql', 'juju remove-offer hosted-mysql --force --yes'),
    flags=(
        flags.CONTROLLER,
        Flag('force', 'Remove its relations too'),
        Flag('yes,y', 'Ask nothing'),
    ),
    least=1,
    missing='no offers specified',
    run=_remove_offer,
)
