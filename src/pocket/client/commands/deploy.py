"""juju deploy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bedrock import charm as charm_files
from bedrock import errors
from pocket.client import charms, faults, flags, output, values
from pocket.client.bundles import deploy_bundle, source
from pocket.client.context import Context, Session, local_path
from pocket.client.flags import Flag, Given

_SUBORDINATE_SCALE = 'cannot use --num-units or --to with subordinate application'


def _deploy(ctx: Context, given: Given) -> int:
    bundle = source.find(given.args[0])
    if bundle is not None:
        return deploy_bundle.run(ctx, given, bundle)
    deploy_bundle.refuse_bundle_flags(given)
    path = _local_charm(given.args[0])
    charm = charm_files.read(path)
    request = _request(given, charm)
    with ctx.session(given) as session:
        constraints = values.constraints(given.many('constraints'))
        uploaded = charms.upload(
            ctx,
            session,
            path,
            base=charms.chosen_base(session, charm, given.text('base')),
            arch=charms.chosen_arch(session, constraints),
        )
        base = f'{uploaded.origin["base"]["name"]}@{uploaded.origin["base"]["channel"]}'
        named = f'local charm "{charm.name}", revision {uploaded.revision}'
        application = str(request['application'])
        ctx.info(f'Located {named}')
        ctx.info(f'Deploying "{application}" from {named} on {base}')
        request.update(
            {
                'charm-url': uploaded.url,
                'charm-origin': uploaded.origin,
                'constraints': constraints,
                'placement': values.placement(given.listed('to'), model_uuid=session.target.model.uuid),
                'resources': charms.upload_resources(
                    session, uploaded, application=application, wanted=given.many('resource')
                ),
            }
        )
        return _send(ctx, session, request)


def _send(ctx: Context, session: Session, request: dict[str, Any]) -> int:
    answer = session.call('Application', 'Deploy', {'applications': [request]})
    return output.item_errors(ctx, answer.get('results'))


def _request(given: Given, charm: charm_files.Charm) -> dict[str, Any]:
    """The part of the request that the command line alone decides."""
    application = given.args[1] if len(given.args) > 1 else charm.name
    units = given.number('num-units')
    if charm.subordinate:
        if given.was_given('num-units') or given.was_given('to'):
            raise faults.WrongUsage(_SUBORDINATE_SCALE)
        units = 0
    elif units < 1:
        raise faults.WrongUsage('--num-units must be a positive integer')
    config, config_yaml = _config(given, application)
    return {
        'application': application,
        'channel': given.text('channel'),
        'num-units': units,
        'config': config,
        'config-yaml': config_yaml,
        'storage': values.storage(given.many('storage')),
        'devices': {},
        'attach-storage': [values.storage_tag(name) for name in given.listed('attach-storage')],
        'endpoint-bindings': values.bindings(given.text('bind')),
        'Force': given.on('force'),
    }


def _config(given: Given, application: str) -> tuple[dict[str, str], str]:
    """``--config`` words: ``key=value`` settings, and at most one file with settings by application."""
    files = [word for word in given.many('config') if '=' not in word]
    if len(files) > 1:
        raise faults.WrongUsage('only a single config YAML file can be specified')
    config = values.settings(word for word in given.many('config') if '=' in word)
    if given.on('trust'):
        config['trust'] = 'true'
    if not files:
        return config, ''
    if application not in values.yaml_mapping(files[0]):
        raise errors.Fault(f'no settings found for "{application}" in {files[0]}')
    return config, values.file_text(files[0])


def _local_charm(text: str) -> Path:
    """The local charm that *text* names.

    Raises:
        Fault: it names a charm elsewhere, or nothing.
    """
    path = local_path(text)
    if path.exists():
        return path
    if text.startswith(('.', '/', '~')) or text.endswith('.charm'):
        raise errors.Fault(f'cannot deploy "{text}": there is no such file or folder')
    raise errors.Fault(
        f'cannot deploy "{text}": charms from Charmhub are not supported yet',
        hint='Name a charm folder or a .charm file, for example ./my-charm.',
    )


DEPLOY = flags.Command(
    name='deploy',
    usage='<charm or bundle> [<application name>]',
    summary='Deploy a new application or a bundle.',
    details=(
        'The charm is a .charm file or the folder of a charm, packed or in source. A source folder is\n'
        'packed first; the Python packages that it requires are installed once and kept.\n\n'
        'A bundle is a YAML file, or a folder or zip archive with a bundle.yaml. Paths in it are relative\n'
        'to it. What the model has already stays; what it lacks or has otherwise is added or changed.'
    ),
    examples=(
        'juju deploy ./my-charm',
        'juju deploy ./my-charm.charm frontend -n 3 --config port=8080',
        'juju deploy ./my-charm --to 0 --base ubuntu@24.04 --constraints mem=2G',
        'juju deploy ./bundle.yaml --overlay ./production.yaml --dry-run',
    ),
    flags=(
        flags.MODEL,
        Flag('attach-storage', 'Existing storage to attach', value='STORAGE[,...]'),
        Flag('base', 'The base on which to deploy, for example ubuntu@24.04', value='BASE'),
        Flag('bind', 'Network spaces of endpoints: "space ep=space"', value='BINDINGS'),
        Flag('channel', 'Channel to use; local charms have none', value='CHANNEL'),
        Flag('config', 'Setting or YAML file of settings; may be given again', value='KEY=VALUE|FILE'),
        Flag('constraints', 'Constraints of the machines; may be given again', value='KEY=VALUE'),
        Flag('device', 'Devices of the units', value='DEVICE', refused='machines have no devices to give'),
        Flag('dry-run', 'Bundles only: show what would be done, and do nothing'),
        Flag('force', 'Deploy even if the charm does not support the base'),
        Flag(
            'map-machines',
            'Bundles only: machines of the model to use for those of the bundle',
            value='existing|ID=ID[,...]',
        ),
        Flag('num-units,n', 'Number of units', value='N', default='1'),
        Flag('overlay', 'Bundles only: a bundle to lay over it; may be given again', value='FILE'),
        Flag('resource', 'Resource to upload; may be given again', value='NAME=FILE'),
        Flag('revision', 'Charmhub charms only', value='N', default='-1'),
        Flag('storage', 'Storage of the units; may be given again', value='NAME=POOL,COUNT,SIZE'),
        Flag('to', 'Where to place the units: machines or containers', value='PLACE[,...]'),
        Flag('trust', "Give the application access to the cloud's credentials"),
    ),
    least=1,
    most=2,
    missing='no charm or bundle specified',
    run=_deploy,
)
