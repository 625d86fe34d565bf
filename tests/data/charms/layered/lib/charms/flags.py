"""Handlers that run while flags are set: a small likeness of what such charms bundle. Flags outlive hooks."""

import importlib.util
import json
import os
import pathlib
import subprocess

_KEPT = pathlib.Path('.flags.json')
_HANDLERS = []
_flags = set()


def when(*wanted, absent=()):
    """Run the function in each hook in which every flag of *wanted* is set and none of *absent*."""

    def keep(function):
        _HANDLERS.append((function, set(wanted), set(absent)))
        return function

    return keep


def put(flag):
    _flags.add(flag)


def drop(flag):
    _flags.discard(flag)


def tool(*argv):
    """Run a hook tool and return what it printed."""
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main():
    """One hook: flags as they were kept, the hook's own flag, handlers until none is left, flags kept."""
    hook = pathlib.Path(os.environ['JUJU_HOOK_NAME']).name
    if _KEPT.exists():
        _flags.update(json.loads(_KEPT.read_text()))
    put(f'hook.{hook}')
    for path in sorted(pathlib.Path('reactive').glob('*.py')):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    done = set()
    while ready := [f for f, on, off in _HANDLERS if on <= _flags and not off & _flags and f not in done]:
        for function in ready:
            function()
            done.add(function)
    drop(f'hook.{hook}')
    _KEPT.write_text(json.dumps(sorted(_flags)))
