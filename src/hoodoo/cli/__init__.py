"""The command line: one file a command; `main` alone turns errors into messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

import click

from bedrock import errors
from hoodoo.cli import lazy

_COMMANDS = {
    'run': ('hoodoo.cli.commands.run', 'Run a spec.'),
    'check': ('hoodoo.cli.commands.check', 'Find every problem of a spec, change nothing.'),
    'plan': ('hoodoo.cli.commands.plan', 'Show what a run would change.'),
    'drift': ('hoodoo.cli.commands.drift', 'Show in what a model is not what its spec asks for.'),
    'runs': ('hoodoo.cli.commands.runs', 'List the runs that were made.'),
    'show': ('hoodoo.cli.commands.show', 'Show one run: its phases, their times, its log.'),
    'log': ('hoodoo.cli.commands.log', 'Print what a run said, while it runs if asked.'),
    'resume': ('hoodoo.cli.commands.resume', 'Go on with a run that did not get to its end.'),
    'cancel': ('hoodoo.cli.commands.cancel', 'End a run of another process.'),
    'wait': ('hoodoo.cli.commands.wait', 'Wait until a model is ready, whoever deployed it.'),
    'stages': ('hoodoo.cli.commands.stages', 'Show how the stages of a spec differ.'),
    'image': ('hoodoo.cli.commands.image', 'Build container images.'),
    'env': ('hoodoo.cli.commands.env', 'Find, connect to and look after environments.'),
    'audit': ('hoodoo.cli.commands.audit', 'Show who was connected where, why, and what they did.'),
    'ci': ('hoodoo.cli.commands.ci', 'Try revisions of a spec, each in a model of its own.'),
    'project-new': ('hoodoo.cli.commands.project_new', 'Make a project.'),
    'project-destroy': ('hoodoo.cli.commands.project_destroy', 'Remove a project.'),
    'project-list': ('hoodoo.cli.commands.project_list', 'List the projects.'),
    'workspace-new': ('hoodoo.cli.commands.workspace_new', 'Make a workspace and bring a spec into it.'),
    'workspace-destroy': ('hoodoo.cli.commands.workspace_destroy', 'Remove a workspace.'),
    'workspace-list': ('hoodoo.cli.commands.workspace_list', 'List the workspaces.'),
}

_SECTIONS = {
    'Many environments': ('env', 'audit', 'ci'),
    'Runs that were made': ('runs', 'show', 'log', 'resume', 'cancel'),
    'Projects and workspaces': (
        *('project-new', 'project-list', 'project-destroy'),
        *('workspace-new', 'workspace-list', 'workspace-destroy'),
    ),
}
"""Where the help lists which commands; others stand at its beginning."""

_PHASES = {
    'secrets': 'Copy what the operator keeps under LOCAL into the workspace.',
    'collect': 'Bring sources into the build directory and charms into the repository.',
    'builddeps': "Install packages that builds need into the project's container.",
    'build': 'Make things from what was collected, without the network.',
    'repo': 'Make the charm repository from what was collected.',
    'script': 'Run a program of the spec.',
    'deploy': 'Make the model what a bundle says.',
    'bundle': "Make the model what one of Juju's own bundles says.",
    'sleep': 'Wait a number of seconds.',
    'verify': 'Prove with programs of the spec that the service works.',
    'nagios-check': "Run every machine's NRPE checks and fail on a bad result.",
    'juju-check-wait': 'Wait until every unit of the model is ready.',
    'stop-on': 'Ask a program whether the rest of the manifest is needed.',
}

_HELP = """Define a service once, deploy it anywhere, prove that it works.

A spec is a directory with a manifest: one phase a line, from collecting charms to verifying the service.

\b
Examples:
  hoodoo run specs/archive-mirror --stage ci
  hoodoo plan specs/archive-mirror --stage ci
  hoodoo runs
  hoodoo log 12 --follow
  hoodoo resume 12

Exit codes: 0 done; 1 the work failed; 2 wrong usage or an invalid spec, nothing was changed;
3 no controller answers; 130 interrupted.
"""


class _Commands(lazy.LazyGroup):
    """Our commands, then the phases, each of which is one too."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_PHASES, *_foreign()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _PHASES or (cmd_name not in _COMMANDS and cmd_name in _foreign()):
            from hoodoo.cli.commands import phase  # with all that phases need

            return phase.find(cmd_name)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        grouped: dict[str, list[tuple[str, str]]] = {'Commands': []}
        for name, (_, text) in _COMMANDS.items():
            section = next((title for title, names in _SECTIONS.items() if name in names), 'Commands')
            grouped.setdefault(section, []).append((name, text))
        foreign = [(name, 'A phase of another package.') for name in _foreign()]
        grouped['Phases, each by itself'] = [*_PHASES.items(), *foreign]
        for section, rows in grouped.items():
            with formatter.section(section):
                formatter.write_dl(rows)


def _foreign() -> list[str]:
    """Names of phases that other packages bring."""
    import importlib.metadata  # most commands do without

    entries = importlib.metadata.entry_points(group='hoodoo.phases')
    return sorted({entry.name for entry in entries} - _PHASES.keys() - _COMMANDS.keys())


@click.group(
    cls=_Commands, commands_at=_COMMANDS, help=_HELP, context_settings={'help_option_names': ['-h', '--help']}
)
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
    import logging  # help does without it

    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format='%(levelname)s %(name)s: %(message)s' if debug else '%(levelname)s %(message)s',
        stream=sys.stderr,
    )
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
    except BrokenPipeError:
        # Whoever read has heard enough, as with "hoodoo log 12 | head". Nothing is left to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as err:  # the disk, not the spec: what cannot be read or written, whichever command met it
        if err.filename is None:
            raise
        click.echo(f'ERROR cannot use {err.filename}: {err.strerror}', err=True)
        click.echo(
            '  Mend the file or its permissions, or keep it elsewhere: MOJO_ROOT, XDG_STATE_HOME.', err=True
        )
        return 1
    finally:
        for number, handler in previous:
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End like Ctrl-C, and so do the programs that run for us: a thread may wait for one of them."""
    if 'bedrock.process' in sys.modules:  # else nothing was started
        from bedrock import process

        process.terminate_children()
    raise KeyboardInterrupt
