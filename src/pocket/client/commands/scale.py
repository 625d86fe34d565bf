"""juju scale-application."""

from __future__ import annotations

from bedrock import errors
from pocket.client import faults, flags, output
from pocket.client.context import Context
from pocket.client.flags import Given


def _scale(ctx: Context, given: Given) -> int:
    application, text = given.args
    if not text.isdecimal():
        raise faults.WrongUsage(f'invalid scale "{text}": expected a whole number')
    target = ctx.target(given)
    if target.model.type != 'caas':
        raise errors.Fault(
            'Juju command "scale-application" only supported on k8s container models',
            hint='Here, "juju add-unit" and "juju remove-unit" do it.',
        )
    wanted = {'application-tag': f'application-{application}', 'scale': int(text)}
    with ctx.session(given) as session:
        answer = session.call('Application', 'ScaleApplications', {'applications': [wanted]})
    failed = output.item_errors(ctx, answer.get('results'))
    if not failed:
        ctx.info(f'{application} scaled to {text} units')
    return failed


SCALE_APPLICATION = flags.Command(
    name='scale-application',
    usage='<application> <scale>',
    summary='Set the number of units of a Kubernetes application.',
    examples=('juju scale-application mariadb 3',),
    flags=(flags.MODEL,),
    least=2,
    most=2,
    missing='no application and scale specified',
    run=_scale,
)
