"""juju constraints, set-constraints, model-constraints, set-model-constraints."""

from __future__ import annotations

from typing import Any

from pocket.client import flags, output, replies, values
from pocket.client.context import Context
from pocket.client.flags import Given

Json = dict[str, Any]


def _constraints(ctx: Context, given: Given) -> int:
    application = given.args[0]
    with ctx.session(given) as session:
        answer = session.call(
            'Application', 'GetConstraints', {'entities': [{'tag': f'application-{application}'}]}
        )
    _show(ctx, given, replies.only(answer).get('constraints') or {})
    return 0


def _set_constraints(ctx: Context, given: Given) -> int:
    application, *words = given.args
    wanted = values.constraints(words)
    with ctx.session(given) as session:
        session.call('Application', 'SetConstraints', {'application': application, 'constraints': wanted})
    return 0


def _model_constraints(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        answer = session.call('ModelConfig', 'GetModelConstraints')
    _show(ctx, given, answer.get('constraints') or {})
    return 0


def _set_model_constraints(ctx: Context, given: Given) -> int:
    wanted = values.constraints(given.args)
    with ctx.session(given) as session:
        session.call('ModelConfig', 'SetModelConstraints', {'application': '', 'constraints': wanted})
    return 0


def _show(ctx: Context, given: Given, found: Json) -> None:
    known = {key: found[key] for key in sorted(found) if found[key] is not None}
    output.show(ctx, given, known, {'constraints': lambda: values.constraints_text(known)})


CONSTRAINTS = flags.Command(
    name='constraints',
    usage='<application>',
    summary='Show the machine constraints of an application.',
    examples=('juju constraints mysql',),
    flags=(flags.MODEL, *flags.formats('constraints', 'json', 'yaml')),
    least=1,
    most=1,
    missing='no application name specified',
    run=_constraints,
)

SET_CONSTRAINTS = flags.Command(
    name='set-constraints',
    usage='<application> <constraint>=<value> ...',
    summary='Set the machine constraints of an application.',
    examples=('juju set-constraints mysql mem=8G cores=4',),
    flags=(flags.MODEL,),
    least=1,
    missing='no application name specified',
    run=_set_constraints,
)

MODEL_CONSTRAINTS = flags.Command(
    name='model-constraints',
    summary='Show the machine constraints of a model.',
    examples=('juju model-constraints', 'juju model-constraints --format json'),
    flags=(flags.MODEL, *flags.formats('constraints', 'json', 'yaml')),
    most=0,
    run=_model_constraints,
)

SET_MODEL_CONSTRAINTS = flags.Command(
    name='set-model-constraints',
    usage='<constraint>=<value> ...',
    summary='Set the machine constraints of a model.',
    examples=('juju set-model-constraints cores=4 mem=8G',),
    flags=(flags.MODEL,),
    run=_set_model_constraints,
)
