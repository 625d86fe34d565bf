"""Files handed to the juju program: where it can read them, and gone when we are, even if we are killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path

import yaml

from bedrock import alive
from hoodoo import model

_PREFIX = 'hoodoo-'
BEHIND = '.behind'
"""A link beside a program that only hands on to another: leads to that."""


def scratch(program: Path, *, home: Path) -> Path | None:
    """The directory for files that *program* must read; None when it reads any.

    Juju's snap is strictly confined: it sees neither /tmp nor the hidden directories of a home, such as the
    cache of packed charms, nor what other programs have open.
    """
    found = shutil.which(str(program)) or ''
    behind = Path(found).with_name(BEHIND)
    if found and behind.is_symlink():
        found = os.readlink(behind)
    return home / 'snap' / 'juju' / 'common' if '/snap/' in found else None


def sweep(folder: Path | None) -> None:
    """Remove what processes left in a scratch directory that were killed."""
    for entry in folder.glob(f'{_PREFIX}*') if folder is not None else ():
        pid, began, *_ = [*entry.name.removeprefix(_PREFIX).split('-'), '', '']
        if not alive.lives(f'{pid} {began}'):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


@contextlib.contextmanager
def options_file(application: str, options: Mapping[str, str], folder: Path | None) -> Generator[str]:
    """A private file with *options*, since an option may be a secret and every process can read argv.

    Where the program can read it, it is memory of ours that no directory has. A snap gets a file, which
    `sweep` removes should we be killed.
    """
    if not options:
        yield ''
        return
    with _file({application: dict(options)}, folder) as name:
        yield name


@contextlib.contextmanager
def _file(content: object, folder: Path | None) -> Generator[str]:
    text = yaml.safe_dump(content, allow_unicode=True)
    if folder is None:
        with os.fdopen(os.memfd_create('options'), 'w') as memory:
            memory.write(text)
            memory.flush()
            yield f'/proc/{os.getpid()}/fd/{memory.fileno()}'
        return
    with tempfile.NamedTemporaryFile('w', prefix=_prefix(), suffix='.yaml', dir=_made(folder)) as file:
        file.write(text)
        file.flush()
        yield file.name


@contextlib.contextmanager
def bundle_file(
    wanted: model.WantedApplication, charm: str, folder: Path | None, *, pods: bool
) -> Generator[str]:
    """A private file with a bundle of *wanted* alone, which may have no unit: ``--num-units`` takes no 0.

    Args:
        pods: Whether it is for a model on Kubernetes, which takes no other bundle.
    """
    told: dict[str, object] = {'charm': charm, 'scale' if pods else 'num_units': wanted.num_units}
    if isinstance(wanted.charm, model.StoreCharm):
        told |= {'channel': wanted.charm.channel or 'stable', 'revision': wanted.charm.revision}
    told |= {
        'base': wanted.base,
        'constraints': ' '.join(f'{key}={value}' for key, value in wanted.constraints.items()),
        'options': dict(wanted.options),
        'resources': dict(wanted.resources),
        'storage': dict(wanted.storage),
        'bindings': dict(wanted.bindings),
        'trust': wanted.trust,
    }
    # A 0 says something: of units, and of a charm's revision.
    given = {key: value for key, value in told.items() if value or type(value) is int}
    kind = {'bundle': 'kubernetes'} if pods else {}
    bundle = {**kind, 'applications': {wanted.name: given}}
    with _file(bundle, folder) as name, contextlib.ExitStack() as stack:
        if folder is None:
            # Juju knows a bundle by the end of its name; a link holds no secret when it is left behind.
            inner = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_prefix())), 'bundle.yaml')
            inner.symlink_to(name)
            name = str(inner)
        yield name


@contextlib.contextmanager
def charm(path_or_name: str, folder: Path | None) -> Generator[str]:
    """A charm archive where juju can read it; the name of a charm in a store stays as it is."""
    path = Path(path_or_name)
    if folder is None or not path.is_absolute():
        yield path_or_name
        return
    with tempfile.TemporaryDirectory(prefix=_prefix(), dir=_made(folder)) as inner:
        yield shutil.copy(path, inner)


def _prefix() -> str:
    """Says whose it is."""
    return f'{_PREFIX}{alive.me().replace(" ", "-")}-'


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
