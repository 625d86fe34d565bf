"""juju wait-for model|application|machine|unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bedrock import errors
from pocket.client import faults, flags, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.waiting import entities, grammar, query, scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One thing that can be waited for."""

    query: str
    missing: str


_KINDS: Mapping[str, _Kind] = {
    'application': _Kind(
        query='life=="alive" && status=="active"',
        missing='application name must be supplied when waiting for an application',
    ),
    'machine': _Kind(
        query='life=="alive" && status=="started"',
        missing='machine id must be supplied when waiting for a machine',
    ),
    'model': _Kind(
        query='life=="alive" && status=="available"',
        missing='model name must be supplied when waiting for a model',
    ),
    'unit': _Kind(
        query='life=="alive" && workload-status=="active"',
        missing='unit name must be supplied when waiting for a unit',
    ),
}


def _wait_for(ctx: Context, given: Given) -> int:
    kind = given.args[0]
    if kind not in _KINDS:
        raise faults.WrongUsage(f'unrecognized command: juju wait-for {kind}')
    if len(given.args) < 2:
        raise faults.WrongUsage(_KINDS[kind].missing)
    name = given.args[1]
    if kind == 'unit':
        values.require_unit(name)
    wanted = grammar.parse(given.text('query') or _KINDS[kind].query)
    timeout_s = values.duration_ns(given.text('timeout'), flag='timeout') / 1e9
    target = _of_model(given, name) if kind == 'model' else given
    with ctx.session(target) as session:
        last: scopes.Scope | None = None
        try:
            for found in entities.watch(session, timeout_s=timeout_s):
                seen = scopes.scope(found, kind, name)
                if seen is None and last is not None:
                    # What is gone is dead; who waits for that has come to the end.
                    seen = {**last, 'life': 'dead'}
                last = seen
                if seen is not None and query.holds(wanted, seen):
                    break
        except faults.TimedOut:
            _summarise(ctx, given, kind, name, last)
            raise errors.Fault(f'timed out waiting for "{name}" to reach goal state') from None
    _summarise(ctx, given, kind, name, last)
    return 0


def _of_model(given: Given, name: str) -> Given:
    """The command line as if the model were named by a flag."""
    return Given(args=given.args, values={**given.values, 'model': (name,)}, defaults=given.defaults)


def _summarise(ctx: Context, given: Given, kind: str, name: str, seen: scopes.Scope | None) -> None:
    if given.was_given('summary') and not given.on('summary'):
        return
    if seen is None:
        ctx.info(f'{kind} "{name}" was not found')
        return
    ctx.info(f'{kind} "{name}": life {seen["life"]}, status {seen["status"]}')
    for unit in seen.get('units') or ():
        message = f' ({unit["workload-message"]})' if unit['workload-message'] else ''
        ctx.info(f'  unit "{unit["name"]}": {unit["workload-status"]}, agent {unit["agent-status"]}{message}')


WAIT_FOR = flags.Command(
    name='wait-for',
    usage='model|application|machine|unit <name>',
    summary='Wait for an entity to reach a specified state.',
    details=(
        'The query is a condition on the fields of the entity: ==, !=, <, <=, >, >=, &&, ||, ! and the\n'
        'functions len(), startsWith(), endsWith() and forEach(list, item => condition).\n'
        'A model has applications, machines and units; an application has units and machines; a unit has\n'
        'machines; a machine has units. Every one has life and status.\n\n'
        'Without a query it waits until the model is available, the application or unit is active, or the\n'
        'machine is started. The state is read as it changes, without asking again and again.'
    ),
    examples=(
        'juju wait-for unit mysql/0',
        'juju wait-for application mysql --query=\'status=="active" && len(units) == 3\'',
        'juju wait-for model default --query=\'forEach(applications, app => app.status == "active")\'',
        'juju wait-for machine 0 --timeout 5m',
    ),
    flags=(
        flags.MODEL,
        Flag('query', 'What to wait for', value='QUERY'),
        Flag('summary', 'Say at the end what was seen (on unless --summary=false)'),
        Flag('timeout', 'How long to wait', value='DURATION', default='10m0s'),
    ),
    least=1,
    most=2,
    missing='nothing to wait for: name model, application, machine or unit',
    run=_wait_for,
)
