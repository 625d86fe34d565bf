"""juju users, juju show-user."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import flags, output, shape
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render.text import table

Json = dict[str, Any]

_NEVER = 'never connected'


def _users(ctx: Context, given: Given) -> int:
    controller = ctx.controller(given)
    found = _ask(ctx, given, [], disabled=given.on('all'))
    rows = [
        [
            user['user-name'] + ('*' if user['user-name'] == controller.user else ''),
            user.get('display-name', ''),
            user['access'],
            user.get('date-created', ''),
            user['last-connection'],
        ]
        for user in found
    ]
    header = ['Name', 'Display name', 'Access', 'Date created', 'Last connection']

    def tabular() -> str:
        return f'Controller: {controller.name}\n\n{table(header, rows)}'

    output.show(ctx, given, found, {'tabular': tabular})
    return 0


def _show_user(ctx: Context, given: Given) -> int:
    name = given.args[0] if given.args else ctx.controller(given).user
    (user,) = _ask(ctx, given, [{'tag': f'user-{name}'}], disabled=True)
    output.show(ctx, given, user)
    return 0


def _ask(ctx: Context, given: Given, entities: list[Json], *, disabled: bool) -> list[Json]:
    with ctx.controller_api(ctx.controller(given)) as api:
        answer = api.call('UserManager', 'UserInfo', {'entities': entities, 'include-disabled': disabled})
    found: list[Json] = []
    for item in shape.objects(answer.get('results')):
        if item.get('error'):
            raise errors.Fault(str(shape.mapping(item['error']).get('message')))
        found.append(_user(shape.mapping(item.get('result'))))
    return found


def _user(result: Json) -> Json:
    created = str(result.get('date-created') or '')
    made: Json = {
        'user-name': str(result.get('username')),
        'display-name': result.get('display-name'),
        'access': str(result.get('access') or ''),
        # Go's zero time stands for a time that nobody noted.
        'date-created': '' if created.startswith('0001-') else created[:10],
        'last-connection': str(result.get('last-connection') or _NEVER),
        'disabled': result.get('disabled'),
    }
    return {key: value for key, value in made.items() if value}


USERS = flags.Command(
    name='users',
    summary='List the users of the controller.',
    examples=('juju users', 'juju users --format json'),
    flags=(
        flags.CONTROLLER,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('all', 'Disabled users too'),
    ),
    most=0,
    aliases=('list-users',),
    run=_users,
)

SHOW_USER = flags.Command(
    name='show-user',
    usage='[<user name>]',
    summary='Show a user of the controller.',
    examples=('juju show-user', 'juju show-user admin --format json'),
    flags=(flags.CONTROLLER, *flags.formats('yaml', 'json')),
    most=1,
    run=_show_user,
)
