"""``hoodoo image``: container images, built of a recipe and a lock."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import click

from bedrock import errors, trees
from bedrock.oci import layout
from hoodoo import wording
from hoodoo.cli import common
from hoodoo.images import build as builder
from hoodoo.images import lock as locks
from hoodoo.images import packages
from hoodoo.images import recipe as recipes

_OUT = Path('build/images')
_MIB = 2**20

_channel_option = click.option(
    '--channel', default='', help="One of the recipe's channels; default: the one that it says."
)
_folder_argument = click.argument('folder', metavar='RECIPE_DIR', type=click.Path(path_type=Path))


@click.group('image')
def command() -> None:
    """Build container images without a daemon: a recipe and a lock give the same image each time.

    The result is an OCI image layout, which Juju resources, podman and skopeo take as oci:FOLDER.

    \b
    Examples:
      sudo hoodoo image build images/wordpress
      juju deploy ./wordpress-k8s.charm --resource wordpress-image=oci:build/images/wordpress
    """


@command.command('build')
@_folder_argument
@click.option(
    '-o', '--output', type=click.Path(path_type=Path), help='The layout to write; default build/images/NAME.'
)
@_channel_option
@click.option('--locked', is_flag=True, help='Fail where there is no lock, instead of making one.')
@click.option('--no-cache', is_flag=True, help='Install the packages anew, even if nothing changed.')
@click.option('--archive', type=click.Path(path_type=Path), help='Also write the layout as one tar file.')
@common.format_option
def build_(
    folder: Path,
    output: Path | None,
    channel: str,
    locked: bool,
    no_cache: bool,
    archive: Path | None,
    form: str,
) -> None:
    """Build the image of RECIPE_DIR of exactly what its lock says.

    What an image is made of is checked against the lock, and the image is looked through before it replaces
    the last one. Next to it stands its bill of materials, NAME.spdx.json.

    \b
    Examples:
      sudo hoodoo image build images/wordpress
      sudo hoodoo image build images/wordpress --channel latest -o /srv/images/wordpress
      sudo hoodoo image build images/wordpress --locked --archive wordpress.tar --format json
    """
    _check_able()
    recipe = recipes.load(folder, channel)
    target = (output or _OUT / recipe.name).absolute()
    cache = common.settings().cache / 'images'
    with _told() as told:
        lock = locks.load(recipe)
        if lock is None:
            if locked:
                raise errors.UsageFault(
                    f'cannot build {recipe.name}: it has no lock',
                    where=str(recipe.lock_file),
                    hint=f'Run "hoodoo image lock {folder}".',
                )
            lock = _make_lock(recipe, cache, told)
        target.parent.mkdir(parents=True, exist_ok=True)
        with trees.held(target.with_name(f'.{target.name}.lock')):
            built = builder.build(recipe, lock, target, cache=cache, told=told, use_cache=not no_cache)
            if archive is not None:
                from bedrock.oci import writer

                told(f'writing {archive}')
                writer.pack(target, archive.absolute())
    _show(target, form, seconds=built.seconds)


@command.command('lock')
@_folder_argument
@_channel_option
@click.option('--check', is_flag=True, help='Change nothing; exit with 2 if the lock would be another.')
@common.format_option
def lock_(folder: Path, channel: str, check: bool, form: str) -> None:
    """Choose the packages of RECIPE_DIR's image: what the archives have now. Shows what changes.

    \b
    Examples:
      hoodoo image lock images/wordpress --channel latest
      hoodoo image lock images/wordpress --check
    """
    recipe = recipes.load(folder, channel)
    cache = common.settings().cache / 'images'
    old = locks.load(recipe)
    with _told() as told:
        new = packages.make_lock(recipe, cache, architecture=builder.architecture(), told=told)
    found = list(locks.changes(old, new))
    rows: list[dict[str, Any]] = [{'package': one.name, 'old': one.old, 'new': one.new} for one in found]
    common.show(rows, form, ('package', 'old', 'new'), empty='nothing changed')
    stale = old is None or bool(found) or old.asked != new.asked
    if stale and not check:
        locks.save(recipe, new)
        click.echo(f'{recipe.lock_file}: {wording.counted(len(found), "change")}', err=True)
    if stale and check:
        click.get_current_context().exit(2)


@command.command('show')
@click.argument('folder', metavar='LAYOUT', type=click.Path(path_type=Path))
@common.format_option
def show_(folder: Path, form: str) -> None:
    """Show an image: its digest, its layers and their sizes, its labels with versions, its bill of materials.

    \b
    Example:
      hoodoo image show build/images/wordpress --format json
    """
    _show(folder.absolute(), form)


def _show(target: Path, form: str, **more: object) -> None:
    image = layout.open_(target)
    bill = builder.sbom_path(target)
    row: dict[str, Any] = {
        'image': target.name,
        'digest': image.digest,
        'size': image.size,
        'unpacked': builder.unpacked_size(image),
        'layers': [{'digest': one.digest, 'size': one.size} for one in image.layers],
        'user': image.config.user,
        'command': [*image.config.entrypoint, *image.config.command],
        'labels': dict(image.config.labels),
        'path': str(target),
        'sbom': str(bill) if bill.is_file() else None,
        **more,
    }
    if form != 'table':
        common.show([row], form, (), empty='')
        return
    sizes = ' + '.join(_mib(one.size) for one in image.layers)
    lines = {
        'digest': image.digest,
        'size': f'{_mib(image.size)} MiB ({sizes}), {_mib(row["unpacked"])} MiB unpacked',
        **image.config.labels,
        'path': f'oci:{target}',
        'sbom': row['sbom'] or 'none',
        **{name: f'{value} s' for name, value in more.items()},
    }
    width = max(len(name) for name in lines)
    for name, value in lines.items():
        click.echo(f'{name.ljust(width)}  {value}')


def _mib(size: int) -> str:
    return f'{size / _MIB:.1f}'


def _make_lock(recipe: recipes.Recipe, cache: Path, told: Callable[[str], None]) -> locks.Lock:
    made = packages.make_lock(recipe, cache, architecture=builder.architecture(), told=told)
    locks.save(recipe, made)
    told(f'wrote {recipe.lock_file}')
    return made


@contextlib.contextmanager
def _told() -> Generator[Callable[[str], None]]:
    """Progress, on stderr: a line for each step."""
    yield lambda text: click.echo(text, err=True)


def _check_able() -> None:
    obstacle = builder.obstacle()
    if obstacle is not None:
        raise obstacle
