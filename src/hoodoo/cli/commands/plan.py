"""``hoodoo plan``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.bundle.planning import steps
from hoodoo.cli import options, seeing
from hoodoo.review import preview, request

_NEW = (steps.AddMachine, steps.Deploy, steps.AddUnits, steps.Scale, steps.Integrate)
_KINDS: dict[type[Any], str] = {
    steps.AddMachine: 'add-machine',
    steps.Refresh: 'refresh',
    steps.Attach: 'attach',
    steps.SetOptions: 'set-options',
    steps.SetConstraints: 'set-constraints',
    steps.Trust: 'trust',
    steps.Deploy: 'deploy',
    steps.AddUnits: 'add-units',
    steps.Scale: 'scale',
    steps.Annotate: 'annotate',
    steps.Retry: 'retry',
    steps.Integrate: 'integrate',
    steps.Consume: 'consume',
    steps.Offer: 'offer',
    steps.Expose: 'expose',
    steps.Unexpose: 'unexpose',
}


@click.command('plan')
@options.which_run
@click.option('--values', is_flag=True, help='Show old and new values of options that are no secrets.')
@click.option('--format', 'form', type=click.Choice(['text', 'json']), default='text', show_default=True)
def command(values: bool, form: str, **given: str) -> None:
    """Show what a run of SPEC would change in its model, and change nothing.

    The deploy and bundle lines of the manifest are carried out on paper, one after the other. A run does
    the same steps. What scripts would do cannot be told.

    \b
    Exit codes: 0 nothing to do; 2 there are changes; 1 and 3 as usual.

    \b
    Examples:
      hoodoo plan specs/archive-mirror --stage ci
      hoodoo plan specs/archive-mirror --stage ci --values
      hoodoo plan specs/archive-mirror --stage production --model aws:mirror --format json
    """
    with seeing.sight(request.Given(**given)) as found:
        made = preview.preview(found.lines, found.juju, found.memory)
        if form == 'json':
            click.echo(json.dumps(_json(made, values=values)))
        else:
            _show(made, found.default_model, values=values)
    if made.problems:
        raise errors.Fault('cannot carry out the plan: ' + '\n'.join(made.problems))
    if made.steps:
        click.get_current_context().exit(2)


def _json(made: preview.Preview, *, values: bool) -> dict[str, Any]:
    return {
        'model': made.model or None,
        'changes': len(made.steps),
        'lines': [
            {
                'line': line.title,
                'steps': [_step(step, line, values=values) for step in line.plan.steps],
                'remarks': list(line.plan.remarks),
            }
            for line in made.lines
        ],
        'notes': list(made.notes),
        'problems': list(made.problems),
    }


def _step(step: steps.Step, line: preview.Line, *, values: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        'kind': _KINDS[type(step)],
        'subject': steps.subject(step) or None,
        'text': str(step),
    }
    if isinstance(step, steps.SetOptions):
        row['options'] = list(step.options)
        if values:
            changes = preview.option_changes(step, line, values=True)
            row['values'] = {key: {'old': old, 'new': new} for key, (old, new) in changes.items()}
    return row


def _show(made: preview.Preview, name: str, *, values: bool) -> None:
    from rich import console, text

    out = console.Console(highlight=False, soft_wrap=True)
    out.print(f'model {made.model}' if made.model else f'model {name} does not exist yet: everything is new')
    for subject, entries in _groups(made).items():
        out.print()
        out.print(text.Text(subject, style='bold'))
        for step, line in entries:
            new = isinstance(step, _NEW)
            out.print(text.Text(f'  {"+" if new else "~"} {step}', style='green' if new else 'yellow'))
            if values and isinstance(step, steps.SetOptions):
                for words in _values(step, line):
                    out.print(text.Text(words))
    for title, entries in (('Left as it is', made.remarks), ('Not known', made.notes)):
        if entries:
            out.print()
            out.print(text.Text(f'{title}:', style='dim'))
            for entry in entries:
                out.print(text.Text(f'  {entry}', style='dim'))
    out.print()
    count = len(made.steps)
    out.print(wording.counted(count, 'change') if count else 'nothing to do')


def _groups(made: preview.Preview) -> dict[str, list[tuple[steps.Step, preview.Line]]]:
    """The steps by application; machines before, relations after."""
    groups: dict[str, list[tuple[steps.Step, preview.Line]]] = {'machines': []}
    last: list[tuple[steps.Step, preview.Line]] = []
    for line in made.lines:
        for step in line.plan.steps:
            if isinstance(step, steps.Integrate):
                last.append((step, line))
            else:
                groups.setdefault(steps.subject(step) or 'machines', []).append((step, line))
    return {name: entries for name, entries in {**groups, 'relations': last}.items() if entries}


def _values(step: steps.SetOptions, line: preview.Line) -> Iterator[str]:
    for key, (old, new) in preview.option_changes(step, line, values=True).items():
        yield f'      {key}: {_short(old)} -> {_short(new)}'


def _short(value: str) -> str:
    first, newline, _ = value.partition('\n')
    return f'{first} ...' if newline else (value or '(nothing)')
