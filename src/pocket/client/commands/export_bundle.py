"""juju export-bundle."""

from __future__ import annotations

from bedrock import errors
from pocket.client import flags
from pocket.client.context import Context, local_path
from pocket.client.flags import Flag, Given


def _export_bundle(ctx: Context, given: Given) -> int:
    params = {'include-charm-defaults': given.on('include-charm-defaults'), 'include-series': False}
    with ctx.session(given) as session:
        text = str(session.call('Bundle', 'ExportBundle', params).get('result') or '')
    name = given.text('filename')
    if not name:
        ctx.stdout.write(text)
        return 0
    try:
        local_path(name).write_text(text)
    except OSError as err:
        raise errors.Fault(f'cannot write bundle to {name}') from err
    ctx.out(f'Bundle successfully exported to {name}')
    return 0


EXPORT_BUNDLE = flags.Command(
    name='export-bundle',
    summary='Export the model as a bundle that can be deployed.',
    details=(
        'Local charms are named as the model knows them, for example local:my-charm-0: to deploy the bundle\n'
        'to another model, name their files instead.'
    ),
    examples=('juju export-bundle', 'juju export-bundle --filename mymodel.yaml'),
    flags=(
        flags.MODEL,
        Flag('filename', 'Write the bundle to this file', value='FILE'),
        Flag('include-charm-defaults', 'With the options that nobody set'),
    ),
    most=0,
    run=_export_bundle,
)
