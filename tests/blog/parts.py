"""What is deployed: the charms of this repository, packed, and its images, built."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from bedrock import charm, process

TOP = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@functools.cache
def packed(name: str) -> Path:
    """Return the charm *name* of this repository, packed as it is when it is first asked for."""
    build = TOP / 'build'
    build.mkdir(exist_ok=True)
    return charm.pack(TOP / 'charms' / name, build / f'{name}.charm', cache=build, note=lambda _: None)


def image(name: str, channel: str = '') -> Path:
    """Return the image *name*, of a *channel* that is not the recipe's usual one if there is one given."""
    if not channel:
        return TOP / 'build' / 'images' / name
    target = TOP / 'build' / 'images' / f'{name}-{channel}'
    if not (target / 'index.json').exists():
        command = [BIN / 'hoodoo', 'image', 'build', f'images/{name}', '--locked', '--channel', channel]
        process.run([*command, '--output', target], timeout_s=600, cwd=TOP)
    return target


def measured(text: str) -> None:
    """Show a figure to whoever runs the tests with -s."""
    sys.stdout.write(f'\n{text}\n')
    sys.stdout.flush()
