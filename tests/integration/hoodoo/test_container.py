"""A real container: builds have no network, builddeps does, and only builddeps leaves anything behind."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bedrock import process
from hoodoo import cli, settings, testing
from hoodoo.projects import layout
from hoodoo.runner import run

pytestmark = pytest.mark.nspawn

HELLO = 'hello'
"""A small package that no root filesystem has by itself."""
BUILD = """#!/usr/bin/env python3
import os, pathlib, socket, subprocess
print('interfaces', *sorted(os.listdir('/sys/class/net')))
try:
    socket.create_connection((os.environ['HOST'], int(os.environ['PORT'])), timeout=5)
    print('connected')
except OSError:
    print('cut off')
print(subprocess.run(['hello'], capture_output=True, text=True, check=True).stdout.strip())
pathlib.Path('/usr/spoilt').write_text('x')
pathlib.Path(os.environ['MOJO_LOCAL_DIR'], 'cert').write_text(os.environ['WHO'])
pathlib.Path(os.environ['MOJO_BUILD_DIR'], 'made').mkdir(exist_ok=True)
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith('MOJO_')]:
        monkeypatch.delenv(name)
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'root'))
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    folder = tmp_path / 'shop'
    folder.mkdir()
    for name, text in (('build', BUILD), ('slow', '#!/bin/sh\necho begun\nsleep 4321 & sleep 4321\n')):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / 'manifest').write_text(
        f'builddeps packages={HELLO}\nbuild WHO="a b" HOST=${{HOST}} PORT=${{PORT}}\n'
    )
    layout.Project(root=tmp_path / 'root', name='shop', series='noble', asked_class='lxc').ensure()
    return folder


def _connect_nothing(_: settings.Settings) -> run.Connect:
    return lambda wanted, default, note, make: (testing.FakeDriver(), {})


def _lines(text: str, phase: str) -> list[str]:
    """What a phase's program printed."""
    return [line.partition(f'{phase}: ')[2] for line in text.splitlines() if f' {phase}: ' in line]


def test_a_build_is_cut_off_and_only_builddeps_changes_the_container(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as server:
        host, port = server.getsockname()
        monkeypatch.setenv('HOST', host)
        monkeypatch.setenv('PORT', str(port))
        assert cli.invoke(['run', str(spec)]) == 0, capsys.readouterr()
        said = capsys.readouterr().out
        assert _lines(said, 'build')[1:4] == ['interfaces lo', 'cut off', 'Hello, world!']

        tree = tmp_path / 'root' / 'shop' / 'noble' / 'ROOTFS'
        space = tmp_path / 'root' / 'shop' / 'noble' / 'default'
        assert (tree / 'usr/bin/hello').exists()
        assert not (tree / 'usr/spoilt').exists()
        assert (space / 'local' / 'cert').read_text() == 'a b'
        assert (space / 'build' / 'made').is_dir()
        assert not (space / '.container').exists()

        monkeypatch.setattr(run, 'connect_juju', _connect_nothing)
        place = ['--project', 'shop', '--workspace', 'default']
        environment = [f'HOST={host}', f'PORT={port}', 'WHO=script']
        assert cli.invoke(['script', *place, '--config', 'build', *environment]) == 0
        said = capsys.readouterr().out
        assert 'connected' in _lines(said, 'script build'), 'only builds are cut off'
        assert (space / 'local' / 'cert').read_text() == 'script'
        assert cli.invoke(['builddeps', *place, f'packages={HELLO}']) == 0
        assert '1 package there already' in capsys.readouterr().out

    assert cli.invoke(['build', *place, 'config=slow', 'timeout=3']) == 1
    shown = capsys.readouterr()
    assert 'cannot finish build "slow" within 3 s\n    begun' in shown.err
    assert process.run(['pgrep', '-f', 'sleep 4321'], check=False).stdout == ''
    assert not (space / '.container').exists()
    assert str(space) not in Path('/proc/mounts').read_text()
