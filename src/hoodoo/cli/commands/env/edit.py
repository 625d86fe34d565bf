"""``hoodoo env edit``."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

import click

from bedrock import errors, process
from hoodoo import settings as settings_module
from hoodoo.cli import changing, common
from hoodoo.inventory import assigning, reading, selecting, writing

_TAKES_LINE = frozenset(
    {'vi', 'vim', 'nvim', 'nano', 'emacs', 'emacsclient', 'joe', 'jed', 'ed', 'kak', 'micro'}
)
_DEFAULT = 'editor'
"""What Debian calls the editor that its administrator chose."""


@click.command('edit')
@click.argument('name', default='')
@click.option(
    '--set', 'sets', multiple=True, metavar='KEY=VALUE', help='Say it without an editor; labels.KEY, too.'
)
@click.option('--unset', multiple=True, metavar='KEY', help='No longer say it, so that defaults hold.')
@changing.dry_run_option
def command(name: str, sets: tuple[str, ...], unset: tuple[str, ...], dry_run: bool) -> None:
    """Change what the inventory says of environment NAME, in $VISUAL or $EDITOR.

    A copy of its file is opened at its line. The file is replaced when the whole inventory has no problem
    with it; otherwise the editor opens again, or everything stays as it was.

    An inventory with problems cannot tell where NAME is: then NAME is the file with a problem.

    \b
    Examples:
      hoodoo env edit archive-mirror/azure/japaneast/production
      hoodoo env edit archive-mirror/azure/japaneast/production --set revision=v13 --set labels.tier=back
      hoodoo env edit archive-mirror/azure/japaneast/production --unset revision --dry-run
    """
    settings = common.settings()
    folder = settings.inventory
    if sets or unset:
        name = selecting.the_one(reading.load(folder), name).name
        keys = [assigning.known(key) for key in unset]
        change = writing.edited(folder, name, assigning.parsed(sets), keys)
    else:
        path, line = _place(folder, name)
        change = _by_editor(settings, path, line)
    changing.carry_out(change, folder, dry_run=dry_run)


def _place(folder: Path, name: str) -> tuple[Path, int]:
    inventory = reading.read(folder)
    direct = folder / name
    if name and direct.is_file():
        line = next((one.line for one in inventory.problems if one.file == str(direct)), 1)
        return direct, line
    if inventory.problems and not name:
        return Path(inventory.problems[0].file), inventory.problems[0].line
    if not name:
        raise errors.UsageFault(
            'cannot edit: no environment is named', hint='List all with "hoodoo env list".'
        )
    place = selecting.the_one(inventory.environments(), name).place
    return place.file, place.line


def _by_editor(settings: settings_module.Settings, path: Path, line: int) -> writing.Change:
    """What a person makes of the file *path*, once the inventory has no problem with it."""
    before = writing.text_of(path)
    with tempfile.TemporaryDirectory(prefix='hoodoo-edit-') as scratch:
        copy = Path(scratch, path.name)
        writing.put_text(copy, before)
        while True:
            _open(settings, copy, line)
            change = writing.Change(path=path, before=before, after=writing.text_of(copy))
            if change.after == before:
                return change
            try:
                writing.check(settings.inventory, change)
            except errors.Problems as err:
                click.echo(errors.render(err), err=True)
                if not sys.stdin.isatty() or not click.confirm('Edit it again?', default=True, err=True):
                    raise errors.UsageFault('cannot take over what was edited: nothing was changed') from None
                line = next((one.line for one in err.problems if one.file == str(path)), line)
            else:
                return change


def _open(settings: settings_module.Settings, path: Path, line: int) -> None:
    environ = settings.environ
    words = shlex.split(environ.get('VISUAL') or environ.get('EDITOR') or _DEFAULT)
    if not words:
        raise errors.UsageFault('cannot open an editor: none is named', hint='Set EDITOR.')
    editor = Path(words[0]).name
    if editor in {*_TAKES_LINE, _DEFAULT} and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise errors.UsageFault(
            f'cannot open "{editor}": there is no terminal', hint='Change it by --set and --unset.'
        )
    at_line = [f'+{line}'] if editor in _TAKES_LINE else []
    code = process.attached([*words, *at_line, path], env=environ)
    if code:
        raise errors.UsageFault(f'cannot edit: "{words[0]}" ended with status {code}; nothing was changed')
