"""juju deploy."""

from __future__ import annotations

from pocket.client import deploy_local, deploy_store, flags, sources
from pocket.client.bundles import deploy_bundle, source
from pocket.client.context import Context
from pocket.client.flags import Flag, Given


def _deploy(ctx: Context, given: Given) -> int:
    bundle = source.find(given.args[0])
    if bundle is not None:
        return deploy_bundle.run(ctx, given, bundle)
    deploy_bundle.refuse_bundle_flags(given)
    charm = sources.find(given.args[0])
    if charm.kind == 'local':
        return deploy_local.deploy(ctx, given, charm.path)
    return deploy_store.deploy(ctx, given, charm.name)


DEPLOY = flags.Command(
    name='deploy',
    usage='<charm or bundle> [<application name>]',
    summary='Deploy a new application or a bundle.',
    details=(
        'The charm is a .charm file, the folder of a charm, or the name of a charm on Charmhub. A source\n'
        'folder is packed first; the Python packages that it requires are installed once and kept.\n\n'
        'A bundle is a YAML file, or a folder or zip archive with a bundle.yaml. Paths in it are relative\n'
        'to it. What the model has already stays; what it lacks or has otherwise is added or changed.\n\n'
        'An image is oci:FOLDER or oci-archive:FILE, which are on this machine, or a name in a registry.'
    ),
    examples=(
        'juju deploy ./my-charm',
        'juju deploy ./my-charm.charm frontend -n 3 --config port=8080',
        'juju deploy postgresql --channel 14/stable --resource backup=./backup.tar',
        'juju deploy ./my-k8s-charm --resource web-image=oci:./image',
        'juju deploy ./my-charm --to 0 --base ubuntu@24.04 --constraints mem=2G',
        'juju deploy ./bundle.yaml --overlay ./production.yaml --dry-run',
    ),
    flags=(
        flags.MODEL,
        Flag('attach-storage', 'Existing storage to attach', value='STORAGE[,...]'),
        Flag('base', 'The base on which to deploy, for example ubuntu@24.04', value='BASE'),
        Flag('bind', 'Network spaces of endpoints: "space ep=space"', value='BINDINGS'),
        Flag('channel', 'Channel of a Charmhub charm, for example 2/edge', value='CHANNEL'),
        Flag('config', 'Setting or YAML file of settings; may be given again', value='KEY=VALUE|FILE'),
        Flag('constraints', 'Constraints of the machines; may be given again', value='KEY=VALUE'),
        Flag('device', 'Devices of the units', value='DEVICE', refused='machines have no devices to give'),
        Flag('dry-run', 'Only show what would be done'),
        Flag('force', 'Deploy even if the charm does not support the base, or assumes what is not there'),
        Flag(
            'map-machines',
            'Bundles only: machines of the model to use for those of the bundle',
            value='existing|ID=ID[,...]',
        ),
        Flag('num-units,n', 'Number of units', value='N', default='1'),
        Flag('overlay', 'Bundles only: a bundle to lay over it; may be given again', value='FILE'),
        Flag(
            'resource',
            'Resource: a file, a revision on Charmhub, or an image; may be given again',
            value='NAME=VALUE',
        ),
        Flag('revision', 'Revision of a Charmhub charm; needs --channel', value='N', default='-1'),
        Flag('storage', 'Storage of the units; may be given again', value='NAME=POOL,COUNT,SIZE'),
        Flag('to', 'Where to place the units: machines or containers', value='PLACE[,...]'),
        Flag('trust', "Give the application access to the cloud's credentials"),
    ),
    least=1,
    most=2,
    missing='no charm or bundle specified',
    run=_deploy,
)
