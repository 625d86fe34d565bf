"""The command line's frame: the group of commands and the one place where errors are shown."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from bedrock import errors

_INTERRUPTED = 130
_COMMANDS = ('up', 'status', 'env', 'down', 'cloud', 'image', 'kubeconfig', 'clean')
"""Each is the object of the same name in the module of the same name."""


class _Lazy(click.Group):
    """Imports the module of a command when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, 'juju']

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == 'juju':
            return _juju
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = getattr(importlib.import_module(f'pocket.cli.{cmd_name}'), cmd_name)
        return found


@click.group(cls=_Lazy, context_settings={'help_option_names': ['-h', '--help'], 'max_content_width': 100})
@click.version_option(package_name='hoodoo', prog_name='pocket')
def pocket() -> None:
    """A Juju controller for one Linux machine: real charms on real machines, no cloud, no set-up.

    \b
    Example:
      sudo pocket up
      eval "$(pocket env)"
      juju add-model test
      juju deploy ./haproxy.charm

    `pocket juju COMMAND` is the same as `juju COMMAND` of `pocket env`.

    POCKET_HOME (default /var/lib/pocket) is where it keeps everything; another home is another controller.
    """


@click.command(
    'juju',
    add_help_option=False,
    context_settings={'ignore_unknown_options': True, 'allow_extra_args': True},
)
def _juju() -> None:
    """Run a juju command.

    \b
    Example:
      pocket juju status
    """
    raise AssertionError('`pocket juju` is handled before click is loaded')


def run(argv: Sequence[str]) -> int:
    """Run one command line: 0 done, 1 failed, 2 wrong usage, 3 no daemon, 130 interrupted."""
    try:
        code: object = pocket.main(list(argv), prog_name='pocket', standalone_mode=False)
    except errors.Fault as err:
        click.echo(errors.render(err), err=True)
        return err.exit_code
    except PermissionError as err:
        refused = errors.Fault(f'cannot open {err.filename}: {err.strerror}', hint='Run it with sudo.')
        click.echo(errors.render(refused), err=True)
        return refused.exit_code
    except click.ClickException as err:
        err.show()
        return err.exit_code
    except click.Abort:
        return _INTERRUPTED
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code if isinstance(code, int) else 0
