"""A machine of files in a temporary folder, whose programs are scripted."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import checks
import machine
import options
import pytest
import yaml

CHARM = Path(__file__).parents[2]


@dataclass(kw_only=True)
class Programs:
    """Plays apt, dpkg, systemd and the plugins, and remembers what was asked of them."""

    installed: set[str] = field(default_factory=lambda: {'nagios-nrpe-server', 'monitoring-plugins-basic'})
    active: set[str] = field(default_factory=set[str])
    broken: bool = False
    virtual: str = 'container'
    check: tuple[int, str] = (0, 'OK')
    calls: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def run(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Answer as the program would."""
        self.calls.append(tuple(argv))
        code, out = self._answer(argv)
        return subprocess.CompletedProcess(list(argv), code, out, '')

    def asked(self, program: str, word: str) -> int:
        """How often *program* was run with *word*."""
        return sum(call[0] == program and word in call for call in self.calls)

    def _answer(self, argv: Sequence[str]) -> tuple[int, str]:
        match argv[0], argv:
            case 'dpkg-query', _:
                return (0, 'installed') if argv[-1] in self.installed else (1, '')
            case 'apt-get', _:
                self.installed.update(word for word in argv if word in ('rsync', 'nagios-nrpe-server'))
            case 'systemctl', [_, 'is-active', *_]:
                return (0 if argv[-1] in self.active else 3), ''
            case 'systemctl', [_, 'start' | 'restart' | 'enable', *_] if not self.broken:
                self.active.add(argv[-1])
            case 'systemd-detect-virt', [_, '--container', *_]:
                return (0 if self.virtual == 'container' else 1), ''
            case 'systemd-detect-virt', _:
                return (1 if self.virtual == 'none' else 0), ''
            case 'runuser', _:
                return self.check
            case _, [_, 'boot-id']:
                return 0, 'boot/1\n'
            case _:
                pass
        return 0, ''


@pytest.fixture
def programs() -> Programs:
    return Programs()


@pytest.fixture
def host(tmp_path: Path, programs: Programs) -> machine.Machine:
    return machine.Machine(tmp_path / 'root', run=programs.run)


@pytest.fixture(scope='session')
def defaults() -> options.Options:
    craft = cast('dict[str, Any]', yaml.safe_load((CHARM / 'charmcraft.yaml').read_text()))
    declared = craft['config']['options'].items()
    return options.Options(**{name.replace('-', '_'): option['default'] for name, option in declared})


@pytest.fixture
def configure(defaults: options.Options) -> Callable[..., options.Options]:
    def changed(**changes: Any) -> options.Options:
        return replace(defaults, **changes)

    return changed


@pytest.fixture
def virtual_machine() -> checks.Facts:
    return checks.Facts(
        hostname='metal', cpus=2, is_container=False, is_bare_metal=False, mounts=('/', '/srv/data')
    )
