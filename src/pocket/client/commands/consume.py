"""juju consume, remove-saas, suspend-relation, resume-relation: using what other models offer."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags, offerurls, output, shape
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given
from pocket.client.offerurls import OfferUrl

Json = dict[str, Any]


def consume(ctx: Context, session: Session, url: OfferUrl, *, alias: str = '') -> str:
    """Consume an offer in the session's model and return its URL with the controller's name.

    Raises:
        Fault: there is no such offer, or it is of another controller.
    """
    controller = session.target.controller
    if url.controller not in ('', controller.name):
        raise errors.Fault(
            f'cannot consume "{url.controller}:{url}": offers of other controllers are not supported'
        )
    with ctx.controller_api(controller) as api:
        params: Json = {'offer-urls': {'offer-urls': [str(url)]}, 'user-tag': f'user-{controller.user}'}
        answer = api.call('ApplicationOffers', 'GetConsumeDetails', params)
    details = shape.first(answer.get('results'))
    _raise(details)
    offer = shape.mapping(details.get('offer'))
    full = f'{controller.name}:{offer["offer-url"]}'
    argument: Json = {**offer, 'offer-url': full, 'application-alias': alias}
    for key in ('macaroon', 'external-controller'):
        if details.get(key):
            argument[key] = details[key]
    _raise(shape.first(session.call('Application', 'Consume', {'args': [argument]}).get('results')))
    return full


def _consume(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        url = offerurls.parse(given.args[0], user=session.target.controller.user)
        if url.endpoint:
            raise faults.WrongUsage(f'remote offer "{given.args[0]}" shouldn\'t include endpoint')
        alias = given.args[1] if len(given.args) > 1 else ''
        full = consume(ctx, session, url, alias=alias)
    ctx.info(f'Added {full} as {alias or url.name}')
    return 0


def _remove_saas(ctx: Context, given: Given) -> int:
    if given.on('no-wait') and not given.on('force'):
        raise faults.WrongUsage('--no-wait without --force not valid')
    wait: Json = {'max-wait': 0} if given.on('no-wait') else {}
    requests = [
        {'application-tag': f'application-{name}', 'force': given.on('force'), **wait} for name in given.args
    ]
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
        if not word.isdigit():
            raise faults.WrongUsage(f'relation ID "{word}" not valid')
    changes = [{'relation-id': int(word), 'message': message, 'suspended': suspended} for word in numbers]
    with ctx.session(given) as session:
        answer = session.call('Application', 'SetRelationsSuspended', {'args': changes})
    return output.item_errors(ctx, answer.get('results'))


def _raise(result: Json) -> None:
    error = shape.mapping(result.get('error'))
    if error:
        raise errors.Fault(str(error.get('message')))


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
        Flag('no-wait', 'With --force: do not wait between the steps'),
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
