"""juju add-model, models, show-model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bedrock import errors
from pocket.client import flags, keys, output, replies, shape, values
from pocket.client.clouds import CREDENTIALS, CREDENTIALS_FILE
from pocket.client.context import Context
from pocket.client.files import Controller, Model
from pocket.client.flags import Flag, Given
from pocket.client.render import models

Json = dict[str, Any]


def _add_model(ctx: Context, given: Given) -> int:
    controller = ctx.controller(given)
    owner = given.text('owner') or controller.user
    request: Json = {'name': given.args[0], 'owner-tag': f'user-{owner}', 'config': _config(ctx, given)}
    with ctx.controller_api(controller) as api:
        if len(given.args) > 1:
            request |= _place(api.call('Cloud', 'Clouds').get('clouds') or {}, given.args[1], controller)
            _use_default_region(ctx, request)
        if given.text('credential'):
            cloud = str(request.get('cloud-tag') or f'cloud-{controller.cloud}').removeprefix('cloud-')
            request['credential'] = f'cloudcred-{cloud}_{controller.user}_{given.text("credential")}'
        made = api.call('ModelManager', 'CreateModel', request)
    model = Model(name=f'{owner}/{made["name"]}', uuid=made['uuid'], type=made.get('type') or 'iaas')
    ctx.files.add_model(controller.name, model, select=not given.on('no-switch'))
    ctx.info(_added(made, owner))
    return 0


def _added(made: Json, owner: str) -> str:
    cloud = str(made.get('cloud-tag') or '').removeprefix('cloud-')
    place = '/'.join(part for part in (cloud, made.get('cloud-region')) if part)
    text = f"Added '{made['name']}' model on {place}"
    if made.get('cloud-credential-tag'):
        text += f" with credential '{models.credential_parts(made['cloud-credential-tag'])[2]}'"
    return f"{text} for user '{owner}'"


def _config(ctx: Context, given: Given) -> Json:
    config = values.typed_settings(given.many('config'))
    config.setdefault('authorized-keys', keys.authorized(ctx.settings.juju_data))
    return config


def _place(clouds: Json, text: str, controller: Controller) -> Json:
    """``cloud``, ``cloud/region`` or ``region`` as parameters of CreateModel.

    Raises:
        Fault: the controller has no such cloud or region.
    """
    cloud, slash, region = text.partition('/')
    if f'cloud-{cloud}' in clouds:
        return {'cloud-tag': f'cloud-{cloud}', **({'region': region} if slash else {})}
    own: Json = clouds.get(f'cloud-{controller.cloud}') or {}
    if not slash and any(found.get('name') == text for found in shape.objects(own.get('regions'))):
        return {'cloud-tag': f'cloud-{controller.cloud}', 'region': text}
    known = ', '.join(sorted(tag.removeprefix('cloud-') for tag in clouds))
    raise errors.Fault(
        f'"{text}" is neither a cloud supported by this controller, nor a region of its own cloud',
        hint=f'It has: {known}.',
    )


def _use_default_region(ctx: Context, request: Json) -> None:
    """Take the region that `juju default-region` keeps for the cloud, when none was named."""
    cloud = str(request['cloud-tag']).removeprefix('cloud-')
    kept = shape.mapping(ctx.files.section(CREDENTIALS_FILE, CREDENTIALS).get(cloud)).get('default-region')
    if kept and not request.get('region'):
        request['region'] = kept


def _models(ctx: Context, given: Given) -> int:
    controller = ctx.controller(given)
    with ctx.controller_api(controller) as api:
        answer = api.call(
            'ModelManager',
            'ListModelSummaries',
            {'user-tag': f'user-{given.text("user") or controller.user}', 'all': given.on('all')},
        )
    found: list[Json] = [
        item['result'] for item in shape.objects(answer.get('results')) if item.get('result')
    ]
    now = datetime.now(UTC)
    exact = given.on('exact-time')
    shown = [models.summary(model, controller=controller.name, now=now, exact=exact) for model in found]
    ctx.files.keep_models(
        controller.name,
        [Model(name=model['name'], uuid=model['model-uuid'], type=model['model-type']) for model in shown],
    )
    current = ctx.files.current_model(controller.name)
    document: Json = {'models': shown}
    if current:
        document['current-model'] = models.shown_name(current, user=controller.user)
    counts = {
        model['uuid']: {entry['entity']: entry['count'] for entry in shape.objects(model.get('counts'))}
        for model in found
    }

    def tabular() -> str:
        return models.models_table(
            shown,
            counts,
            controller=controller.name,
            current=current,
            user=controller.user,
            uuid=given.on('uuid'),
        )

    output.show(ctx, given, document, {'tabular': tabular})
    return 0


def _show_model(ctx: Context, given: Given) -> int:
    wanted = given.args[0] if given.args else given.text('model')
    named = Given(
        args=given.args,
        values={**given.values, 'model': (wanted,)} if wanted else given.values,
        defaults=given.defaults,
    )
    target = ctx.target(named)
    with ctx.controller_api(target.controller) as api:
        answer = api.call('ModelManager', 'ModelInfo', {'entities': [{'tag': f'model-{target.model.uuid}'}]})
    shown = models.info(
        replies.only(answer)['result'], controller=target.controller.name, now=datetime.now(UTC)
    )
    output.show(ctx, given, {models.shown_name(shown['name'], user=target.controller.user): shown})
    return 0


ADD_MODEL = flags.Command(
    name='add-model',
    usage='<model name> [<cloud>|<region>|<cloud>/<region>]',
    summary='Add a model to the controller.',
    examples=(
        'juju add-model mymodel',
        'juju add-model mymodel --config update-status-hook-interval=1m',
        'juju add-model web aws/us-east-1',
        'juju add-model blog k8s',
    ),
    flags=(
        flags.CONTROLLER,
        Flag('config', 'Setting or YAML file of settings; may be given again', value='KEY=VALUE|FILE'),
        Flag('credential', 'Credential of the cloud', value='NAME'),
        Flag('no-switch', 'Do not select the new model'),
        Flag('owner', 'Who owns it, if not the current user', value='USER'),
    ),
    least=1,
    most=2,
    missing='model name is required',
    run=_add_model,
)

MODELS = flags.Command(
    name='models',
    summary='List the models of the controller.',
    examples=('juju models', 'juju models --all --format json'),
    flags=(
        flags.CONTROLLER,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('all', 'Those of other users too'),
        Flag('exact-time', 'Show when, not how long ago'),
        Flag('user', 'Those of this user', value='USER'),
        Flag('uuid', 'With the UUID of each model'),
    ),
    most=0,
    aliases=('list-models',),
    run=_models,
)

SHOW_MODEL = flags.Command(
    name='show-model',
    usage='[<model name>]',
    summary='Show what the controller knows of a model.',
    examples=('juju show-model', 'juju show-model mymodel --format json'),
    flags=(flags.MODEL, *flags.formats('yaml', 'json')),
    most=1,
    run=_show_model,
)
