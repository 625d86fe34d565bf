"""juju clouds, regions, show-cloud, add-cloud, update-cloud, remove-cloud.

A cloud is known to this client (clouds.yaml), to the controller, or to both; ``--client`` and
``--controller`` say which is meant. Without either, both are where there is a controller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, shape, values
from pocket.client.clouds import FILE, SECTION, for_api, from_api, places, public
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render.text import table

Json = dict[str, Any]


def _clouds(ctx: Context, given: Given) -> int:
    found = _known(ctx, given)
    if not found:
        ctx.info('No clouds are known.')
    output.show(ctx, given, found, {'tabular': lambda: _table(found)})
    return 0


def _table(found: Json) -> str:
    rows = [
        [
            name,
            str(len(shape.mapping(cloud.get('regions')))),
            next(iter(shape.mapping(cloud.get('regions'))), ''),
            str(cloud.get('type') or ''),
            str(cloud.get('defined') or ''),
        ]
        for name, cloud in sorted(found.items())
    ]
    return table(['Cloud', 'Regions', 'Default', 'Type', 'Source'], rows, right=['Regions']) if rows else ''


def _regions(ctx: Context, given: Given) -> int:
    cloud = _one(ctx, given, given.args[0])
    regions: Json = {name: value or {} for name, value in shape.mapping(cloud.get('regions')).items()}
    output.show(ctx, given, regions, {'tabular': lambda: '\n'.join(regions)})
    return 0


def _show_cloud(ctx: Context, given: Given) -> int:
    name = given.args[0]
    cloud = _one(ctx, given, name)
    shown = {'name': name, **cloud, 'regions': shape.mapping(cloud.get('regions'))}
    output.show(ctx, given, shown)
    return 0


def _add_cloud(ctx: Context, given: Given) -> int:
    name = given.args[0]
    cloud = _definition(given, name, given.args[1:])
    if not cloud.get('type'):
        raise errors.Fault(f'cloud definition of "{name}" has no type')
    where = places(ctx, given)
    if where.client:
        if name in ctx.files.section(FILE, SECTION) and not given.on('force'):
            raise errors.Fault(
                f'"{name}" already exists; use `update-cloud {name} --client` to override this definition'
            )
        ctx.files.change_section(FILE, SECTION, lambda clouds: clouds.update({name: cloud}))
        ctx.info(f'Cloud "{name}" successfully added to your local client.')
    if where.controller:
        with ctx.controller_api(where.controller) as api:
            api.call('Cloud', 'AddCloud', {'name': name, 'cloud': for_api(cloud), 'force': given.on('force')})
        ctx.info(f'Cloud "{name}" added to controller "{where.controller.name}".')
    return 0


def _update_cloud(ctx: Context, given: Given) -> int:
    name = given.args[0]
    where = places(ctx, given)
    cloud = _definition(given, name, ()) if given.text('file') else None
    if where.client and cloud is not None:
        if name not in ctx.files.section(FILE, SECTION):
            raise errors.Fault(f'cloud {name} not found')
        ctx.files.change_section(FILE, SECTION, lambda clouds: clouds.update({name: cloud}))
        ctx.info(f'Cloud "{name}" updated on this client using provided file.')
    if where.controller:
        wanted = cloud or ctx.files.section(FILE, SECTION).get(name)
        if wanted is None:
            raise errors.Fault(f'cloud {name} not found')
        with ctx.controller_api(where.controller) as api:
            request = {'clouds': [{'name': name, 'cloud': for_api(shape.mapping(wanted))}]}
            answer = api.call('Cloud', 'UpdateCloud', request)
        if output.item_errors(ctx, answer.get('results')):
            return 1
        ctx.info(f'Cloud "{name}" updated on controller "{where.controller.name}".')
    return 0


def _remove_cloud(ctx: Context, given: Given) -> int:
    name = given.args[0]
    where = places(ctx, given)
    code = 0
    if where.client:
        if name in ctx.files.section(FILE, SECTION):
            ctx.files.change_section(FILE, SECTION, lambda clouds: clouds.pop(name))
            ctx.info(f'Removed details of cloud "{name}" from this client')
        else:
            ctx.info(f'No cloud called "{name}" exists on this client')
    if where.controller:
        with ctx.controller_api(where.controller) as api:
            answer = api.call('Cloud', 'RemoveClouds', {'entities': [{'tag': f'cloud-{name}'}]})
        code = output.item_errors(ctx, answer.get('results'))
        if not code:
            ctx.info(f'Removed details of cloud "{name}" from controller "{where.controller.name}"')
    return code


def _known(ctx: Context, given: Given) -> Json:
    """Clouds by name: the controller's, unless ``--client`` alone, with this client's own beside them."""
    where = places(ctx, given)
    found: Json = {}
    if where.client:
        found.update(public())
        mine = ctx.files.section(FILE, SECTION)
        found.update({name: {'defined': 'local', **shape.mapping(cloud)} for name, cloud in mine.items()})
    if where.controller:
        with ctx.controller_api(where.controller) as api:
            answer: Json = api.call('Cloud', 'Clouds').get('clouds') or {}
        for tag, cloud in answer.items():
            found[tag.removeprefix('cloud-')] = {'defined': 'public', **from_api(cloud)}
    return found


def _one(ctx: Context, given: Given, name: str) -> Json:
    found = _known(ctx, given).get(name)
    if found is None:
        raise errors.Fault(f'cloud {name} not found')
    return shape.mapping(found)


def _definition(given: Given, name: str, files: tuple[str, ...]) -> Json:
    """The cloud *name* of the file that ``--file`` or an argument names.

    Raises:
        Fault: the file does not have it.
    """
    file = given.text('file') or (files[0] if files else '')
    if not file:
        raise faults.WrongUsage('a file with the definition of the cloud is required: --file')
    clouds = shape.mapping(values.yaml_mapping(file).get(SECTION))
    if name not in clouds:
        raise errors.Fault(f'cloud "{name}" not found in file "{file}"')
    return shape.mapping(clouds[name])


_PLACES = (flags.CONTROLLER, Flag('client', "This client's files"))
_FILE = Flag('file,f', 'YAML file with the definition', value='FILE')


def _command(
    name: str, run: Callable[[Context, Given], int], summary: str, examples: tuple[str, ...], *own: Flag
) -> flags.Command:
    return flags.Command(
        name=name,
        usage='<cloud>',
        summary=summary,
        examples=examples,
        flags=(*_PLACES, *own),
        least=1,
        most=2 if name == 'add-cloud' else 1,
        missing='no cloud specified',
        run=run,
        aliases=('list-regions',) if name == 'regions' else (),
    )


CLOUDS = flags.Command(
    name='clouds',
    summary='List the clouds that the controller and this client know.',
    examples=('juju clouds', 'juju clouds --client --format json'),
    flags=(*_PLACES, *flags.formats('tabular', 'json', 'yaml'), Flag('all', 'Every cloud; the default')),
    most=0,
    aliases=('list-clouds',),
    run=_clouds,
)
REGIONS = _command(
    'regions',
    _regions,
    'List the regions of a cloud.',
    ('juju regions aws', 'juju regions aws --format json'),
    *flags.formats('tabular', 'json', 'yaml'),
)
SHOW_CLOUD = _command(
    'show-cloud',
    _show_cloud,
    'Show what is known of a cloud.',
    ('juju show-cloud aws', 'juju show-cloud mine --client --format json'),
    *flags.formats('yaml', 'json'),
    Flag('include-config', 'No effect: options of a cloud are always shown'),
)
ADD_CLOUD = _command(
    'add-cloud',
    _add_cloud,
    'Add a cloud to the controller or to this client.',
    ('juju add-cloud mine --file clouds.yaml', 'juju add-cloud mine --client --file clouds.yaml'),
    _FILE,
    Flag('credential', 'No effect: clouds here need none', value='NAME'),
    Flag('force', 'Replace what this client knows of it'),
    Flag('target-controller', 'No effect: --controller names it', value='NAME'),
)
UPDATE_CLOUD = _command(
    'update-cloud',
    _update_cloud,
    'Replace the definition of a cloud.',
    ('juju update-cloud mine --file clouds.yaml',),
    _FILE,
)
REMOVE_CLOUD = _command(
    'remove-cloud',
    _remove_cloud,
    'Remove a cloud from the controller or from this client.',
    ('juju remove-cloud mine', 'juju remove-cloud mine --client'),
)
