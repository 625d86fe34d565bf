"""juju refresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bedrock import charm as charm_files
from bedrock import errors
from bedrock.hub import Channel, HubFault
from pocket.client import charms, deploying, faults, flags, replies, shape, sources, values
from pocket.client.context import Context, Session, local_path
from pocket.client.flags import Flag, Given
from pocket.client.render.charm_url import parsed

_EXCLUSIVE = (('switch', 'path'), ('switch', 'revision'), ('path', 'revision'))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What an application is to be refreshed to."""

    url: str
    origin: Mapping[str, Any]
    resource_ids: Mapping[str, str]


def _refresh(ctx: Context, given: Given) -> int:
    for one, other in _EXCLUSIVE:
        if given.was_given(one) and given.was_given(other):
            raise faults.WrongUsage(f'--{one} and --{other} are mutually exclusive')
    application = given.args[0]
    config, config_yaml = deploying.config(given, application)
    with ctx.session(given) as session:
        current = replies.checked(
            session.call('Application', 'GetCharmURLOrigin', {'application': application, 'branch': ''})
        )
        target = _target(ctx, given, session, current)
        if target is None:
            return 0
        session.call(
            'Application',
            'SetCharm',
            {
                'application': application,
                'generation': 'master',
                'charm-url': target.url,
                'charm-origin': target.origin,
                'channel': given.text('channel'),
                'config-settings': config,
                'config-settings-yaml': config_yaml,
                'force': given.on('force'),
                'force-base': given.on('force-base'),
                'force-units': given.on('force-units'),
                'resource-ids': target.resource_ids,
                'storage-constraints': values.storage(given.many('storage')),
                'endpoint-bindings': values.bindings(given.text('bind')),
            },
        )
    return 0


def _target(ctx: Context, given: Given, session: Session, current: Mapping[str, Any]) -> _Target | None:
    url, origin = str(current.get('url')), shape.mapping(current.get('charm-origin'))
    if given.text('path'):
        return _local(ctx, given, session, url, origin, given.text('path'))
    if given.text('switch'):
        source = sources.find(given.text('switch'))
        if source.kind == 'local':
            return _local(ctx, given, session, url, origin, given.text('switch'))
        return _store(ctx, given, session, url, origin, source.name)
    if url.startswith('local:'):
        raise faults.WrongUsage('upgrading a local charm requires either --path or --switch')
    return _store(ctx, given, session, url, origin, parsed(url).name)


def _local(
    ctx: Context, given: Given, session: Session, url: str, origin: Mapping[str, Any], text: str
) -> _Target:
    path = local_path(text)
    charm = charm_files.read(path)
    old = parsed(url).name
    if charm.name != old:
        raise errors.Fault(f'cannot refresh "{old}" to "{charm.name}"')
    wanted = charms.checked_resources(charm, given.many('resource'))
    base = values.base(given.text('base')) if given.text('base') else shape.mapping(origin.get('base'))
    uploaded = charms.upload(
        ctx,
        session,
        path,
        base=base or values.base(charms.DEFAULT_BASE),
        arch=str(origin.get('architecture') or 'amd64'),
    )
    ctx.info(f'Added local charm "{charm.name}", revision {uploaded.revision}, to the model')
    return _Target(
        url=uploaded.url,
        origin=uploaded.origin,
        resource_ids=charms.upload_resources(session, uploaded, application=given.args[0], wanted=wanted),
    )


def _store(
    ctx: Context, given: Given, session: Session, url: str, origin: Mapping[str, Any], name: str
) -> _Target | None:
    asked = _asked(given, origin)
    results = session.call(
        'Charms',
        'ResolveCharms',
        {
            'resolve': [
                {'reference': f'ch:{name}', 'charm-origin': asked, 'switch-charm': bool(given.text('switch'))}
            ]
        },
    )
    result = replies.only(results, 'Results' if 'Results' in results else 'results')
    new_url, new_origin = str(result.get('url')), shape.mapping(result.get('charm-origin'))
    same = (parsed(new_url).name, parsed(new_url).revision) == (parsed(url).name, parsed(url).revision)
    moved = any(new_origin.get(key) != origin.get(key) for key in ('track', 'risk'))
    if same and not given.many('resource') and not moved:
        ctx.info(f'charm "{name}": already up-to-date')
        return None
    # The units stay where they are.
    new_origin = {**new_origin, 'base': asked['base']}
    added = session.call(
        'Charms', 'AddCharm', {'url': new_url, 'charm-origin': new_origin, 'force': given.on('force')}
    )
    new_origin = {**new_origin, 'id': shape.mapping(added.get('charm-origin')).get('id') or ''}
    channel = f'{new_origin.get("track")}/{new_origin.get("risk")}'
    revision = parsed(new_url).revision
    ctx.info(f'Added charm-hub charm "{name}", revision {revision} in channel {channel}, to the model')
    return _Target(
        url=new_url, origin=new_origin, resource_ids=_store_resources(given, session, new_url, new_origin)
    )


def _asked(given: Given, origin: Mapping[str, Any]) -> dict[str, Any]:
    """The origin to look for: the current one with what the command line changes."""
    track, risk = str(origin.get('track') or 'latest'), str(origin.get('risk') or 'stable')
    branch = str(origin.get('branch') or '')
    if given.text('channel'):
        try:
            channel = Channel.parse(given.text('channel'))
        except HubFault as err:
            raise faults.WrongUsage(err.message) from err
        # A risk alone keeps to the track, as in Juju.
        keeps_track = channel.track not in given.text('channel').split('/')
        track, risk, branch = (track if keeps_track else channel.track), channel.risk, channel.branch
    base = values.base(given.text('base')) if given.text('base') else shape.mapping(origin.get('base'))
    asked: dict[str, Any] = {
        'source': 'charm-hub',
        'type': 'charm',
        'id': '',
        'track': track,
        'risk': risk,
        'architecture': str(origin.get('architecture') or 'amd64'),
        'base': base,
    }
    if branch:
        asked['branch'] = branch
    return {**asked, 'revision': given.number('revision')} if given.was_given('revision') else asked


def _store_resources(given: Given, session: Session, url: str, origin: Mapping[str, Any]) -> dict[str, str]:
    """Announce every resource of a store's charm that is not an upload of the operator's already."""
    info = session.call('Charms', 'CharmInfo', {'url': url})
    declared = shape.mapping(shape.mapping(info.get('meta')).get('resources'))
    wanted = dict(values.pair(word) for word in given.many('resource'))
    if unknown := sorted(set(wanted) - set(declared)):
        raise errors.Fault(f'unrecognized resource "{unknown[0]}"')
    application = given.args[0]
    uploaded = _uploads(session, application)
    entries: list[dict[str, Any]] = []
    for name, spec in declared.items():
        value = wanted.get(name, '')
        if not value and name in uploaded:
            continue
        is_file = bool(value) and not value.isdecimal()
        entries.append(
            {
                **shape.mapping(spec),
                'origin': 'upload' if is_file else 'store',
                'revision': int(value) if value.isdecimal() else -1,
                'fingerprint': '',
                'size': 0,
            }
        )
    if not entries:
        return {}
    ids = charms.add_pending(session, application, url, origin, entries)
    for entry in entries:
        if entry['origin'] == 'upload':
            name = str(entry['name'])
            charms.upload_content(
                session,
                application=application,
                name=name,
                kind=str(entry['type']),
                value=wanted[name],
                pending_id=ids[name],
            )
    return ids


def _uploads(session: Session, application: str) -> set[str]:
    answer = session.call('Resources', 'ListResources', {'entities': [{'tag': f'application-{application}'}]})
    found = shape.objects(shape.objects(answer.get('results'))[0].get('resources'))
    return {str(one['name']) for one in found if one.get('origin') == 'upload' and one.get('fingerprint')}


REFRESH = flags.Command(
    name='refresh',
    usage='<application>',
    summary="Refresh an application's charm.",
    details=(
        'A charm of Charmhub goes to the newest revision of its channel. Of a local charm, the new one is\n'
        'named with --path: a .charm file or the folder of a charm; a source folder is packed first.'
    ),
    examples=(
        'juju refresh my-app --path ./my-charm',
        'juju refresh postgresql --channel 14/edge',
        'juju refresh postgresql --switch ./postgresql.charm --resource backup=./backup.tar',
    ),
    flags=(
        flags.MODEL,
        Flag('base', 'The base of units that come later', value='BASE'),
        Flag('bind', 'Network spaces of endpoints: "space ep=space"', value='BINDINGS'),
        Flag('channel', 'Channel of a Charmhub charm', value='CHANNEL'),
        Flag('config', 'Setting or YAML file of settings to change with it', value='KEY=VALUE|FILE'),
        Flag('force', 'Ignore what does not fit, such as missing relations'),
        Flag('force-base', 'Refresh even if the charm does not support the base'),
        Flag('force-units', 'Refresh units in error too'),
        Flag('path', 'The local charm', value='PATH'),
        Flag(
            'resource',
            'Resource: a file, a revision on Charmhub, or an image; may be given again',
            value='NAME=VALUE',
        ),
        Flag('revision', 'Revision of a Charmhub charm', value='N', default='-1'),
        Flag('storage', 'Storage of units that come later', value='NAME=POOL,COUNT,SIZE'),
        Flag('switch', 'The charm, local or of Charmhub, in place of one from elsewhere', value='CHARM'),
        Flag('trust', "Give the application access to the cloud's credentials"),
    ),
    least=1,
    most=1,
    missing='no application specified',
    run=_refresh,
)
