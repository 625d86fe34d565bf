"""The command line: one file a command; `main` alone turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import logging
import signal
import sys
from types import FrameType

import click

from bedrock import errors, process

_COMMANDS = {
    'run': ('hoodoo.cli.run', 'Run a spec.'),
    'plan': ('hoodoo.cli.plan', 'Show what a run would change.'),
    'drift': ('hoodoo.cli.drift', 'Show in what a model is not what its spec asks for.'),
    'runs': ('hoodoo.cli.runs', 'List the runs that were made.'),
    'show': ('hoodoo.cli.show', 'Show one run: its phases, their times, its log.'),
    'wait': ('hoodoo.cli.wait', 'Wait until a model is ready, whoever deployed it.'),
    'stages': ('hoodoo.cli.stages', 'Show how the stages of a spec differ.'),
    'project-new': ('hoodoo.cli.project_new', 'Make a project.'),
    'project-destroy': ('hoodoo.cli.project_destroy', 'Remove a project.'),
    'project-list': ('hoodoo.cli.project_list', 'List the projects.'),
    'workspace-new': ('hoodoo.cli.workspace_new', 'Make a workspace and bring a spec into it.'),
    'workspace-destroy': ('hoodoo.cli.workspace_destroy', 'Remove a workspace.'),
    'workspace-list': ('hoodoo.cli.workspace_list', 'List the workspaces.'),
}

_HELP = """Define a service once, deploy it anywhere, prove that it works.

A spec is a directory with a manifest: one phase a line, from collecting charms to verifying the service.

\b
Examples:
  hoodoo run specs/archive-mirror --stage ci
  hoodoo plan specs/archive-mirror --stage ci
  hoodoo runs
  hoodoo show 12 --log

Exit codes: 0 done; 1 the work failed; 2 wrong usage or an invalid spec, nothing was changed;
3 no controller answers; 130 interrupted.
"""


class _Lazy(click.Group):
    """Imports a command when it is used, so that help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith('-'):
            from hoodoo import wording  # only a mistake pays for its import

            raise click.UsageError(f'No such command "{args[0]}". {wording.guess(args[0], _COMMANDS)}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section('Commands'):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Lazy, help=_HELP, context_settings={'help_option_names': ['-h', '--help']})
@click.option(
    '-r', '--mojo-root', metavar='DIR', help='Where projects and the journal are; default $MOJO_ROOT.'
)
@click.option('--offline', is_flag=True, help='Use what was fetched before; default $HOODOO_OFFLINE.')
@click.option('--break_everything', is_flag=True, help='Accepted as Mojo did; has no effect.')
@click.option('--debug', is_flag=True, help='Log every program that is started.')
@click.version_option(package_name='hoodoo')
@click.pass_context
def _group(
    ctx: click.Context, mojo_root: str | None, offline: bool, break_everything: bool, debug: bool
) -> None:
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, stream=sys.stderr)
    # It logs whole messages, of which the first holds the controller's password.
    logging.getLogger('websockets').setLevel(logging.INFO)
    ctx.obj = mojo_root or ''
    ctx.meta['hoodoo.offline'] = offline


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(invoke(argv))


def invoke(argv: list[str] | None = None) -> int:
    """Run the command line *argv* (default: this process's) and return its exit code."""
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = [(number, signal.signal(number, _interrupt)) for number in signals]
    try:
        # What ctx.exit was told; commands themselves return nothing.
        code: object = _group.main(args=argv, prog_name='hoodoo', standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as err:
        err.show()
        return err.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo('interrupted', err=True)
        return 130
    except errors.Fault as err:
        click.echo(errors.render(err), err=True)
        return next((f.exit_code for f in errors.chain(err) if isinstance(f, errors.Fault)), 1)
    finally:
        for number, handler in previous:
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End like Ctrl-C, and so do the programs that run for us: a thread may wait for one of them."""
    process.terminate_children()
    raise KeyboardInterrupt
