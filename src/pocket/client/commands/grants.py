"""juju grant, juju revoke: access to offers. The controller has one user, so there is little to grant."""

from __future__ import annotations

from bedrock import errors
from pocket.client import flags, offerurls, output
from pocket.client.context import Context
from pocket.client.flags import Given


def _grant(ctx: Context, given: Given) -> int:
    return _modify(ctx, given, 'grant')


def _revoke(ctx: Context, given: Given) -> int:
    return _modify(ctx, given, 'revoke')


def _modify(ctx: Context, given: Given, action: str) -> int:
    user, access, *places = given.args
    for place in places:
        if not offerurls.is_one(place):
            raise errors.Fault(f'cannot {action} access to "{place}": only access to offers is supported')
    controller = ctx.controller(given)
    changes = [
        {
            'user-tag': f'user-{user}',
            'action': action,
            'access': access,
            'offer-url': str(offerurls.parse(place, user=controller.user)),
        }
        for place in places
    ]
    with ctx.controller_api(controller) as api:
        answer = api.call('ApplicationOffers', 'ModifyOfferAccess', {'changes': changes})
    return output.item_errors(ctx, answer.get('results'))


_DETAILS = 'A pocket has one user, admin, who has access to every offer already.'

GRANT = flags.Command(
    name='grant',
    usage='<user> read|consume|admin <offer URL> [...]',
    summary='Grant a user access to offers.',
    details=_DETAILS,
    examples=('juju grant bob consume admin/infra.mysql',),
    flags=(flags.CONTROLLER,),
    least=3,
    missing='no user, access or offer specified',
    run=_grant,
)

REVOKE = flags.Command(
    name='revoke',
    usage='<user> read|consume|admin <offer URL> [...]',
    summary="Revoke a user's access to offers.",
    details=_DETAILS,
    examples=('juju revoke bob consume admin/infra.mysql',),
    flags=(flags.CONTROLLER,),
    least=3,
    missing='no user, access or offer specified',
    run=_revoke,
)
