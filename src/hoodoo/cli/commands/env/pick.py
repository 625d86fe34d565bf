"""``hoodoo env pick``, and the bare ``hoodoo env``."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from bedrock import errors
from hoodoo.cli import common, envs

if TYPE_CHECKING:
    from hoodoo.cli import picker
    from hoodoo.inventory import index

_LONGEST = 200
"""So many entries of a list are worth reading; who wants others types more."""


@click.command('pick')
@click.argument('words', nargs=-1)
@click.option('--print', 'only_print', is_flag=True, help='Print its name instead of connecting to it.')
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], only_print: bool) -> None:
    """Pick an environment from a list that gets shorter while you type, and connect to it.

    WORDS are typed already. It understands what "hoodoo env find" does. Arrows, ctrl-n, ctrl-p and the page
    keys move, enter picks, tab shows details, escape and ctrl-c leave.

    \b
    Examples:
      hoodoo env pick
      hoodoo env pick mirror tokyo
      hoodoo env status "$(hoodoo env pick --print)"
    """
    if not _has_terminal(only_print):
        raise errors.UsageFault(
            'cannot let you pick an environment without a terminal', hint='Use "hoodoo env find WORDS".'
        )
    assert ctx.parent is not None
    _run(ctx.parent, ' '.join(words), only_print=only_print)


def from_group(ctx: click.Context) -> None:
    """The bare ``hoodoo env``: the same on a terminal, help elsewhere."""
    if _has_terminal(only_print=False):
        _run(ctx, '', only_print=False)
    else:
        click.echo(ctx.get_help())


def _has_terminal(only_print: bool) -> bool:
    """Whether somebody sits there: a name that is printed may go to a program."""
    if os.environ.get('TERM', 'dumb') == 'dumb' or not sys.stdin.isatty():
        return False
    return only_print or sys.stdout.isatty()


def _run(ctx: click.Context, text: str, *, only_print: bool) -> None:
    assert isinstance(ctx.command, click.Group)
    known = ctx.command.list_commands(ctx)
    then = 'print' if only_print else 'connect' if 'connect' in known else 'show'
    with envs.opened_index() as opened:
        name = _picked(opened, text, then)
    if name is None:
        ctx.exit(130)
    if only_print:
        click.echo(name)
        return
    command = ctx.command.get_command(ctx, then)
    assert command is not None
    ctx.invoke(command, name=name)


def _picked(opened: index.Index, text: str, then: str) -> str | None:
    from hoodoo.cli import keyboard, picker  # without a terminal there is no need

    source = _Environments(opened)
    if not source.total:
        raise errors.Fault(
            'cannot pick: the inventory is empty', hint='"hoodoo env add" adds an environment.'
        )
    try:
        with keyboard.opened() as terminal:
            colour = 'NO_COLOR' not in os.environ
            return picker.pick(terminal, source, text, colour=colour, action=then)
    except OSError as err:
        raise errors.UsageFault('cannot use the terminal /dev/tty') from err


class _Environments:
    """Environments as the picker's entries."""

    def __init__(self, opened: index.Index) -> None:
        self._index = opened
        self._all = opened.names()
        self.total = len(self._all)
        self.describe = functools.lru_cache(maxsize=1024)(self._describe)

    def find(self, text: str) -> Sequence[str]:
        if not text.strip():
            return self._all
        return [hit.environment.name for hit in self._index.find(text, _LONGEST)]

    def _describe(self, name: str) -> picker.Shown:
        from hoodoo.cli import picker

        one = self._index.get(name)
        if one is None:  # another process has read a newer inventory since
            return picker.Shown(name=name, note='is no more', warn=True, details=())
        state = self._index.state(name)
        ended = f' at {common.moment(state.run_ms)}' if state.run_ms else ''
        details = {
            'service': one.service,
            'controller': one.controller,
            'model': one.model,
            'state': ': '.join(filter(None, (state.health.value, state.why))),
            'seen': common.moment(state.seen_ms) if state.seen_ms else 'never',
            'drift': '' if state.drift is None else str(state.drift),
            'last run': f'{state.run} {state.run_outcome}{ended}' if state.run else '',
            'deployed': state.revision,
            'spec': ' at '.join(filter(None, (one.spec, one.revision))),
            'DNS': ' '.join(one.dns),
            'runbook': one.runbook,
            'owners': ' '.join(one.owners),
            'labels': ' '.join(f'{key}={value}' for key, value in one.labels.items()),
        }
        note = ' '.join(filter(None, ('PRODUCTION' if one.production else '', state.health.value)))
        told = tuple((label, value) for label, value in details.items() if value)
        return picker.Shown(name=name, note=note, warn=one.production, details=told)
