"""A machine of files in a temporary folder, whose programs are scripted; the real haproxy for verdicts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import machine
import options
import pytest
import yaml

CHARM = Path(__file__).parents[2]


@dataclass(kw_only=True)
class Programs:
    """Plays apt, dpkg, systemd and haproxy, and remembers what was asked of them."""

    installed: set[str] = field(default_factory=lambda: {'haproxy'})
    active: set[str] = field(default_factory=lambda: {'haproxy'})
    stale_lists: bool = False
    refusal: str = ''
    calls: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def run(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Answer as the program would."""
        self.calls.append(tuple(argv))
        code, out, err = self._answer(argv)
        return subprocess.CompletedProcess(list(argv), code, out, err)

    def asked(self, program: str, word: str) -> int:
        """How often *program* was run with *word*."""
        return sum(call[0] == program and word in call for call in self.calls)

    def _answer(self, argv: Sequence[str]) -> tuple[int, str, str]:
        match argv[0], argv:
            case 'dpkg-query', _:
                return (0, 'installed', '') if argv[-1] in self.installed else (1, '', 'no packages found')
            case 'apt-get', _ if 'update' in argv:
                self.stale_lists = False
            case 'apt-get', _:
                if self.stale_lists:
                    return 100, '', 'E: Unable to locate package'
                self.installed.add(argv[-1])
            case 'systemctl', [_, 'is-active', *_]:
                return (0 if argv[-1] in self.active else 3), '', ''
            case 'systemctl', [_, 'reload-or-restart', name]:
                self.active.add(name)
            case 'haproxy', [_, '-v']:
                return 0, 'HAProxy version 2.6.12-1+deb12u4 2025/01/01 - https://haproxy.org/\n', ''
            case 'haproxy', _ if self.refusal:
                return 1, '', self.refusal
            case 'openssl', _:
                pem = '-----BEGIN {0}-----\nQUJD\n-----END {0}-----\n'
                return 0, pem.format('PRIVATE KEY') + pem.format('CERTIFICATE'), ''
            case _:
                pass
        return 0, '', ''


@pytest.fixture
def programs() -> Programs:
    return Programs()


@pytest.fixture
def host(tmp_path: Path, programs: Programs) -> machine.Machine:
    return machine.Machine(tmp_path / 'root', run=programs.run)


@pytest.fixture(scope='session')
def defaults() -> options.Options:
    craft = cast('dict[str, Any]', yaml.safe_load((CHARM / 'charmcraft.yaml').read_text()))
    given = {name: option['default'] for name, option in craft['config']['options'].items()}
    return options.Options(**given)


@pytest.fixture
def configure(defaults: options.Options) -> Callable[..., options.Options]:
    def changed(**changes: Any) -> options.Options:
        return replace(defaults, **changes)

    return changed


@pytest.fixture(scope='session')
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The real haproxy's complaint about a configuration, empty when it takes it."""
    if not shutil.which('haproxy', path=f'{os.environ.get("PATH", "")}:/usr/sbin'):
        if os.environ.get('CI'):
            pytest.fail('haproxy must be installed where CI runs')
        pytest.skip('haproxy is not installed')

    def ask(text: str) -> str:
        path = tmp_path_factory.mktemp('haproxy') / 'haproxy.cfg'
        path.write_text(text)
        done = subprocess.run(
            ['/usr/sbin/haproxy', '-c', '-f', str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return '' if done.returncode == 0 else done.stdout + done.stderr

    return ask
