"""juju secrets, juju show-secret."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, shape, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given
from pocket.client.render import secrets
from pocket.model.secrets import find_id, uri

Json = dict[str, Any]

_REVISIONS = Flag('revisions', 'Show all revisions (json and yaml)')


def _secrets(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        owner = given.text('owner')
        wanted = {'owner-tag': _owner_tag(session, owner)} if owner else {}
        found = _listed(session, wanted)
    revisions = given.on('revisions')
    output.show(
        ctx,
        given,
        {secrets.bare_id(secret): secrets.details(secret, revisions=revisions) for secret in found},
        {'tabular': lambda: secrets.listing(found, now=secrets.now())},
    )
    return 0


def _show_secret(ctx: Context, given: Given) -> int:
    number, revisions = given.number('revision'), given.on('revisions')
    if given.was_given('revision') and number < 1:
        raise faults.WrongUsage('revision must be a positive integer')
    if number and revisions:
        raise faults.WrongUsage('specify either --revisions or --revision but not both')
    name = given.args[0]
    secret_id = find_id(name)
    with ctx.session(given) as session:
        wanted: Json = {'uri': uri(secret_id)} if secret_id else {'label': name}
        if not secret_id:
            wanted['owner-tag'] = f'model-{session.target.model.uuid}'
        if number:
            wanted['revision'] = number
        found = _listed(session, wanted, reveal=given.on('reveal'))
    if not found:
        raise errors.Fault(f'secret "{name}" not found')
    nested = given.text('format') == 'json'
    shown = {
        secrets.bare_id(secret): secrets.details(secret, revisions=revisions, nested=nested)
        for secret in found
    }
    output.show(ctx, given, shown)
    return 0


def _listed(session: Session, wanted: Json, *, reveal: bool = False) -> list[Json]:
    answer = session.call('Secrets', 'ListSecrets', {'show-secrets': reveal, 'filter': wanted})
    return shape.objects(answer.get('results'))


def _owner_tag(session: Session, owner: str) -> str:
    model = session.target.model
    if owner in ('<model>', 'model', model.uuid, model.name):
        return f'model-{model.uuid}'
    if owner.startswith(('application-', 'unit-', 'model-')):
        return owner
    return values.unit_tag(owner) if values.is_unit(owner) else f'application-{owner}'


SECRETS = flags.Command(
    name='secrets',
    summary='List the secrets of a model.',
    details='Contents are never listed; "juju show-secret --reveal" shows one.',
    examples=('juju secrets', 'juju secrets --owner mysql --format yaml'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('owner', 'Only those of this application, unit or model', value='OWNER'),
        _REVISIONS,
    ),
    most=0,
    aliases=('list-secrets',),
    run=_secrets,
)

SHOW_SECRET = flags.Command(
    name='show-secret',
    usage='<ID>|<name>',
    summary='Show a secret.',
    examples=('juju show-secret my-secret', 'juju show-secret 9m4e2mr0ui3e8a215n4g --revision 2 --reveal'),
    flags=(
        flags.MODEL,
        *flags.formats('yaml', 'json'),
        Flag('reveal', 'Show the content'),
        Flag('revision,r', 'Show this revision, not the latest', value='N', default='0'),
        _REVISIONS,
    ),
    least=1,
    most=1,
    missing='missing secret URI',
    run=_show_secret,
)
