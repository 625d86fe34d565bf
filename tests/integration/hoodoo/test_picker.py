"""The picker in a terminal, as somebody uses it who has nothing but a keyboard."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

BIN = Path(sys.executable).parent
INVENTORY = """
service: archive-mirror
controller: "{cloud}-{region}"
model: "mirror-{stage}"
runbook: "https://wiki.example.com/{region}"
matrix:
- clouds: {azure: [japaneast, japanwest, eastus, eastus2], aws: [ap-northeast-1, us-west-2]}
  stages: [staging, production]
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Generator[Terminal]:
    (tmp_path / 'inventory').mkdir()
    (tmp_path / 'inventory' / 'mirror.yaml').write_text(INVENTORY)
    env = {
        **os.environ,
        'PATH': f'{BIN}:{os.environ["PATH"]}',
        'HOME': str(tmp_path),
        'HOODOO_INVENTORY': str(tmp_path / 'inventory'),
        'XDG_STATE_HOME': str(tmp_path / 'state'),
        'PS1': '$ ',
    }
    opened = Terminal(env)
    yield opened
    opened.close()


def test_one_is_picked_and_its_name_goes_where_it_should(terminal: Terminal, tmp_path: Path) -> None:
    chosen = tmp_path / 'chosen'
    before = terminal.mode()
    terminal.type(f'hoodoo env pick --print > {shlex.quote(str(chosen))}; echo ended with $?')
    terminal.wait_for(lambda text: '12 of 12' in text and 'archive-mirror/aws/ap-northeast-1' in text)
    terminal.press('stg tokoy')
    terminal.wait_for(lambda text: '2 of 12' in text and 'japaneast/staging' in text)
    terminal.press('\t')
    terminal.wait_for(lambda text: 'runbook     https://wiki.example.com/ap-northeast-1' in text)
    terminal.resize(40, 10)
    terminal.wait_for(lambda text: '2 of 12' in text and 'esc: leave' not in text)
    terminal.press('\x1b[B')
    terminal.wait_for(lambda text: '>  archive-mirr~/azure/japaneast/staging' in text)
    terminal.press('\r')
    terminal.wait_for(lambda text: 'ended with 0' in text)
    assert chosen.read_text() == 'archive-mirror/azure/japaneast/staging\n'
    assert terminal.mode() == before


@pytest.mark.parametrize('leave', ['\x1b', '\x03'])
def test_who_leaves_has_picked_nothing(terminal: Terminal, leave: str) -> None:
    before = terminal.mode()
    terminal.type('hoodoo env; echo ended with $?')
    terminal.wait_for(lambda text: '12 of 12' in text)
    terminal.press(leave)
    terminal.wait_for(lambda text: 'ended with 130' in text)
    assert terminal.mode() == before


def test_the_terminal_is_as_it_was_when_it_is_ended_from_elsewhere(
    terminal: Terminal, tmp_path: Path
) -> None:
    before = terminal.mode()
    terminal.type(f"sh -c 'echo $$ > {tmp_path}/pid; exec hoodoo env pick --print'; echo ended with $?")
    terminal.wait_for(lambda text: '12 of 12' in text)
    os.kill(int((tmp_path / 'pid').read_text()), signal.SIGTERM)
    terminal.wait_for(lambda text: 'ended with 130' in text)
    assert terminal.mode() == before
