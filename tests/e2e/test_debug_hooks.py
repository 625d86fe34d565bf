"""What people do inside of machines: debug hooks, call juju-exec, read the log files, reboot."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import threading
import time
from collections.abc import Callable, Generator

import pytest

from bedrock import charm
from tests.e2e.conftest import BIN, TOP, Site, units

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

MODEL = 'debug'
TRACER = TOP / 'tests' / 'data' / 'charms' / 'tracer'
_PATIENCE_S = 90.0


@pytest.fixture(scope='module')
def deployed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One unit of the tracer, idle."""
    folder = tmp_path_factory.mktemp('charm')
    archive = charm.pack(TRACER, folder / 'tracer.charm', cache=folder)
    site.pocket('up')
    site.juju('add-model', MODEL)
    site.juju('deploy', '--model', MODEL, str(archive))
    _eventually(lambda: _shown(site) == ('active', 'idle'))
    return site


def test_a_hook_opens_a_window_with_its_environment_and_ends_as_its_shell(deployed: Site) -> None:
    with _debugging(deployed, 'debug-hooks', 'tracer/0', 'config-changed'):
        deployed.juju('config', '--model', MODEL, 'tracer', 'value=two')
        _type(deployed, 'status-set active "by hand in $JUJU_DISPATCH_PATH"; exit 0')
        _eventually(lambda: _message(deployed) == 'by hand in hooks/config-changed')
        _eventually(lambda: _shown(deployed) == ('active', 'idle'))
        deployed.juju('config', '--model', MODEL, 'tracer', 'value=three')
        _type(deployed, 'exit 1')
        _eventually(lambda: _shown(deployed) == ('error', 'idle'))
    assert _inside(deployed, 'ls /tmp/juju-unit-tracer-0-debug-hooks; tmux ls; true') == ''
    deployed.juju('resolved', '--model', MODEL, 'tracer/0')
    _eventually(lambda: _shown(deployed) == ('active', 'idle'))
    assert _inside(deployed, 'grep -c config-changed /var/lib/hooks') == '2', 'only without a session'


def test_debug_code_runs_the_hook_with_the_wish_to_stop(deployed: Site) -> None:
    _inside(deployed, 'sed -i "2i echo at:\\$JUJU_DEBUG_AT >>/var/lib/debug-at" '
            '/var/lib/juju/agents/unit-tracer-0/charm/dispatch')  # fmt: skip
    with _debugging(deployed, 'debug-code', '--at=here', 'tracer/0', 'config-changed'):
        deployed.juju('config', '--model', MODEL, 'tracer', 'value=four')
        _eventually(lambda: 'at:here' in _inside(deployed, 'cat /var/lib/debug-at; true'))
        _eventually(lambda: _shown(deployed) == ('active', 'idle'))


def test_a_hook_that_the_charm_cannot_have_is_refused(deployed: Site) -> None:
    done = deployed.juju('debug-hooks', '--model', MODEL, 'tracer/0', 'nonsense', check=False)
    assert done.returncode == 1
    assert 'ERROR unit "tracer/0" contains neither hook nor action "nonsense"' in done.stderr


def test_programs_of_the_machine_use_juju_exec_and_the_log_files(deployed: Site) -> None:
    assert _inside(deployed, 'juju-exec tracer/0 "is-leader; config-get value"') == 'True\nfour'
    assert _inside(deployed, 'juju-run tracer/0 "exit 4" || echo $?') == '4'
    _eventually(lambda: 'ran "start" hook' in _inside(deployed, 'cat /var/log/juju/unit-tracer-0.log; true'))
    assert _inside(deployed, 'sed -n "s/^tag: //p" /var/lib/juju/agents/*/agent.conf').split() == [
        'machine-0',
        'unit-tracer-0',
    ]


def test_a_reboot_is_told_by_start_whoever_asked_for_it(deployed: Site) -> None:
    before = _inside(deployed, 'grep -c "^start" /var/lib/hooks')
    deployed.juju('config', '--model', MODEL, 'tracer', 'value=reboot')
    _eventually(lambda: _inside(deployed, 'grep -c "^start" /var/lib/hooks') == str(int(before) + 1))
    deployed.juju('ssh', '--model', MODEL, '0', 'sudo', 'systemctl', 'reboot', check=False)
    _eventually(lambda: _inside(deployed, 'grep -c "^start" /var/lib/hooks') == str(int(before) + 2))
    _eventually(lambda: _shown(deployed) == ('active', 'idle'))
    deployed.juju('destroy-model', '--no-prompt', '--force', MODEL)


@contextlib.contextmanager
def _debugging(site: Site, command: str, *words: str) -> Generator[None]:
    """A user's terminal with a debug session in it, from which he detaches at the end."""
    pid, terminal = pty.fork()
    if pid == 0:
        env = {**site.env, 'TERM': 'xterm-256color'}
        os.execve(BIN / 'pocket', ['pocket', 'juju', command, '--model', MODEL, *words], env)
    reading = threading.Thread(target=_read, args=(terminal,))
    reading.start()
    try:
        _eventually(lambda: 'tracer/0' in _inside(site, 'tmux list-sessions 2>/dev/null; true'))
        yield
        _inside(site, 'tmux detach-client -s "=tracer/0"')
        deadline = time.monotonic() + _PATIENCE_S
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        reading.join()
        os.close(terminal)


def _read(terminal: int) -> None:
    """Take what is printed, as a terminal does, until nobody can print any more."""
    with contextlib.suppress(OSError):
        while select.select([terminal], [], [], _PATIENCE_S)[0] and os.read(terminal, 2**16):
            pass


def _type(site: Site, line: str) -> None:
    """Type into the window of config-changed once it is there."""
    window = '=tracer/0:config-changed'
    _eventually(lambda: 'config-changed' in _inside(site, 'tmux list-windows -t "=tracer/0" -F "#W"'))
    _eventually(lambda: '%' in _inside(site, f'tmux capture-pane -p -t "{window}"'))
    _inside(site, f"tmux send-keys -t '{window}' -l '{line}'; tmux send-keys -t '{window}' Enter")


def _inside(site: Site, command: str) -> str:
    """What *command* prints as root on the machine; nothing while that is down."""
    done = site.juju('exec', '--model', MODEL, '--machine', '0', '--format', 'json', '--',
                     'sudo', 'bash', '-c', command, check=False)  # fmt: skip
    if not done.stdout.strip():
        return ''
    results = json.loads(done.stdout).get('0', {}).get('results', {})
    return str(results.get('stdout', '')).strip()


def _shown(site: Site) -> tuple[str, str]:
    unit = units(site.status(MODEL)).get('tracer/0', {})
    return (
        unit.get('workload-status', {}).get('current', ''),
        unit.get('juju-status', {}).get('current', ''),
    )


def _message(site: Site) -> str:
    return str(units(site.status(MODEL))['tracer/0']['workload-status'].get('message', ''))


def _eventually(condition: Callable[[], bool]) -> None:
    """Wait for what tells nobody when it comes."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
