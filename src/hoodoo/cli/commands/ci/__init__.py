"""``hoodoo ci``: one file a command."""

from __future__ import annotations

import click

from hoodoo.cli import lazy

_COMMANDS: dict[str, tuple[str, str]] = {
    'run': ('hoodoo.cli.commands.ci.run', 'Try a revision of a spec in a model of its own.'),
    'list': ('hoodoo.cli.commands.ci.list_', 'List the attempts that were made.'),
    'watch': ('hoodoo.cli.commands.ci.watch', 'Try every new revision of some repositories.'),
    'history': ('hoodoo.cli.commands.ci.history', 'List the revisions that were watched.'),
    'reap': ('hoodoo.cli.commands.ci.reap', 'Remove the models that dead attempts left.'),
}


@click.group('ci', cls=lazy.LazyGroup, commands_at=_COMMANDS)
def command() -> None:
    """Deploy a revision of a spec into a model of its own and report.

    \b
    Examples:
      hoodoo ci run specs/archive-mirror
      hoodoo ci list
      hoodoo ci reap
    """
