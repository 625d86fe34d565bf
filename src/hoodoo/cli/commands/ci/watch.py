"""``hoodoo ci watch``."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.ci.watch import history, reading, telling, watching
from hoodoo.cli import common
from hoodoo.runner import locks


@click.command('watch')
@click.argument('config', type=click.Path(dir_okay=False, path_type=Path))
@click.option('--check', is_flag=True, help='Only say what is wrong with CONFIG.')
@click.option('--once', is_flag=True, help='Ask each repository once, try what is new, and end.')
@click.pass_context
def command(ctx: click.Context, config: Path, check: bool, once: bool) -> None:
    """Try every new revision of the specs that CONFIG names, each once, several at a time, newest first.

    A revision is new when a branch has moved and a configured path has changed; of a branch that is seen for
    the first time it is the head. Killed at any moment, the next watcher goes on where this one was.

    Ctrl-C and SIGTERM end the attempts that are under way and wait for them; they are tried again later.
    Once more kills them. One watcher works in a state directory at a time.

    \b
    Examples:
      hoodoo ci watch ci.yaml
      hoodoo ci watch ci.yaml --check
      hoodoo ci watch ci.yaml --once
      hoodoo ci history

    Exit codes: 0 well, and --once: all passed; 1 --once: a revision did not pass; 2 CONFIG is wrong;
    3 --once: a repository or a controller does not answer, or not to the end; 130 interrupted.
    """
    read = reading.load(config)
    telling.check(read.targets)
    if check:
        specs = sum(len(one.specs) for one in read.repositories)
        click.echo(f'{config}: {wording.counted(specs, "spec")}, no problems')
        return
    settings = common.settings()
    settings.refuse_connected('watch repositories')
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locks.held(settings.state / 'ci' / 'watch.lock', 'the watcher'))
        except locks.BusyFault:
            raise errors.Fault(
                f'cannot watch: another watcher works in {settings.state}',
                hint='One watches any number of repositories; another XDG_STATE_HOME is another place.',
            ) from None
        kept = stack.enter_context(contextlib.closing(history.History(settings.state / 'ci.db')))
        watcher = watching.Watcher(
            read,
            settings=settings,
            kept=kept,
            program=(sys.executable, '-m', 'hoodoo', '--mojo-root', str(settings.root)),
            told=click.echo,
            once=once,
        )
        code = asyncio.run(watcher.run())
    ctx.exit(code)
