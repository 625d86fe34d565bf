"""juju refresh."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import charms, faults, flags, values
from pocket.client.context import Context, local_path
from pocket.client.flags import Flag, Given


def _refresh(ctx: Context, given: Given) -> int:
    application = given.args[0]
    path = given.text('path') or given.text('switch')
    with ctx.session(given) as session:
        current = session.call('Application', 'GetCharmURLOrigin', {'application': application, 'branch': ''})
        if current.get('error'):
            raise errors.Fault(str(current['error'].get('message')))
        if not path:
            raise faults.WrongUsage(
                f'cannot refresh application "{application}": name its new charm with --path'
            )
        origin: dict[str, Any] = current.get('charm-origin') or {}
        base: dict[str, str] = origin.get('base') or {}
        if given.text('base'):
            base = values.base(given.text('base'))
        uploaded = charms.upload(
            ctx,
            session,
            local_path(path),
            base=base or values.base(charms.DEFAULT_BASE),
            arch=str(origin.get('architecture') or 'amd64'),
        )
        ctx.info(f'Added local charm "{uploaded.charm.name}", revision {uploaded.revision}, to the model')
        config = values.settings(given.many('config'))
        if given.on('trust'):
            config['trust'] = 'true'
        session.call(
            'Application',
            'SetCharm',
            {
                'application': application,
                'generation': 'master',
                'charm-url': uploaded.url,
                'charm-origin': uploaded.origin,
                'channel': given.text('channel'),
                'config-settings': config,
                'endpoint-bindings': values.bindings(given.text('bind')),
                'force': given.on('force'),
                'force-base': given.on('force-base'),
                'force-units': given.on('force-units'),
                'storage-constraints': values.storage(given.many('storage')),
                'resource-ids': charms.upload_resources(
                    session, uploaded, application=application, wanted=given.many('resource')
                ),
            },
        )
    return 0


REFRESH = flags.Command(
    name='refresh',
    usage='<application>',
    summary="Refresh an application's charm.",
    details='The new charm is a .charm file or the folder of a charm; a source folder is packed first.',
    examples=('juju refresh my-app --path ./my-charm',),
    flags=(
        flags.MODEL,
        Flag('base', 'The base of the new charm', value='BASE'),
        Flag('bind', 'Network spaces of endpoints: "space ep=space"', value='BINDINGS'),
        Flag('channel', 'Channel to use; local charms have none', value='CHANNEL'),
        Flag('config', 'Setting to change with it; may be given again', value='KEY=VALUE'),
        Flag('force', 'Ignore what does not fit, such as missing relations'),
        Flag('force-base', 'Refresh even if the charm does not support the base'),
        Flag('force-units', 'Refresh units in error too'),
        Flag('path', 'The local charm', value='PATH'),
        Flag('resource', 'Resource to upload; may be given again', value='NAME=FILE'),
        Flag('revision', 'Charmhub charms only', value='N', default='-1'),
        Flag('storage', 'Storage of the units; may be given again', value='NAME=POOL,COUNT,SIZE'),
        Flag('switch', 'The local charm, in place of one from elsewhere', value='PATH'),
        Flag('trust', "Give the application access to the cloud's credentials"),
    ),
    least=1,
    most=1,
    missing='no application specified',
    run=_refresh,
)
