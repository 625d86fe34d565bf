"""A shell that we started on our terminal is told to suspend, by somebody in a shell with jobs."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from tests.e2e.terminal import Terminal

_ATTACH = "from bedrock import process; print(process.attached(['bash', '--norc', '-i']))"


def test_who_suspends_the_inner_shell_is_back_in_the_outer_one_and_may_go_on(tmp_path: Path) -> None:
    terminal = Terminal({**os.environ, 'HOME': str(tmp_path), 'PS1': 'outer$ '})
    try:
        terminal.type(f'export PS1="in""ner$ "; {shlex.join([sys.executable, "-c", _ATTACH])}')
        terminal.wait_for(lambda text: text.endswith('inner$ '))
        terminal.type('PS1="real""ly$ "')
        terminal.wait_for(lambda text: text.endswith('really$ '))
        terminal.type('suspend')
        terminal.wait_for(lambda text: 'Stopped' in text and text.endswith('inner$ '))
        terminal.type('fg')
        terminal.wait_for(lambda text: text.endswith('really$ '))
        terminal.type('exit 7')
        terminal.wait_for(lambda text: '\n7\n' in text and text.endswith('inner$ '))
    finally:
        terminal.close()
