"""juju resources, attach-resource, charm-resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock import errors
from bedrock.hub import Channel, HubFault
from pocket.client import charms, faults, flags, output, replies, shape, sources, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given
from pocket.client.render import resources as render

_NOTHING = 'No resources to display.'


def _resources(ctx: Context, given: Given) -> int:
    target = given.args[0]
    unit = target if values.is_unit(target) else ''
    application = target.partition('/')[0]
    if not unit and '/' in target:
        raise errors.Fault(f'"{target}" is neither an application nor a unit')
    with ctx.session(given) as session:
        found = _listed(session, application)
    if given.on('details'):
        shown = render.details(found, unit)
        rows = shown if unit else shape.objects(shape.mapping(shown).get('resources'))
        texts = {'tabular': lambda: render.details_table(rows, with_unit=not unit)}
    else:
        shown = render.of_unit(found, unit) if unit else render.of_application(found)
        rows = shape.objects(shown if unit else shape.mapping(shown).get('resources'))
        texts = {'tabular': lambda: render.table(rows, with_origin=not unit)}
    if not rows:
        ctx.info(_NOTHING)
        return 0
    output.show(ctx, given, shown, texts)
    return 0


def _attach(ctx: Context, given: Given) -> int:
    application, word = given.args
    try:
        name, value = values.pair(word)
    except faults.WrongUsage as err:
        raise faults.WrongUsage(f'bad resource arg "{word}": expected name=path format') from err
    with ctx.session(given) as session:
        found = shape.objects(_listed(session, application).get('resources'))
        kind = next((str(one.get('type')) for one in found if one.get('name') == name), 'file')
        charms.upload_content(session, application=application, name=name, kind=kind, value=value)
    return 0


def _charm_resources(ctx: Context, given: Given) -> int:
    source = sources.find(given.args[0])
    if source.kind != 'store':
        raise errors.Fault(f'"{given.args[0]}" is not the name of a charm on Charmhub')
    try:
        channel = Channel.parse(given.text('channel'))
    except HubFault as err:
        raise faults.WrongUsage(err.message) from err
    origin = {'source': 'charm-hub', 'type': 'charm', 'id': '', 'track': channel.track, 'risk': channel.risk}
    with ctx.session(given) as session:
        request = {'entities': [{'charm-url': f'ch:{source.name}', 'charm-origin': origin}]}
        results: list[Any] = session.call('Charms', 'ListCharmResources', request).get('results') or [[]]
    entries = shape.objects(results[0])
    shown = [
        render.charm_resource(replies.checked(entry))
        for entry in sorted(entries, key=lambda one: str(one.get('name')))
    ]
    if not shown and given.text('format') == 'tabular':
        ctx.info(_NOTHING)
        return 0
    output.show(ctx, given, shown, {'tabular': lambda: render.charm_table(shown)})
    return 0


def _listed(session: Session, application: str) -> Mapping[str, Any]:
    request = {'entities': [{'tag': f'application-{application}'}]}
    return replies.only(session.call('Resources', 'ListResources', request))


RESOURCES = flags.Command(
    name='resources',
    aliases=('list-resources',),
    usage='<application or unit>',
    summary='Show the resources of an application or unit.',
    details='Of an application, what is to be used; of a unit, what it was given last.',
    examples=('juju resources mysql', 'juju resources mysql/0 --details'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('details', 'Compare what each unit has with what it is to have'),
    ),
    least=1,
    most=1,
    missing='missing application or unit name',
    run=_resources,
)
ATTACH_RESOURCE = flags.Command(
    name='attach-resource',
    usage='<application> <resource name>=<resource>',
    summary='Update a resource for an application.',
    details='The resource is a file, or for an image its name in a registry. Units upgrade to it.',
    examples=('juju attach-resource mysql backup=./backup.tar',),
    flags=(flags.MODEL,),
    least=2,
    most=2,
    missing='missing application name or resource',
    run=_attach,
)
CHARM_RESOURCES = flags.Command(
    name='charm-resources',
    aliases=('list-charm-resources',),
    usage='<charm>',
    summary='Show the resources of a charm on Charmhub.',
    details='',
    examples=('juju charm-resources postgresql --channel 14/edge',),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('channel', 'The channel of the charm', value='CHANNEL', default='stable'),
    ),
    least=1,
    most=1,
    missing='missing charm',
    run=_charm_resources,
)
