"""Collecting that is killed, interrupted, or done by several processes at once."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.hoodoo.collect.conftest import Place, Repository

_COLLECTOR = """
import itertools, signal, sys
from pathlib import Path
from hoodoo.collect import grammar, orders, sources

# As hoodoo's command line does: what a shell starts in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
root, build, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
texts = [grammar.parse(text).directives for text in sys.argv[4:]]
print('ready', flush=True)
for number in itertools.islice(itertools.cycle(range(len(texts))), rounds):
    means = orders.Means(build=build, origin=root, cache=root / 'cache', series='noble', charmhub='')
    print(*(one.state for one in sources.collect(texts[number], means)), flush=True)
"""
_FILES = 60


def start(place: Place, *texts: str, rounds: int, build: Path | None = None) -> subprocess.Popen[str]:
    words = [
        sys.executable,
        '-c',
        _COLLECTOR,
        str(place.path),
        str(build or place.build),
        str(rounds),
        *texts,
    ]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == 'ready\n'
    return child


def end(child: subprocess.Popen[str]) -> str:
    out, err = child.communicate(timeout=60)
    return out + err


@pytest.fixture
def versions(place: Place, repository: Repository) -> tuple[str, str]:
    """Two collect files that bring a local tree and a git tree of the versions 1 and 2."""
    for version in ('1', '2'):
        local = place.path / f'v{version}'
        for folder in (local, repository.path):
            folder.mkdir(exist_ok=True)
            for number in range(_FILES):
                (folder / f'file{number}').write_text(version)
        repository.commit(version)
        repository.git('tag', f'version{version}')
    first, second = (f'l v{v}\ng {repository.url};revno=version{v}\n' for v in ('1', '2'))
    return first, second


def test_a_kill_at_any_moment_leaves_a_whole_tree(place: Place, versions: tuple[str, str]) -> None:
    chance = random.Random(7)
    seen: set[tuple[str, str]] = set()
    for kill in range(10):
        child = start(place, *versions, rounds=1000)
        assert child.stdout is not None
        for _ in range(1 + kill % 2):  # so that it is amid a change to either version
            child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.2))
        child.kill()
        end(child)
        for name in ('l', 'g'):
            folder = place.build / name
            if folder.exists():
                found = {(folder / f'file{number}').read_text() for number in range(_FILES)}
                assert len(found) == 1
                seen.add((name, found.pop()))
    assert len(seen) >= 3, 'the kills came too early to show anything'
    child = start(place, versions[0], rounds=1)
    end(child)
    assert sorted(os.listdir(place.build)) == ['g', 'l']
    assert (place.build / 'g/file0').read_text() == (place.build / 'l/file0').read_text() == '1'


def test_two_processes_share_a_cache(place: Place, versions: tuple[str, str]) -> None:
    builds = [place.path / f'build{number}' for number in range(3)]
    children = [start(place, *versions, rounds=4, build=build) for build in builds]
    said = [end(child) for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], said
    assert [(build / 'g/file0').read_text() for build in builds] == ['2', '2', '2']


def test_an_interrupt_ends_soon_and_leaves_nothing_half_made(place: Place) -> None:
    with socket.create_server(('127.0.0.1', 0)) as silent:
        url = f'http://127.0.0.1:{silent.getsockname()[1]}'
        (place.path / 'local').mkdir()
        child = start(place, f'f {url}/f\nd {url}/d;unpack=True\nl local\n', rounds=1)
        silent.settimeout(60)
        silent.accept()[0].close()
        kept, _ = silent.accept()
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        said = end(child)
        kept.close()
    assert time.monotonic() - began < 20
    assert 'KeyboardInterrupt' in said
    assert os.listdir(place.build) in (['l'], [])
