"""juju remove-application, remove-unit, remove-machine: say what goes, ask if the model wants it, remove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bedrock import errors
from pocket.client import faults, flags, force, output, shape, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Removal:
    """One kind of thing to remove."""

    kind: str
    names: Sequence[str]
    facade: str
    request: str

    def params(self, given: Given, *, dry_run: bool) -> Json:
        """The request's parameters."""
        forced = force.params(given)
        if self.kind == 'machine':
            tags = [values.machine_tag(name) for name in self.names]
            keep = given.on('keep-instance')
            return {'machine-tags': tags, 'keep': keep, 'dry-run': dry_run, **forced}
        shared: Json = {'destroy-storage': given.on('destroy-storage'), 'dry-run': dry_run, **forced}
        if self.kind == 'unit':
            return {'units': [{'unit-tag': values.unit_tag(name), **shared} for name in self.names]}
        return {'applications': [{'application-tag': f'application-{name}', **shared} for name in self.names]}


def _remove_application(ctx: Context, given: Given) -> int:
    removal = _Removal(
        kind='application', names=given.args, facade='Application', request='DestroyApplication'
    )
    return _remove(ctx, given, removal)


def _remove_unit(ctx: Context, given: Given) -> int:
    if ctx.target(given).model.type == 'caas':
        return _scale_down(ctx, given)
    if given.was_given('num-units'):
        raise faults.WrongUsage('--num-units for non k8s models not valid')
    names = [values.require_unit(name) for name in given.args]
    return _remove(
        ctx, given, _Removal(kind='unit', names=names, facade='Application', request='DestroyUnit')
    )


def _remove_machine(ctx: Context, given: Given) -> int:
    for name in given.args:
        if not values.is_machine(name):
            raise faults.WrongUsage(f'invalid machine id "{name}"')
    removal = _Removal(
        kind='machine',
        names=given.args,
        facade='MachineManager',
        request='DestroyMachineWithParams',
    )
    return _remove(ctx, given, removal)


def _remove(ctx: Context, given: Given, removal: _Removal) -> int:
    force.params(given)  # what is wrong with the flags is said before anything is asked
    if given.on('dry-run') or not given.on('no-prompt'):
        with ctx.session(given) as session:
            asks = given.on('dry-run') or _wants_prompt(session)
            code = _call(ctx, given, session, removal, dry_run=True) if asks else 0
        if given.on('dry-run') or code:
            return code
        # The question is asked between two connections: an answer may take longer than one lives.
        if asks and not ctx.confirm('\nContinue'):
            raise errors.Fault(f'{removal.kind} removal: aborted')
    else:
        asks = False
    with ctx.session(given) as session:
        return _call(ctx, given, session, removal, dry_run=False, tell=not asks)


def _call(
    ctx: Context, given: Given, session: Session, removal: _Removal, *, dry_run: bool, tell: bool = True
) -> int:
    answer = session.call(removal.facade, removal.request, removal.params(given, dry_run=dry_run))
    code = 0
    for name, result in zip(removal.names, answer.get('results') or (), strict=False):
        if result.get('error'):
            ctx.error(f'removing {removal.kind} {name} failed: {result["error"].get("message")}')
            code = 1
        elif tell:
            for line in _told(removal.kind, name, result.get('info') or {}):
                ctx.out(line)
    return code


def _told(kind: str, name: str, info: Mapping[str, Any]) -> list[str]:
    """What goes with the thing called *name*."""
    lines = [f'will remove {kind} {name}']
    for key, what in (
        ('destroyed-units', 'will remove unit'),
        ('destroyed-storage', 'will remove storage'),
        ('detached-storage', 'will detach storage'),
    ):
        lines.extend(f'- {what} {_name(found["tag"])}' for found in info.get(key) or ())
    return lines


def _name(tag: str) -> str:
    return '/'.join(tag.partition('-')[2].rpartition('-')[::2])


def _wants_prompt(session: Session) -> bool:
    config: Json = session.call('ModelConfig', 'ModelGet').get('config') or {}
    return 'requires-prompts' in str(shape.mapping(config.get('mode')).get('value') or '')


def _scale_down(ctx: Context, given: Given) -> int:
    if given.on('destroy-storage'):
        raise faults.WrongUsage('k8s models only support --num-units')
    name, *others = given.args
    if others:
        raise faults.WrongUsage('only single application supported')
    count = given.number('num-units')
    if values.is_unit(name):
        raise faults.WrongUsage(
            'k8s models do not support removing named units.'
            '\nInstead specify an application with --num-units.'
        )
    if count < 1:
        raise faults.WrongUsage(f'removing {count} units not valid')
    change = {'application-tag': f'application-{name}', 'scale': 0, 'scale-change': -count}
    with ctx.session(given) as session:
        answer = session.call('Application', 'ScaleApplications', {'applications': [change]})
    failed = output.item_errors(ctx, answer.get('results'))
    if not failed:
        (result,) = shape.objects(answer.get('results'))
        scaled = shape.mapping(result.get('info'))
        ctx.info(f'scaling down to {scaled.get("num-units")} units')
    return failed


_SHARED = (
    flags.MODEL,
    Flag('dry-run', 'Say what would be removed, and remove nothing'),
    Flag('force', 'Remove it even if its hooks fail'),
    Flag('no-prompt', 'Ask nothing'),
    force.NO_WAIT,
)
_STORAGE = Flag('destroy-storage', 'Destroy its storage too')

REMOVE_APPLICATION = flags.Command(
    name='remove-application',
    usage='<application> [...]',
    summary='Remove applications, with their units.',
    examples=('juju remove-application mysql', 'juju remove-application mysql --force --no-prompt'),
    flags=(*_SHARED, _STORAGE),
    least=1,
    missing='no application specified',
    run=_remove_application,
)

REMOVE_UNIT = flags.Command(
    name='remove-unit',
    usage='<unit> [...]',
    summary='Remove units.',
    details='In a Kubernetes model, name applications and the number of units with --num-units.',
    examples=('juju remove-unit mysql/1', 'juju remove-unit mysql/1 mysql/2 --no-prompt'),
    flags=(*_SHARED, _STORAGE, Flag('num-units', 'Kubernetes: number of units', value='N', default='0')),
    least=1,
    missing='no units specified',
    run=_remove_unit,
)

REMOVE_MACHINE = flags.Command(
    name='remove-machine',
    machines_only=True,
    usage='<machine> [...]',
    summary='Remove machines.',
    examples=('juju remove-machine 5', 'juju remove-machine 6 --force --no-prompt'),
    flags=(*_SHARED, Flag('keep-instance', "Keep the cloud's instance running")),
    least=1,
    missing='no machines specified',
    run=_remove_machine,
)
