"""juju destroy-model."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from bedrock import errors
from pocket.client import faults, flags, force, shape, values
from pocket.client.context import Context, Target
from pocket.client.files import split_model
from pocket.client.flags import Flag, Given
from pocket.client.rpc import Api

Json = dict[str, Any]

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.5
_PARTS = (
    ('machine', 'hosted-machine-count'),
    ('application', 'application-count'),
    ('volume', 'volumes'),
    ('filesystem', 'filesystems'),
)


def _destroy_model(ctx: Context, given: Given) -> int:
    forced = force.params(given)
    if given.on('destroy-storage') and given.on('release-storage'):
        raise faults.WrongUsage('--destroy-storage and --release-storage cannot both be specified')
    timeout_ns = values.duration_ns(given.text('timeout'), flag='timeout') if given.text('timeout') else 0
    limits = {**forced, **({'timeout': timeout_ns} if timeout_ns else {})}
    target = _target(ctx, given)
    if not given.on('no-prompt'):
        _ask(ctx, target)
    with ctx.controller_api(target.controller) as api:
        status = _model_status(api, target.model.uuid)
        if status is not None:
            ctx.info('Destroying model')
            _destroy(api, given, target, limits)
            _wait(ctx, api, target, timeout_ns)
    ctx.files.drop_model(target.controller.name, target.model.name)
    ctx.info('Model destroyed.')
    return 0


def _target(ctx: Context, given: Given) -> Target:
    named, wanted = split_model(given.args[0])
    chosen = {**given.values, 'controller': (named,)} if named else given.values
    controller = ctx.controller(dataclasses.replace(given, values=chosen))
    # The cache may still have a model of this name that another client has destroyed and made anew.
    return Target(controller=controller, model=ctx.fresh_model(controller, wanted))


def _ask(ctx: Context, target: Target) -> None:
    short = target.model.short_name
    ctx.stderr.write(
        f'WARNING! This command will destroy the "{short}" model and all it holds.\n'
        f'To continue, enter the name of the model to be destroyed: '
    )
    ctx.stderr.flush()
    if ctx.stdin.readline().strip() != short:
        raise errors.Fault('model destruction: aborted')


def _destroy(api: Api, given: Given, target: Target, limits: Json) -> None:
    request: Json = {'model-tag': f'model-{target.model.uuid}', **limits}
    if given.on('destroy-storage') or given.on('release-storage'):
        request['destroy-storage'] = given.on('destroy-storage')
    answer = api.call('ModelManager', 'DestroyModels', {'models': [request]})
    for result in shape.objects(answer.get('results')):
        if result.get('error'):
            said = str(result['error'].get('message'))
            doing = 'cannot destroy model'
            raise errors.Fault(said if said.startswith(doing) else f'{doing}: {said}')


def _wait(ctx: Context, api: Api, target: Target, timeout_ns: int) -> None:
    deadline = time.monotonic() + timeout_ns / 1e9 if timeout_ns else None
    pause_s = _FIRST_PAUSE_S
    told = ''
    while (status := _model_status(api, target.model.uuid)) is not None:
        text = _progress(status)
        if text != told:
            ctx.info(f'{text}...')
            told = text
        if deadline is not None and time.monotonic() >= deadline:
            raise errors.Fault(
                f'timed out after {timeout_ns / 1e9:g}s: model "{target.model.short_name}" is not removed yet'
            )
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def _model_status(api: Api, uuid: str) -> Json | None:
    """What is left of the model; None when it is gone."""
    try:
        answer = api.call('ModelManager', 'ModelStatus', {'entities': [{'tag': f'model-{uuid}'}]})
    except faults.Refused as err:
        if 'not found' in err.code:
            return None
        raise
    # Item errors are in the list of models itself; a controller may name it by either word.
    result: Json = shape.first(answer.get('models') or answer.get('results'))
    error: Json = result.get('error') or {}
    if error:
        if 'not found' in str(error.get('code')):
            return None
        raise errors.Fault(str(error.get('message')))
    return result


def _progress(status: Json) -> str:
    parts: list[str] = []
    for word, key in _PARTS:
        found = status.get(key) or 0
        count = found if isinstance(found, int) else len(found)
        if count:
            parts.append(f'{count} {word}{"" if count == 1 else "s"}')
    return ', '.join(['Waiting for model to be removed', *parts])


DESTROY_MODEL = flags.Command(
    name='destroy-model',
    usage='[<controller>:]<model name>',
    summary='Destroy a model, with all its applications and machines.',
    examples=('juju destroy-model mymodel', 'juju destroy-model mymodel --no-prompt --force --no-wait'),
    flags=(
        flags.CONTROLLER,
        Flag('destroy-storage', 'Destroy its storage too'),
        Flag('release-storage', 'Release its storage'),
        Flag('force', 'Destroy it even if hooks fail'),
        Flag('no-prompt', 'Ask nothing'),
        force.NO_WAIT,
        Flag('timeout,t', 'Longest wait for its end', value='DURATION'),
    ),
    least=1,
    most=1,
    missing='no model specified',
    run=_destroy_model,
)
