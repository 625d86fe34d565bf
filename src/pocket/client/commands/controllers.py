"""juju controllers, switch, whoami: what the client's own files say; nothing is asked of a controller
unless a model is switched to that the files do not know."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import flags, output
from pocket.client.context import Context, listed_models
from pocket.client.files import Files, chosen_controller, split_model
from pocket.client.flags import Flag, Given
from pocket.client.render.models import shown_name
from pocket.client.render.text import table

Json = dict[str, Any]


def _controllers(ctx: Context, given: Given) -> int:
    files = ctx.files
    names = files.controller_names()
    if not names:
        raise errors.Fault('No controllers registered.', hint='Start one with "pocket up".')
    if given.on('refresh'):
        for name in names:
            _refresh(ctx, name)
    found = {name: _controller(files, name) for name in names}
    current = files.current_controller()
    document: Json = {'controllers': found, **({'current-controller': current} if current else {})}
    rows = [
        [
            name + ('*' if name == current else ''),
            entry.get('current-model') or '-',
            entry.get('user') or '-',
            entry.get('access') or '-',
            '/'.join(part for part in (entry['cloud'], entry.get('region')) if part),
            str(entry.get('agent-version') or '-'),
        ]
        for name, entry in found.items()
    ]
    header = ['Controller', 'Model', 'User', 'Access', 'Cloud/Region', 'Version']
    output.show(ctx, given, document, {'tabular': lambda: table(header, rows)})
    return 0


def _refresh(ctx: Context, name: str) -> None:
    controller = ctx.files.controller(name)
    with ctx.controller_api(controller) as api:
        ctx.files.keep_models(name, listed_models(api, controller))


def _controller(files: Files, name: str) -> Json:
    controller = files.controller(name)
    account = files.account(name)
    model = files.current_model(name)
    made: Json = {
        'current-model': shown_name(model, user=controller.user),
        'user': controller.user,
        'access': account.get('last-known-access'),
        'recent-server': controller.endpoints[0] if controller.endpoints else '',
        'uuid': controller.uuid,
        'api-endpoints': list(controller.endpoints),
        'ca-cert': controller.ca_cert,
        'cloud': controller.cloud,
        'region': controller.region,
        'agent-version': controller.details.get('agent-version'),
    }
    return {key: value for key, value in made.items() if value}


def _show_controller(ctx: Context, given: Given) -> int:
    files = ctx.files
    names = given.args or (chosen_controller(files, ctx.environ.get('JUJU_CONTROLLER', '')),)
    output.show(ctx, given, {name: _details(files, name, secret=given.on('show-password')) for name in names})
    return 0


def _details(files: Files, name: str, *, secret: bool) -> Json:
    shown = _controller(files, name)
    controller = files.controller(name)
    keys = ('api-endpoints', 'cloud', 'region', 'agent-version', 'ca-cert')
    account = {'user': controller.user, 'access': shown.get('access')}
    if secret:
        account['password'] = controller.password
    models = {full: {'model-uuid': model.uuid} for full, model in sorted(files.models(name).items())}
    made: Json = {
        'details': {
            'controller-uuid': controller.uuid,
            **{key: shown[key] for key in keys if key in shown},
        },
        'models': models,
        'current-model': files.current_model(name),
        'account': {key: value for key, value in account.items() if value},
    }
    return {key: value for key, value in made.items() if value}


def _switch(ctx: Context, given: Given) -> int:
    files = ctx.files
    before = _selected(files)
    if not given.args and not given.text('model') and not given.text('controller'):
        if not before:
            raise errors.Fault('no currently specified model')
        ctx.out(before)
        return 0
    controller, model = _wanted(ctx, given)
    files.controller(controller)  # it must be known
    if model:
        found = ctx.find_model(files.controller(controller), model)
        files.select_model(controller, found.name)
    if files.current_controller() != controller:
        files.select_controller(controller)
    after = _selected(files)
    ctx.info(f'{after} (no change)' if after == before else f'{before or "(none)"} -> {after}')
    return 0


def _wanted(ctx: Context, given: Given) -> tuple[str, str]:
    """The controller and model to select; a bare word is a controller's name before it is a model's."""
    files = ctx.files
    if given.text('controller'):
        return given.text('controller'), given.text('model')
    word = given.text('model') or given.args[0]
    named, model = split_model(word)
    if named:
        return named, model
    if ':' not in word and not given.text('model') and word in files.controller_names():
        return word, ''
    current = chosen_controller(files, ctx.environ.get('JUJU_CONTROLLER', ''))
    return current, model


def _selected(files: Files) -> str:
    controller = files.current_controller()
    model = files.current_model(controller) if controller else ''
    return f'{controller}:{model}' if model else controller


def _whoami(ctx: Context, given: Given) -> int:
    files = ctx.files
    controller = ctx.controller(given)
    model = files.current_model(controller.name)
    document: Json = {
        'controller': controller.name,
        **({'model': shown_name(model, user=controller.user)} if model else {}),
        'user': controller.user,
    }
    lines = [['Controller:', controller.name], ['Model:', document.get('model', '<no-current-model>')]]
    lines.append(['User:', controller.user])
    output.show(ctx, given, document, {'tabular': lambda: table(lines[0], lines[1:])})
    return 0


CONTROLLERS = flags.Command(
    name='controllers',
    summary='List the controllers that this client knows.',
    examples=('juju controllers', 'juju controllers --format json'),
    flags=(
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('managed', 'Only those managed by JAAS', refused='this client knows no such controllers'),
        Flag('refresh', 'Connect to each and learn of its models'),
    ),
    most=0,
    aliases=('list-controllers',),
    run=_controllers,
)

SWITCH = flags.Command(
    name='switch',
    usage='[<controller>|<model>|<controller>:|:<model>|<controller>:<model>]',
    summary='Select or show the current controller and model.',
    examples=('juju switch', 'juju switch mymodel', 'juju switch mycontroller:mymodel'),
    flags=(flags.MODEL, flags.CONTROLLER),
    most=1,
    run=_switch,
)

WHOAMI = flags.Command(
    name='whoami',
    summary='Show the current controller, model and user.',
    examples=('juju whoami', 'juju whoami --format json'),
    flags=(flags.CONTROLLER, *flags.formats('tabular', 'json', 'yaml')),
    most=0,
    run=_whoami,
)

SHOW_CONTROLLER = flags.Command(
    name='show-controller',
    usage='[<controller name> ...]',
    summary='Show what this client knows of controllers.',
    examples=('juju show-controller', 'juju show-controller pocket --format json'),
    flags=(*flags.formats('yaml', 'json'), Flag('show-password', 'With the password of the account')),
    run=_show_controller,
)
