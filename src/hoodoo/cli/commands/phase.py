"""A phase as a command of its own: ``hoodoo deploy config=services``, made from the phase's options."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import click

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.cli import common as shared
from hoodoo.cli.commands import run
from hoodoo.phases import base, described, registry
from hoodoo.projects import layout
from hoodoo.review import request
from hoodoo.spec import manifest

_PLACES = ('spec', 'workspace', 'project', 'series', 'stage', 'model')


def find(name: str) -> click.Command | None:
    """The command for the phase called *name*; None when there is no such phase."""
    phase = registry.phases().get(name)
    return None if phase is None else _command(phase)


def line(phase: str, words: tuple[str, ...], values: dict[str, str]) -> str:
    """The manifest line of a command: ``KEY=VALUE`` words, then what was given as options.

    Raises:
        UsageFault: a word is not of that form, or holds a line break.
    """
    pairs: list[tuple[str, str]] = []
    for word in words:
        key, equals, value = word.partition('=')
        if not equals or not key:
            raise errors.UsageFault(
                f'cannot read "{word}": it is not of the form KEY=VALUE',
                hint='Name the spec with --spec, the workspace with --workspace.',
            )
        pairs.append((key, value))
    pairs += values.items()
    options = tuple(manifest.Option(key=key, value=value) for key, value in pairs)
    call = manifest.PhaseCall(phase=phase, options=options)
    try:
        return manifest.render(manifest.Manifest(file='', calls=(call,))).strip()
    except ValueError as err:
        raise errors.UsageFault(f'cannot run {phase}: {err}') from err


def _command(phase: base.Phase) -> click.Command:
    usual = list(_usual())
    taken = {parameter.name for parameter in usual} | {'words'}
    # An option of the phase that is called like one of ours can still be written KEY=VALUE.
    fields = [option for option in described.options(phase) if option.name not in taken]

    def call(words: tuple[str, ...], only_check: bool, form: str, **given: Any) -> None:
        places = {name: given.pop(name) for name in _PLACES}
        values = {field.key: given[field.name] for field in fields if given.get(field.name) is not None}
        text = line(phase.name, words, values)
        loaded = shared.settings()
        if not places['spec'] and not loaded.spec:
            places['spec'] = _spec(places, loaded)
        run.execute(request.Given(**places, line=text), only_check=only_check, form=form)

    return click.Command(
        phase.name,
        callback=call,
        params=[*_own(fields), *usual, click.Argument(['words'], nargs=-1, metavar='[KEY=VALUE]...')],
        help=_help(phase),
        short_help=described.summary(phase),
    )


def _own(fields: list[described.Option]) -> Iterator[click.Option]:
    for field in fields:
        yield click.Option(
            [f'--{field.key}', field.name], metavar=field.metavar, default=None, help=field.help
        )


def _usual() -> list[click.Option]:
    return [
        click.Option(['--spec'], default='', help='Default $MOJO_SPEC, else that of the workspace.'),
        click.Option(['--stage'], default='', help='Default $MOJO_STAGE.'),
        click.Option(['--project'], default='', help='Default $MOJO_PROJECT, else the name of the spec.'),
        click.Option(['-s', '--series'], default='', help='Default $MOJO_SERIES, else noble.'),
        click.Option(['--workspace'], default='', help='Default $MOJO_WORKSPACE, else the stage.'),
        click.Option(
            ['--model'],
            default='',
            metavar='[CONTROLLER:]MODEL',
            help='Default $JUJU_MODEL, else SPEC-STAGE.',
        ),
        click.Option(['--check', 'only_check'], is_flag=True, help='Find every problem, change nothing.'),
        click.Option(
            ['--format', 'form'], type=click.Choice(['text', 'json']), default='text', show_default=True
        ),
    ]


def _help(phase: base.Phase) -> str:
    example = next(iter(dataclasses.fields(phase.own)), None)
    option = f' {example.name.replace("_", "-")}=...' if example else ''
    return (
        f'{described.summary(phase)}\n\n'
        'This is one line of a manifest. Options may be written as there, KEY=VALUE, or as listed below. '
        'A workspace that is there is used as it is: its copy of the spec may have been edited by scripts, '
        'and "hoodoo run" is what makes a fresh one.\n\n'
        f'\b\nExamples:\n  hoodoo {phase.name} --spec specs/archive-mirror --stage ci{option}\n'
        f'  hoodoo {phase.name} --project archive-mirror --workspace ci --stage ci{option}'
    )


def _spec(places: dict[str, str], loaded: settings_module.Settings) -> str:
    """The spec that the named workspace was made for.

    Raises:
        UsageFault: none is named, or it is not there.
    """
    project = places['project'] or loaded.project
    series = places['series'] or loaded.series or settings_module.DEFAULT_SERIES
    stage = places['stage'] or loaded.stage
    name = places['workspace'] or loaded.workspace or stage.replace('/', '-')
    if not project or not name:
        raise errors.UsageFault(
            'cannot run: no spec is named',
            hint='Name it with --spec or MOJO_SPEC, or a workspace with --project and --workspace.',
        )
    space = layout.Workspace(project=layout.Project(root=loaded.root, name=project, series=series), name=name)
    try:
        return space.facts()['spec']
    except (OSError, ValueError, KeyError):
        known = [other.name for other in layout.workspaces(space.project)]
    raise errors.UsageFault(
        f'cannot find workspace {space.path}',
        hint=f'{wording.guess(name, known)} Name a spec with --spec to make it.'.strip(),
    )
