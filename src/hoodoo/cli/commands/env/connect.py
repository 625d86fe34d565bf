"""``hoodoo env connect``."""

from __future__ import annotations

import time

import click

from bedrock import process
from hoodoo.cli import connecting
from hoodoo.fleet import entry, shell, shell_prompt


@click.command('connect')
@connecting.options
@click.pass_context
def command(ctx: click.Context, name: str, write: bool, reason: str, revision: str, no_spec: bool) -> None:
    """Open a shell ($SHELL) that is connected to environment NAME.

    It has Juju client files of its own, with NAME's controller alone, so that no other shell moves it and it
    moves none. JUJU_ and MOJO_ variables are set, and the workspace holds the spec as it is deployed. Unless
    it is raised with --write, commands of juju and hoodoo that change something are refused. Who, when, why
    and each juju command are kept: see "hoodoo audit".

    \b
    Examples:
      hoodoo env connect archive-mirror/azure/japaneast/production
      hoodoo env connect mirror/staging --write --reason "ticket 4711: more units"
      hoodoo env connect mirror/staging --revision v13

    Exit codes: those of the shell.
    """
    given = connecting.Given(name=name, write=write, reason=reason, revision=revision, no_spec=no_spec)
    with connecting.entered(given, kind='connect') as entered:
        session, environment = entered.session, entered.environment
        env = session.env
        colours = shell_prompt.colourful(env)
        prompt = shell_prompt.Prompt(
            environment=environment.name, production=environment.production, write=write, colours=colours
        )
        client = session.client
        if entered.outer is not None:
            mode = '' if entered.outer.mode == 'write' else ', read-only'
            click.echo(
                f'You are in {entered.outer.environment}{mode} already: "exit" leads back there.', err=True
            )
        click.echo(prompt.plain(), err=True)
        for line in entry.lines(
            environment,
            entered.state,
            model=f'{client.controller}:{client.model}',
            account=client.user,
            place=session.checkout,
            write=write,
            reason=entered.reason,
            ago=_ago,
        ):
            click.echo(line, err=True)
        again = {key: env[key] for key in env if key.startswith(('JUJU_', 'MOJO_'))}
        start = shell.start(
            shell.chosen(env),
            folder=client.folder / 'rc',
            env=env,
            prompt=prompt,
            first=session.bin,
            again=again,
        )
        session.status = process.attached(start.argv, env=start.env, on_start=session.hold)
        connecting.take_back_terminal()
        click.echo(f'left {environment.name}', err=True)
    ctx.exit(session.status)


def _ago(at_ms: int) -> str:
    seconds = max(0, time.time_ns() // 1_000_000 - at_ms) // 1000
    for size, unit in ((86_400, 'd'), (3_600, 'h'), (60, 'min')):
        if seconds >= size:
            return f'{seconds // size} {unit} ago'
    return f'{seconds} s ago'
