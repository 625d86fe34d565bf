"""juju add-secret, update-secret, remove-secret, grant-secret, revoke-secret."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, shape, values
from pocket.client.context import Context, local_path
from pocket.client.flags import Flag, Given
from pocket.model import secretcontent
from pocket.model.secrets import find_id, uri

Json = dict[str, Any]

_FILE = Flag('file', 'A YAML file of keys and values', value='FILE')
_INFO = Flag('info', 'What the secret is for', value='TEXT')
_CONTENT = (
    'A value is given as "key=value", in base64 as "key#base64=value", or in a file as "key#file=path".\n'
    'Prefer files: other users of this machine can see a command line.'
)


def _add_secret(ctx: Context, given: Given) -> int:
    content = _content(given)
    if not content:
        raise faults.WrongUsage('missing secret value or filename')
    with ctx.session(given) as session:
        secret: Json = {
            'owner-tag': f'model-{session.target.model.uuid}',
            'label': given.args[0],
            'content': {'data': content, 'checksum': secretcontent.checksum(content)},
        }
        if given.text('info'):
            secret['description'] = given.text('info')
        answer = session.call('Secrets', 'CreateSecrets', {'args': [secret]})
    result = shape.first(answer.get('results'))
    if not result.get('error'):
        ctx.out(str(result.get('result')))
    return output.item_errors(ctx, [result])


def _update_secret(ctx: Context, given: Given) -> int:
    content = _content(given)
    secret = _named(given.args[0], 'existing-label')
    if content:
        secret['content'] = {'data': content, 'checksum': secretcontent.checksum(content)}
    if given.text('info'):
        secret['description'] = given.text('info')
    if given.text('name'):
        secret['label'] = given.text('name')
    if given.was_given('auto-prune'):
        secret['auto-prune'] = given.on('auto-prune')
    return _ask(ctx, given, 'UpdateSecrets', {'args': [secret]})


def _remove_secret(ctx: Context, given: Given) -> int:
    secret, number = _named(given.args[0], 'label'), given.number('revision')
    if given.was_given('revision'):
        if number < 1:
            raise faults.WrongUsage('revision must be a positive integer')
        secret['revisions'] = [number]
    return _ask(ctx, given, 'RemoveSecrets', {'args': [secret]})


def _share(ctx: Context, given: Given, request: str) -> int:
    applications = [name.strip() for name in given.args[1].split(',') if name.strip()]
    return _ask(ctx, given, request, {**_named(given.args[0], 'label'), 'applications': applications})


def _ask(ctx: Context, given: Given, request: str, params: Json) -> int:
    with ctx.session(given) as session:
        answer = session.call('Secrets', request, params)
    return output.item_errors(ctx, shape.objects(answer.get('results')))


def _named(word: str, label: str) -> Json:
    """A secret as the API names it: by URI, or by name as *label*."""
    secret_id = find_id(word)
    return {'uri': uri(secret_id)} if secret_id else {label: word}


def _content(given: Given) -> dict[str, str]:
    content = secretcontent.from_words(given.args[1:], _file_bytes)
    file = given.text('file')
    return {**content, **secretcontent.from_document(values.file_text(file))} if file else content


def _file_bytes(name: str) -> bytes:
    try:
        return local_path(name).read_bytes()
    except OSError as err:
        raise errors.Fault(f'cannot read {name}') from err


ADD_SECRET = flags.Command(
    name='add-secret',
    usage='<name> [<key>[#base64|#file]=<value> ...]',
    summary='Add a secret to the model.',
    details=_CONTENT,
    examples=(
        'juju add-secret my-apitoken --file token.yaml',
        'juju add-secret db-password pass#file=pw.txt',
    ),
    flags=(flags.MODEL, _FILE, _INFO),
    least=1,
    missing='missing secret name',
    run=_add_secret,
)

UPDATE_SECRET = flags.Command(
    name='update-secret',
    usage='<ID>|<name> [<key>[#base64|#file]=<value> ...]',
    summary='Change a secret of the model.',
    details=_CONTENT,
    examples=('juju update-secret my-apitoken --file token.yaml', 'juju update-secret db-password --name pw'),
    flags=(
        flags.MODEL,
        Flag('auto-prune', 'Remove revisions that nobody uses any more'),
        _FILE,
        _INFO,
        Flag('name', 'A new name', value='NAME'),
    ),
    least=1,
    missing='missing secret URI',
    run=_update_secret,
)

REMOVE_SECRET = flags.Command(
    name='remove-secret',
    usage='<ID>|<name>',
    summary='Remove a secret of the model, or one revision.',
    examples=('juju remove-secret my-apitoken', 'juju remove-secret my-apitoken --revision 4'),
    flags=(flags.MODEL, Flag('revision', 'Remove only this one', value='N', default='0')),
    least=1,
    most=1,
    missing='missing secret URI',
    run=_remove_secret,
)

GRANT_SECRET = flags.Command(
    name='grant-secret',
    usage='<ID>|<name> <application>[,<application> ...]',
    summary='Let applications read a secret of the model.',
    examples=('juju grant-secret my-apitoken web,worker',),
    flags=(flags.MODEL,),
    least=2,
    most=2,
    missing='missing secret URI or application name',
    run=lambda ctx, given: _share(ctx, given, 'GrantSecret'),
)

REVOKE_SECRET = flags.Command(
    name='revoke-secret',
    usage='<ID>|<name> <application>[,<application> ...]',
    summary='Take a secret of the model away from applications.',
    examples=('juju revoke-secret my-apitoken web',),
    flags=(flags.MODEL,),
    least=2,
    most=2,
    missing='missing secret URI or application name',
    run=lambda ctx, given: _share(ctx, given, 'RevokeSecret'),
)
