"""Commands that carry on from where a run ended, for people to paste."""

from __future__ import annotations

import shlex

from hoodoo import settings as settings_module
from hoodoo.review import request
from hoodoo.spec import manifest


def commands(
    number: int,
    asked: request.Request,
    failed: manifest.PhaseCall | None,
    settings: settings_module.Settings,
) -> tuple[str, ...]:
    """What to type after run *number* did not get to its end: go on with it, or repeat just what *failed*."""
    program = ['hoodoo']
    if settings.root != settings_module.load(settings.environ).root:
        program += ['--mojo-root', str(settings.root)]
    found = () if asked.line else (shlex.join([*program, 'resume', str(number)]),)
    return (*found, shlex.join([*program, *_phase(asked, failed, settings)])) if failed else found


def _phase(asked: request.Request, call: manifest.PhaseCall, settings: settings_module.Settings) -> list[str]:
    space = asked.workspace
    words = [call.phase]
    for flag, value in (
        ('--stage', asked.stage),
        ('--project', space.project.name),
        ('--series', space.project.series),
        ('--workspace', space.name),
        ('--model', asked.model if asked.model != settings.model else ''),
    ):
        words += [flag, value] if value else []
    return [*words, *(f'{option.key}={option.value}' for option in call.options)]
