"""juju ssh-keys, add-ssh-key, remove-ssh-key."""

from __future__ import annotations

from pocket.client import flags, output, shape
from pocket.client.context import Context
from pocket.client.flags import Flag, Given


def _ssh_keys(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        user = session.target.controller.user
        answer = session.call(
            'KeyManager',
            'ListKeys',
            {'entities': {'entities': [{'tag': f'user-{user}'}]}, 'mode': given.on('full')},
        )
    result = shape.first(answer.get('results'))
    if result.get('error'):
        return output.item_errors(ctx, [result])
    keys: list[str] = result.get('result') or []
    if not keys:
        ctx.info(f'No keys to display in model {session.target.model.name}.')
        return 0
    ctx.out(f'Keys used in model: {session.target.model.name}')
    for key in keys:
        ctx.out(key)
    return 0


def _change(ctx: Context, given: Given, request: str) -> int:
    with ctx.session(given) as session:
        answer = session.call(
            'KeyManager', request, {'user': session.target.controller.user, 'ssh-keys': list(given.args)}
        )
    return output.item_errors(ctx, answer.get('results'))


SSH_KEYS = flags.Command(
    name='ssh-keys',
    summary='List the SSH keys that may log in to the machines of a model.',
    examples=('juju ssh-keys', 'juju ssh-keys --full'),
    flags=(flags.MODEL, Flag('full', 'Show whole keys, not fingerprints')),
    most=0,
    aliases=('list-ssh-keys',),
    run=_ssh_keys,
)

ADD_SSH_KEY = flags.Command(
    name='add-ssh-key',
    usage='<public key> [...]',
    summary='Let SSH keys log in to the machines of a model.',
    examples=('juju add-ssh-key "$(cat ~/.ssh/id_ed25519.pub)"',),
    flags=(flags.MODEL,),
    least=1,
    missing='no SSH keys specified',
    run=lambda ctx, given: _change(ctx, given, 'AddKeys'),
)

REMOVE_SSH_KEY = flags.Command(
    name='remove-ssh-key',
    usage='<fingerprint or comment> [...]',
    summary='Take the access of SSH keys away.',
    examples=('juju remove-ssh-key me@my-laptop',),
    flags=(flags.MODEL,),
    least=1,
    missing='no SSH key id specified',
    run=lambda ctx, given: _change(ctx, given, 'DeleteKeys'),
)
