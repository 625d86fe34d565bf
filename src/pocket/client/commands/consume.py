"""juju consume, remove-saas, suspend-relation, resume-relation: using what other models offer."""

from __future__ import annotations

from typing import Any

from pocket.client import consuming, faults, flags, force, offerurls, output, shape
from pocket.client.context import Context
from pocket.client.flags import Flag, Given

Json = dict[str, Any]


def _consume(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        url = offerurls.parse(given.args[0], user=session.target.controller.user)
        if url.endpoint:
            raise faults.WrongUsage(f'remote offer "{given.args[0]}" shouldn\'t include endpoint')
        alias = given.args[1] if len(given.args) > 1 else ''
        full = consuming.consume(ctx, session, url, alias=alias)
    ctx.info(f'Added {full} as {alias or url.name}')
    return 0


def _remove_saas(ctx: Context, given: Given) -> int:
    forced = force.params(given)
    requests = [{'application-tag': f'application-{name}', **forced} for name in given.args]
    with ctx.session(given) as session:
        answer = session.call('Application', 'DestroyConsumedApplications', {'applications': requests})
    code = 0
    for name, result in zip(given.args, shape.objects(answer.get('results')), strict=False):
        error = shape.mapping(result.get('error'))
        if error:
            ctx.error(f'removing SAAS application {name} failed: {error.get("message")}')
            code = 1
        else:
            ctx.info(f'removing SAAS application {name}')
    return code


def _suspend(ctx: Context, given: Given) -> int:
    return _set_suspended(ctx, given, suspended=True, message=given.text('message'))


def _resume(ctx: Context, given: Given) -> int:
    return _set_suspended(ctx, given, suspended=False)


def _set_suspended(ctx: Context, given: Given, *, suspended: bool, message: str = '') -> int:
    numbers = [word for argument in given.args for word in argument.split(',') if word]
    for word in numbers:
        if not word.isdecimal():
            raise faults.WrongUsage(f'relation ID "{word}" not valid')
    changes = [{'relation-id': int(word), 'message': message, 'suspended': suspended} for word in numbers]
    with ctx.session(given) as session:
        answer = session.call('Application', 'SetRelationsSuspended', {'args': changes})
    return output.item_errors(ctx, answer.get('results'))


CONSUME = flags.Command(
    name='consume',
    usage='<offer URL> [<name>]',
    summary='Add an offer of another model to the model.',
    details='It is then related to like an application of the model.',
    examples=('juju consume infra.mysql', 'juju consume pocket:admin/infra.mysql database'),
    flags=(flags.MODEL,),
    least=1,
    most=2,
    missing='no remote offer specified',
    run=_consume,
)

REMOVE_SAAS = flags.Command(
    name='remove-saas',
    usage='<name> [...]',
    summary='Remove what was consumed from the model, with its relations.',
    examples=('juju remove-saas mysql', 'juju remove-saas mysql --force'),
    flags=(
        flags.MODEL,
        Flag('force', 'Remove it even if hooks fail'),
        force.NO_WAIT,
    ),
    least=1,
    missing='no SAAS application names specified',
    run=_remove_saas,
)

SUSPEND_RELATION = flags.Command(
    name='suspend-relation',
    usage='<relation id>[ <relation id>...]',
    summary='Suspend relations of an offer: their units leave, until they are resumed.',
    details='The ids are those that "juju offers" shows.',
    examples=('juju suspend-relation 12', 'juju suspend-relation 12 --message "reason for suspending"'),
    flags=(flags.MODEL, Flag('message', 'Why', value='TEXT')),
    least=1,
    missing='no relation ids specified',
    run=_suspend,
)

RESUME_RELATION = flags.Command(
    name='resume-relation',
    usage='<relation id>[ <relation id>...]',
    summary='Resume suspended relations of an offer.',
    examples=('juju resume-relation 12',),
    flags=(flags.MODEL,),
    least=1,
    missing='no relation ids specified',
    run=_resume,
)
