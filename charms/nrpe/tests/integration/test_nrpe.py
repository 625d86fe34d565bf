"""The real daemon with our files, asked by the real check_nrpe."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import checks
import options
import pytest
import render
import yaml

CHARM = Path(__file__).parents[2]
ASK = '/usr/lib/nagios/plugins/check_nrpe'

Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def ask(tmp_path: Path) -> Generator[Ask]:
    program = shutil.which('nrpe', path='/usr/sbin:/usr/bin')
    if program is None or not Path(ASK).exists() or os.geteuid() != 0:
        if os.environ.get('CI'):
            pytest.fail('nagios-nrpe-server, nagios-nrpe-plugin and root are needed where CI runs')
        pytest.skip('needs root, nagios-nrpe-server and nagios-nrpe-plugin')
    port = free_port()
    craft = cast('dict[str, Any]', yaml.safe_load((CHARM / 'charmcraft.yaml').read_text()))
    declared = craft['config']['options'].items()
    given: dict[str, Any] = {name.replace('-', '_'): option['default'] for name, option in declared}
    given['server_port'] = port
    wanted = options.Options(**given)
    facts = checks.Facts(hostname='x', cpus=2, is_container=False, is_bare_metal=False, mounts=('/',))
    # The daemon runs as nagios, which may not come into pytest's folders.
    folder = Path('/tmp') / f'nrpe-charm-test-{os.getpid()}'
    folder.mkdir()
    try:
        moved = {render.CHECKS_DIR: str(folder), '/run/nagios': str(folder), checks.OWN: str(folder)}
        # Load, swap and memory are this machine's: what is asked here is only whether the line runs.
        shutil.copy(CHARM / 'files/plugins/check_linux.py', folder)
        for name, text in render.agent_files(checks.of_machine(wanted, facts)).items():
            (folder / Path(name).name).write_text(_moved(text, moved))
        config = folder / 'nrpe.conf'
        config.write_text(_moved(render.daemon(wanted, ['10.9.0.1/32']), moved))
        with (tmp_path / 'log').open('wb') as log:
            daemon = subprocess.Popen([program, '-c', str(config), '-f'], stdout=log, stderr=log)

        def run(*argv: str) -> tuple[int, str]:
            command = [ASK, '-H', '127.0.0.1', '-p', str(port), *argv]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
            return done.returncode, done.stdout.strip()

        try:
            until(lambda: run()[0] == 0)
            yield run
        finally:
            daemon.terminate()
            daemon.wait(10)
    finally:
        shutil.rmtree(folder)


def _moved(text: str, moved: dict[str, str]) -> str:
    for old, new in moved.items():
        text = text.replace(old, new)
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def until(happened: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, 'it did not happen in time'
        time.sleep(0.05)


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('check_total_procs', 'procs='),
        ('check_load', 'load average'),
        ('check_disk_root', 'free space: /'),
        ('check_conntrack', 'CONNTRACK'),
        ('check_mem', 'used='),
        ('check_arp_cache', 'neighbours known'),
        ('check_ro_filesystem', 'RO-FILESYSTEM'),
    ],
)
def test_every_quick_check_runs_under_the_daemon(ask: Ask, name: str, words: str) -> None:
    code, text = ask('-c', name)
    assert (code in (0, 1, 2), words in text) == (True, True), text


def test_an_unknown_check_is_told(ask: Ask) -> None:
    code, text = ask('-c', 'check_nothing')
    assert (code, "Command 'check_nothing' not defined" in text) == (3, True), text


def test_arguments_are_refused(ask: Ask) -> None:
    code, _ = ask('-c', 'check_load', '-a', '-w 1')
    assert code != 0
