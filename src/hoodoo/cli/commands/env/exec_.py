"""``hoodoo env exec``."""

from __future__ import annotations

import os

import click

from bedrock import process
from hoodoo.cli import connecting
from hoodoo.fleet import guard_rules


@click.command('exec')
@connecting.options
@click.argument('argv', metavar='-- COMMAND...', nargs=-1, type=click.UNPROCESSED, required=True)
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    write: bool,
    reason: str,
    revision: str,
    no_spec: bool,
    argv: tuple[str, ...],
) -> None:
    """Run one command, connected to environment NAME as by "hoodoo env connect".

    \b
    Examples:
      hoodoo env exec archive-mirror/azure/japaneast/production -- juju status
      hoodoo env exec mirror/staging -- hoodoo plan
      hoodoo env exec mirror/staging --write --reason "ticket 4711" -- hoodoo run

    Exit codes: those of the command, 128 and more for the signal that ended it; 126 it cannot be run;
    127 there is no such program.
    """
    given = connecting.Given(name=name, write=write, reason=reason, revision=revision, no_spec=no_spec)
    program, *words = argv
    kept = guard_rules.shown(words, next(iter(words), ''))
    with connecting.entered(given, kind='exec', argv=(program, *kept)) as entered:
        session = entered.session
        found = connecting.program(program, session.env.get('PATH', os.defpath))
        if isinstance(found, int):
            why = 'there is no such program' if found == 127 else 'it is not executable'
            click.echo(f'ERROR cannot run "{program}" in {entered.environment.name}: {why}', err=True)
            session.status = found
        else:
            session.status = process.attached([found, *words], env=session.env, on_start=session.hold)
    ctx.exit(session.status)
