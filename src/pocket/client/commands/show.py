"""juju show-unit, juju show-application."""

from __future__ import annotations

from typing import Any

from pocket.client import flags, output, replies, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render import show

Json = dict[str, Any]


def _show_unit(ctx: Context, given: Given) -> int:
    entities = [{'tag': values.unit_tag(values.require_unit(name))} for name in given.args]
    with ctx.session(given) as session:
        answer = session.call('Application', 'UnitsInfo', {'entities': entities})
    output.show(
        ctx,
        given,
        {
            name: show.unit(
                found,
                endpoint=given.text('endpoint'),
                related_unit=given.text('related-unit'),
                application_only=given.on('app'),
            )
            for name, found in zip(given.args, _results(answer), strict=False)
        },
    )
    return 0


def _show_application(ctx: Context, given: Given) -> int:
    entities = [{'tag': f'application-{name}'} for name in given.args]
    with ctx.session(given) as session:
        answer = session.call('Application', 'ApplicationsInfo', {'entities': entities})
    found = _results(answer)
    output.show(
        ctx, given, {name: show.application(item) for name, item in zip(given.args, found, strict=False)}
    )
    return 0


def _results(answer: Json) -> list[Json]:
    """What was found.

    Raises:
        Refused: something was not; the message has a line for each.
    """
    return [item['result'] for item in replies.every(answer)]


SHOW_UNIT = flags.Command(
    name='show-unit',
    usage='<unit> [...]',
    summary='Show units, with the data of their relations.',
    examples=('juju show-unit mysql/0', 'juju show-unit mysql/0 --endpoint db --format json'),
    flags=(
        flags.MODEL,
        *flags.formats('yaml', 'json'),
        Flag('app', "Only the applications' relation data"),
        Flag('endpoint', 'Only relations of this endpoint', value='ENDPOINT'),
        Flag('related-unit', 'Only the data of this remote unit', value='UNIT'),
    ),
    least=1,
    missing='a unit name must be supplied',
    run=_show_unit,
)

SHOW_APPLICATION = flags.Command(
    name='show-application',
    usage='<application> [...]',
    summary='Show applications.',
    examples=('juju show-application mysql', 'juju show-application mysql --format json'),
    flags=(flags.MODEL, *flags.formats('yaml', 'json')),
    least=1,
    missing='an application name must be supplied',
    run=_show_application,
)
