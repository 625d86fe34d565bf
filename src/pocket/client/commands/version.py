"""juju version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pocket.client import flags, output
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.version import JUJU_VERSION

_ARCHITECTURES = {'x86_64': 'amd64', 'aarch64': 'arm64'}


def _version(ctx: Context, given: Given) -> int:
    import platform

    machine = platform.machine()
    version = f'{JUJU_VERSION}-{_system()}-{_ARCHITECTURES.get(machine, machine)}'
    shown: Any = version
    if given.on('all'):
        shown = {'version': version, 'compiler': 'cpython', 'official': False}
    output.show(ctx, given, shown, {'smart': lambda: _smart(shown)})
    return 0


def _smart(shown: Any) -> str:
    return shown if isinstance(shown, str) else output.as_yaml(shown)


def _system() -> str:
    """The id of this machine's distribution."""
    try:
        lines = Path('/etc/os-release').read_text().splitlines()
    except OSError:
        return 'linux'
    found = [line.partition('=')[2].strip('"') for line in lines if line.startswith('ID=')]
    return found[0] if found else 'linux'


VERSION = flags.Command(
    name='version',
    summary='Print the version of Juju that this client speaks.',
    examples=('juju version', 'juju version --format json --all'),
    flags=(*flags.formats('smart', 'json', 'yaml'), Flag('all', 'All that is known of this client')),
    most=0,
    run=_version,
)
