"""A pocket of its own for a blog, with or without a way to other hosts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

from bedrock import process
from pocket import settings
from tests.blog import model
from tests.blog.parts import BIN, TOP


def environment(folder: Path) -> dict[str, str]:
    """What commands are told of a home in *folder*; nothing of the caller's own."""
    others = ('MOJO_', 'JUJU_', 'POCKET_', 'HOODOO_')
    return {
        **{key: text for key, text in os.environ.items() if not key.startswith(others)},
        'PATH': f'{BIN}:{os.environ["PATH"]}',
        'POCKET_HOME': str(folder / 'pocket'),
        'POCKET_PORT': '0',
        'JUJU_DATA': str(folder / 'juju'),
        'MOJO_ROOT': str(folder / 'mojo'),
        'COLUMNS': '200',
    }


@contextlib.contextmanager
def pocket(folder: Path, name: str = model.MODEL, *, alone: bool = True) -> Generator[model.Blog]:
    """Start a pocket in *folder*; of one that is *alone* no machine's packet reaches another host."""
    env = environment(folder)
    process.run([TOP / 'tools' / 'build-images'], env=env, timeout_s=600)
    with shut_in(settings.load(env).tag) if alone else contextlib.nullcontext():
        try:
            process.run([BIN / 'pocket', 'up'], env=env, timeout_s=300)
            yield model.Blog(env=env, folder=folder, model=name)
        finally:
            process.run([BIN / 'pocket', 'clean', '--yes'], env=env, timeout_s=300)


@contextlib.contextmanager
def shut_in(tag: str) -> Generator[None]:
    """Drop what the machines of the home *tag* send to other hosts, questions for names too."""
    table = f'shut_in_{os.getpid()}'
    own = f'iifname "pk{tag}*"'
    rules = f"""table inet {table} {{
  chain forward {{
    type filter hook forward priority -10;
    {own} oifname != "pk{tag}*" counter drop
  }}
  chain input {{
    type filter hook input priority -10;
    {own} meta l4proto {{ tcp, udp }} th dport 53 counter drop
  }}
}}
"""
    process.run(['nft', '-f', '-'], stdin=rules, timeout_s=20)
    try:
        yield
    finally:
        process.run(['nft', 'delete', 'table', 'inet', table], timeout_s=20)
