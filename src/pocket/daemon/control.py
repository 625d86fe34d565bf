"""Starting, finding and stopping the daemon, from another process."""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from bedrock import errors, process
from pocket.daemon import _files
from pocket.daemon._files import MARK, Info, find
from pocket.settings import Settings

__all__ = [
    'MARK',
    'Info',
    'claim',
    'command',
    'ensure',
    'environment',
    'find',
    'host_command',
    'owns',
    'stop',
]

_START_S = 60.0
_STOP_S = 40.0
_SYSTEMD = Path('/run/systemd/system')
# As systemd's own unit for nspawn containers has them, and /dev/fuse.
_DEVICES = ('/dev/net/tun rwm', 'char-pts rw', '/dev/fuse rwm')


def ensure(settings: Settings) -> Info:
    """Return the daemon that answers for *settings*, starting it unless it runs.

    Raises:
        Fault: it does not start; the message says why.
    """
    info = find(settings.home)
    if info is not None and info.port:
        return info
    _files.claim(settings.home)
    # Whoever else starts one is waited for here, and then there is one.
    with _files.starting(settings.home):
        info = find(settings.home)
        if info is None or not info.port:
            _start(settings)
            info = find(settings.home)
    if info is None:
        raise errors.UnreachableFault(
            f'cannot reach the daemon of {settings.home}: it ended after its start',
            hint=f'See {settings.home / _files.LOG}.',
        )
    return info


def claim(settings: Settings) -> None:
    """Make the home pocket's own folder.

    Raises:
        UsageFault: it holds something else.
    """
    _files.claim(settings.home)


def owns(settings: Settings) -> bool:
    """Whether the home is pocket's own folder."""
    return (settings.home / MARK).is_file()


def stop(settings: Settings, *, patience_s: float = _STOP_S) -> bool:
    """Stop the daemon in an orderly way and wait for that; False when there was none.

    Args:
        patience_s: After this it is killed, which loses no work either.
    """
    info = find(settings.home)
    if info is None:
        return False
    try:
        ended = os.pidfd_open(info.pid)
    except ProcessLookupError:
        return False
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if find(settings.home) is not None:
                signal.pidfd_send_signal(ended, number)
            if select.select([ended], [], [], patience_s)[0]:
                return True
    except ProcessLookupError:
        return True
    finally:
        os.close(ended)
    raise errors.Fault(f'cannot stop the daemon: process {info.pid} does not end')


def command(*, ready_fd: int = -1, systemd: bool, unit: str = '') -> list[str]:
    """The command of the daemon.

    Args:
        systemd: systemd is the host's first process. Then the daemon and its machines get a scope of their
            own, whose control groups are left to them (systemd's "Control Group APIs and Delegation").
    """
    daemon = [sys.executable, '-P', '-m', 'pocket.daemon']
    if ready_fd >= 0:
        daemon += ['--ready-fd', str(ready_fd)]
    if not systemd:
        return daemon
    scope = ['systemd-run', '--scope', '--quiet', '--collect', f'--unit={unit}', '--slice=system.slice']
    properties = ['Delegate=yes', 'DevicePolicy=closed', *(f'DeviceAllow={device}' for device in _DEVICES)]
    return [*scope, *(f'--property={value}' for value in (*properties, 'TasksMax=infinity')), '--', *daemon]


def environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The daemon's whole environment: what *settings* say, and what finds programs and package mirrors."""
    kept = ('PATH', 'HOME', 'http_proxy', 'https_proxy', 'no_proxy')
    return {
        **{name: environ[name] for name in kept if name in environ},
        'LANG': 'C.UTF-8',
        'POCKET_HOME': str(settings.home),
        'POCKET_CACHE': str(settings.cache),
        'POCKET_PORT': str(settings.port),
        'POCKET_ISOLATION': settings.isolation,
        'POCKET_CHARMHUB_URL': settings.charmhub_url,
        'POCKET_CONTROLLER': settings.controller_name,
        'JUJU_DATA': str(settings.juju_data),
    }


def host_command(settings: Settings, *, ready_fd: int = -1) -> list[str]:
    """`command` as this host needs it."""
    # A scope that an earlier daemon's machines are still in keeps its name, so each has its own.
    unit = f'pocket-{settings.tag}-{secrets.token_hex(4)}'
    return command(ready_fd=ready_fd, systemd=_SYSTEMD.is_dir(), unit=unit)


def _start(settings: Settings) -> None:
    read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
    try:
        output = _files.open_log(settings.home)
        try:
            process.spawn(
                host_command(settings, ready_fd=write_fd),
                env=environment(settings, os.environ),
                output=output,
                pass_fds=(write_fd,),
            )
        finally:
            os.close(output)
            os.close(write_fd)
        said = _hear(read_fd)
    finally:
        os.close(read_fd)
    if 'port' not in said:
        raise errors.Fault(
            f'cannot start the daemon: {said.get("error", "it ended at once")}',
            hint=str(said.get('hint') or f'See {settings.home / _files.LOG}.'),
        )


def _hear(fd: int) -> dict[str, Any]:
    """What the daemon says of its start; nothing when it ends or takes too long."""
    heard = b''
    while select.select([fd], [], [], _START_S)[0]:
        data = os.read(fd, 4096)
        if not data:
            break
        heard += data
    return cast('dict[str, Any]', json.loads(heard)) if heard.endswith(b'\n') else {}
