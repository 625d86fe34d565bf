"""juju credentials, show-credential, add-credential, update-credential, remove-credential, default-region."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, shape, values
from pocket.client.clouds import CREDENTIALS, CREDENTIALS_FILE, FILE, SECTION, from_api, places
from pocket.client.context import Context
from pocket.client.files import Controller
from pocket.client.flags import Flag, Given
from pocket.client.render.text import table

Json = dict[str, Any]

_DEFAULTS = ('default-credential', 'default-region')
_SECRETS = frozenset({'auth-type', 'access-key', 'username', 'user'})
"""Attributes of a local credential that are shown without being asked for."""


def _credentials(ctx: Context, given: Given) -> int:
    wanted = given.args[0] if given.args else ''
    where = places(ctx, given)
    document: Json = {}
    if where.client:
        document['client-credentials'] = _local(ctx, wanted, secrets=given.on('show-secrets'))
    if where.controller:
        contents = _contents(ctx, where.controller, [], secrets=given.on('show-secrets'))
        document['controller-credentials'] = _by_cloud(contents, wanted)
    output.show(ctx, given, document, {'tabular': lambda: _table(document)})
    return 0


def _table(document: Json) -> str:
    parts: list[str] = []
    for key, title in (('controller-credentials', 'Controller'), ('client-credentials', 'Client')):
        found = shape.mapping(document.get(key))
        rows = [
            [cloud, ', '.join(sorted(set(shape.mapping(entry)) - {*_DEFAULTS}))]
            for cloud, entry in sorted(found.items())
        ]
        if rows:
            parts.append(f'{title} Credentials:\n{table(["Cloud", "Credentials"], rows)}')
    return '\n\n'.join(parts) or 'No credentials from any controller or this client to display.'


def _show_credential(ctx: Context, given: Given) -> int:
    where = places(ctx, given)
    document: Json = {}
    wanted = given.args
    if where.client:
        local = _local(ctx, wanted[0] if wanted else '', secrets=given.on('show-secrets'))
        document['client-credentials'] = {
            cloud: {
                name: {'content': value}
                for name, value in shape.mapping(entry).items()
                if name not in _DEFAULTS and (len(wanted) < 2 or name == wanted[1])
            }
            for cloud, entry in local.items()
        }
    if where.controller:
        named = [{'cloud-name': wanted[0], 'credential-name': wanted[1]}] if len(wanted) == 2 else []
        found = _contents(ctx, where.controller, named, secrets=given.on('show-secrets'))
        document['controller-credentials'] = _by_cloud(found, wanted[0] if wanted else '', with_models=True)
    output.show(ctx, given, document)
    return 0


def _add_credential(ctx: Context, given: Given) -> int:
    cloud = given.args[0]
    if not given.text('file'):
        raise faults.WrongUsage('a file with the credentials is required: --file')
    entry = shape.mapping(shape.mapping(values.yaml_mapping(given.text('file'))).get(CREDENTIALS))
    if cloud not in entry:
        raise errors.Fault(f'no credentials for cloud {cloud} exist in file {given.text("file")}')
    wanted = shape.mapping(entry[cloud])
    where = places(ctx, given)
    if where.client:
        known = shape.mapping(ctx.files.section(CREDENTIALS_FILE, CREDENTIALS).get(cloud))
        present = sorted(wanted.keys() & known.keys() - {*_DEFAULTS})
        if present and not given.on('replace'):
            raise errors.Fault(f'local credentials for cloud "{cloud}" already exist; use update-credential')
        _keep(ctx, cloud, wanted)
        for name in sorted(wanted.keys() - {*_DEFAULTS}):
            ctx.info(f'Credential "{name}" added locally for cloud "{cloud}".')
    if where.controller:
        return _upload(ctx, where.controller, cloud, wanted)
    return 0


def _update_credential(ctx: Context, given: Given) -> int:
    cloud = given.args[0]
    where = places(ctx, given)
    if given.text('file'):
        document = shape.mapping(values.yaml_mapping(given.text('file')).get(CREDENTIALS))
        wanted = shape.mapping(document.get(cloud))
    else:
        wanted = shape.mapping(ctx.files.section(CREDENTIALS_FILE, CREDENTIALS).get(cloud))
    if len(given.args) > 1:
        wanted = {key: value for key, value in wanted.items() if key == given.args[1]}
    if not wanted.keys() - {*_DEFAULTS}:
        raise errors.Fault(f'no credentials for cloud {cloud} to update with')
    if where.client and given.text('file'):
        _keep(ctx, cloud, wanted)
        ctx.info(f'Local client was updated with provided credential information for cloud "{cloud}".')
    if where.controller:
        return _upload(ctx, where.controller, cloud, wanted)
    return 0


def _remove_credential(ctx: Context, given: Given) -> int:
    cloud, name = given.args
    where = places(ctx, given)
    code = 0
    if where.client:
        known = shape.mapping(ctx.files.section(CREDENTIALS_FILE, CREDENTIALS).get(cloud))
        if name in known:
            kept = {key: value for key, value in known.items() if key != name}
            ctx.files.change_section(CREDENTIALS_FILE, CREDENTIALS, lambda all_: all_.update({cloud: kept}))
            ctx.info(f'Local credential "{name}" for cloud "{cloud}" removed from this client.')
        else:
            ctx.info(f'No local credential called "{name}" exists for cloud "{cloud}".')
    if where.controller:
        tag = f'cloudcred-{cloud}_{where.controller.user}_{name}'
        request = {'credentials': [{'tag': tag, 'force': given.on('force')}]}
        with ctx.controller_api(where.controller) as api:
            answer = api.call('Cloud', 'RevokeCredentialsCheckModels', request)
        code = output.item_errors(ctx, answer.get('results'))
    return code


def _default_region(ctx: Context, given: Given) -> int:
    cloud = given.args[0]
    known = shape.mapping(ctx.files.section(CREDENTIALS_FILE, CREDENTIALS).get(cloud))
    if given.on('reset'):
        kept = {key: value for key, value in known.items() if key != 'default-region'}
        ctx.files.change_section(CREDENTIALS_FILE, CREDENTIALS, lambda all_: all_.update({cloud: kept}))
        ctx.info(f'Default region for cloud "{cloud}" is no longer set on this client.')
        return 0
    if len(given.args) < 2:
        current = known.get('default-region')
        ctx.info(
            f'Default region for cloud "{cloud}" is "{current}" on this client.'
            if current
            else f'Default region for cloud "{cloud}" is not set on this client.'
        )
        return 0
    region = given.args[1]
    _require_region(ctx, cloud, region)
    _keep(ctx, cloud, {'default-region': region})
    ctx.info(f'Default region in {cloud} set to "{region}".')
    return 0


def _require_region(ctx: Context, cloud: str, region: str) -> None:
    found = shape.mapping(ctx.files.section(FILE, SECTION).get(cloud))
    if not found and ctx.files.controller_names():
        with ctx.controller_api(ctx.files.controller(ctx.files.current_controller())) as api:
            clouds: Json = api.call('Cloud', 'Clouds').get('clouds') or {}
        found = from_api(shape.mapping(clouds.get(f'cloud-{cloud}')))
    regions = list(shape.mapping(found.get('regions')))
    if region not in regions:
        raise errors.Fault(f'cloud {cloud} has no region "{region}": it has {", ".join(regions) or "none"}')


def _local(ctx: Context, cloud: str, *, secrets: bool) -> Json:
    """This client's credentials by cloud, without what is secret unless asked for."""
    found = ctx.files.section(CREDENTIALS_FILE, CREDENTIALS)
    return {
        name: {
            key: value
            if secrets or key in _DEFAULTS
            else {part: text for part, text in shape.mapping(value).items() if part in _SECRETS}
            for key, value in shape.mapping(entry).items()
        }
        for name, entry in found.items()
        if not cloud or name == cloud
    }


def _contents(ctx: Context, controller: Controller, named: list[Json], *, secrets: bool) -> list[Json]:
    with ctx.controller_api(controller) as api:
        answer = api.call('Cloud', 'CredentialContents', {'credentials': named, 'include-secrets': secrets})
    found = shape.objects(answer.get('results'))
    for item in found:
        if item.get('error'):
            raise errors.Fault(str(item['error'].get('message')))
    return [item['result'] for item in found]


def _by_cloud(contents: list[Json], cloud: str, *, with_models: bool = False) -> Json:
    found: Json = {}
    for one in contents:
        content: Json = one['content']
        if cloud and content['cloud'] != cloud:
            continue
        shown: Json = {'auth-type': content['auth-type'], **shape.mapping(content.get('attrs'))}
        if with_models:
            models = {model['model']: model['access'] for model in shape.objects(one.get('models'))}
            shown = {
                'content': {**shown, 'validity-check': 'valid'},
                **({'models': models} if models else {}),
            }
        found.setdefault(content['cloud'], {})[content['name']] = shown
    return found


def _keep(ctx: Context, cloud: str, entry: Json) -> None:
    def change(known: Json) -> None:
        known[cloud] = {**shape.mapping(known.get(cloud)), **entry}

    ctx.files.change_section(CREDENTIALS_FILE, CREDENTIALS, change)


def _upload(ctx: Context, controller: Controller, cloud: str, entry: Json) -> int:
    tagged = [
        {
            'tag': f'cloudcred-{cloud}_{controller.user}_{name}',
            'credential': {
                'auth-type': shape.mapping(value).get('auth-type'),
                'attrs': {key: str(text) for key, text in shape.mapping(value).items() if key != 'auth-type'},
            },
        }
        for name, value in entry.items()
        if name not in _DEFAULTS
    ]
    with ctx.controller_api(controller) as api:
        answer = api.call('Cloud', 'UpdateCredentialsCheckModels', {'credentials': tagged})
    code = output.item_errors(ctx, answer.get('results'))
    if not code:
        names = ', '.join(f'"{name}"' for name in entry if name not in _DEFAULTS)
        ctx.info(f'Controller credential {names} for cloud "{cloud}" added.')
    return code


_PLACES = (flags.CONTROLLER, Flag('client', "This client's files"))
_FILE = Flag('file,f', 'YAML file of credentials', value='FILE')
_SHOW = Flag('show-secrets', 'Show passwords and keys too')

LIST = flags.Command(
    name='credentials',
    usage='[<cloud>]',
    summary='List credentials of clouds.',
    examples=('juju credentials', 'juju credentials aws --client --format json'),
    flags=(*_PLACES, *flags.formats('tabular', 'json', 'yaml'), _SHOW),
    most=1,
    aliases=('list-credentials',),
    run=_credentials,
)
SHOW_CREDENTIAL = flags.Command(
    name='show-credential',
    usage='[<cloud> <credential>]',
    summary='Show credentials of clouds and the models that use them.',
    examples=('juju show-credential', 'juju show-credential aws mine'),
    flags=(*_PLACES, *flags.formats('yaml', 'json'), _SHOW),
    most=2,
    aliases=('show-credentials',),
    run=_show_credential,
)
ADD_CREDENTIAL = flags.Command(
    name='add-credential',
    usage='<cloud>',
    summary='Add credentials of a cloud from a file.',
    examples=('juju add-credential aws --client --file credentials.yaml',),
    flags=(
        *_PLACES,
        _FILE,
        Flag('region', 'No effect: credentials are for all regions', value='REGION'),
        Flag('replace', 'Replace credentials of the same name'),
    ),
    least=1,
    most=1,
    missing='Usage: juju add-credential <cloud-name> [-f <credentials.yaml>]',
    run=_add_credential,
)
UPDATE_CREDENTIAL = flags.Command(
    name='update-credential',
    usage='<cloud> [<credential>]',
    summary='Replace credentials of a cloud.',
    examples=('juju update-credential aws mine --file credentials.yaml',),
    flags=(
        *_PLACES,
        _FILE,
        Flag('region', 'No effect: credentials are for all regions', value='REGION'),
        Flag('force', 'No effect: models are never in the way'),
    ),
    least=1,
    most=2,
    missing='no cloud specified',
    aliases=('update-credentials',),
    run=_update_credential,
)
REMOVE_CREDENTIAL = flags.Command(
    name='remove-credential',
    usage='<cloud> <credential>',
    summary='Remove a credential of a cloud.',
    examples=('juju remove-credential aws mine', 'juju remove-credential aws mine --client'),
    flags=(*_PLACES, Flag('force', 'Even if models use it')),
    least=2,
    most=2,
    missing='Usage: juju remove-credential <cloud-name> <credential-name>',
    run=_remove_credential,
)
DEFAULT_REGION = flags.Command(
    name='default-region',
    usage='<cloud> [<region>]',
    summary='Set or show the region that new models of a cloud get.',
    examples=('juju default-region aws us-east-1', 'juju default-region aws --reset'),
    flags=(Flag('reset', 'Forget it'),),
    least=1,
    most=2,
    missing='no cloud specified',
    aliases=('set-default-region',),
    run=_default_region,
)
