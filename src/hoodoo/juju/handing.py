"""Files handed to the juju program, put where it can read them."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path

import yaml

from hoodoo import model


def scratch(program: Path, *, home: Path) -> Path | None:
    """The directory for files that *program* must read; None when it reads any.

    Juju's snap is strictly confined: it sees neither /tmp nor the hidden directories of a home, such as the
    cache of packed charms.
    """
    found = shutil.which(str(program)) or ''
    return home / 'snap' / 'juju' / 'common' if '/snap/' in found else None


@contextlib.contextmanager
def options_file(application: str, options: Mapping[str, str], folder: Path | None) -> Generator[str]:
    """A private file with *options*, since an option may be a secret and every process can read argv."""
    if not options:
        yield ''
        return
    with tempfile.NamedTemporaryFile('w', prefix='hoodoo-', suffix='.yaml', dir=_made(folder)) as file:
        yaml.safe_dump({application: dict(options)}, file, allow_unicode=True)
        file.flush()
        yield file.name


@contextlib.contextmanager
def bundle_file(wanted: model.WantedApplication, charm: str, folder: Path | None) -> Generator[str]:
    """A private file with a bundle of *wanted* alone, which may have no unit: ``--num-units`` takes no 0."""
    told: dict[str, object] = {'charm': charm, 'num_units': wanted.num_units}
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
    given = {key: value for key, value in told.items() if value not in ('', None, False, {})}
    with tempfile.NamedTemporaryFile('w', prefix='hoodoo-', suffix='.yaml', dir=_made(folder)) as file:
        yaml.safe_dump({'applications': {wanted.name: given}}, file, allow_unicode=True)
        file.flush()
        yield file.name


@contextlib.contextmanager
def charm(path_or_name: str, folder: Path | None) -> Generator[str]:
    """A charm archive where juju can read it; the name of a charm in a store stays as it is."""
    path = Path(path_or_name)
    if folder is None or not path.is_absolute():
        yield path_or_name
        return
    with tempfile.TemporaryDirectory(prefix='hoodoo-', dir=_made(folder)) as inner:
        yield shutil.copy(path, inner)


def _made(folder: Path | None) -> Path | None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder
