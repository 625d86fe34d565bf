"""What an image is looked through for before it counts as good."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from bedrock import process
from bedrock.errors import Problem
from hoodoo.containers import nspawn
from hoodoo.images import base
from hoodoo.images.recipe import Check, Recipe

_RUN_S = 300.0
# What is there only while a container runs.
_ALIVE = ('proc', 'dev', 'run', 'sys')
_SAID_LINES = 6
_AS = ('/usr/bin/setpriv', '--clear-groups', '--no-new-privs', '--inh-caps=-all')


def look(tree: Path, recipe: Recipe) -> list[Problem]:
    """All that is wrong with the files of an image."""
    found: list[Problem] = []
    code = tuple(path.strip('/') for path in recipe.code)
    for path in base.every(tree):
        name = str(path.relative_to(tree))
        about = path.lstat()
        found += _of_file(name, about.st_mode)
        if stat.S_ISLNK(about.st_mode):
            found += _of_link(tree, path, name, recipe.dangling)
        elif name.startswith(tuple(f'{one}/' for one in code)) or name in code:
            found += _of_code(name, about)
    return found


def _of_file(name: str, mode: int) -> Iterator[Problem]:
    if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
        yield Problem(file=f'/{name}', message='runs as its owner, whoever starts it (setuid or setgid)')
    shared = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
    if not stat.S_ISLNK(mode) and mode & stat.S_IWOTH and not shared:
        yield Problem(file=f'/{name}', message='may be written by everybody')
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        yield Problem(file=f'/{name}', message='is a device')


def _of_link(tree: Path, path: Path, name: str, allowed: Iterable[str]) -> Iterator[Problem]:
    leads = base.inside(tree, path)
    relative = leads.relative_to(tree)
    if os.path.lexists(leads) or relative.parts[:1] in [(one,) for one in _ALIVE]:
        return
    if not any(fnmatch.fnmatchcase(f'/{name}', pattern) for pattern in allowed):
        yield Problem(file=f'/{name}', message=f'is a link to /{relative}, which is not in the image')


def _of_code(name: str, about: os.stat_result) -> Iterator[Problem]:
    if about.st_uid != 0:
        yield Problem(file=f'/{name}', message=f'is code and belongs to user {about.st_uid}')
    elif about.st_mode & stat.S_IWGRP and about.st_gid != 0:
        yield Problem(file=f'/{name}', message=f'is code and may be written by group {about.st_gid}')


def run(tree: Path, recipe: Recipe, check: Check) -> list[Problem]:
    """Run one of the recipe's own checks in the image, whose root is read-only, without a network."""
    alive = [one for one in recipe.folders if one.path.startswith('/run/')]
    done = process.run(
        [
            *('setpriv', '--pdeathsig=TERM', '--'),
            *('systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--as-pid2', '--console=pipe'),
            *(f'--directory={tree}', '--read-only', '--private-network', '--link-journal=no'),
            *('--timezone=off', '--resolv-conf=off', '--tmpfs=/tmp:mode=1777'),
            *(f'--tmpfs={one.path}:mode={one.mode:o},uid={one.owner},gid={one.group}' for one in alive),
            f'--machine=image-check.{os.getpid()}',
            '--',
            *((*_AS, f'--reuid={check.user}', f'--regid={check.user}', '--') if check.user else ()),
            *check.command,
        ],
        timeout_s=_RUN_S,
        check=False,
    )
    if done.returncode == 0:
        return []
    lines = (*done.stdout.splitlines(), *done.stderr.splitlines())
    said = [line for line in lines if line.strip() and not nspawn.is_noise(line)]
    text = ''.join(f'\n    {line}' for line in said[-_SAID_LINES:])
    return [Problem(file=check.name, message=f'failed with {done.returncode}{text}')]
