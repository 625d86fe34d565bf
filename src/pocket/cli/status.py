"""``pocket status``: whether the controller runs, and the machines and pods that do."""

from __future__ import annotations

import asyncio

import click

from pocket import settings as settings_
from pocket.cli import output
from pocket.daemon import control
from pocket.substrate import cgroups, isolation
from pocket.substrate.nspawn import Nspawn

_NOT_RUNNING = 3


@click.command()
@output.format_option
def status(format_: str) -> int:
    """Show the controller, its machines and its pods.

    Also shown is what keeps machines from this host. The exit code is 3 when the controller does not run.

    \b
    Examples:
      sudo pocket status
      sudo pocket status --format json
    """
    settings = settings_.load()
    info = control.find(settings.home)
    hosts = asyncio.run(Nspawn(settings).running())
    held = isolation.here(settings, cgroups.here())
    result = {
        'controller': settings.controller_name,
        'running': info is not None and info.port != 0,
        'pid': info.pid if info is not None else None,
        'endpoint': f'127.0.0.1:{info.port}' if info is not None and info.port else None,
        'home': str(settings.home),
        'juju_data': str(settings.juju_data),
        'isolation': {'kind': held.kind, 'devices': held.devices, 'why': held.why},
        'machines': [
            {
                'name': host.name,
                'pod': host.pod or None,
                'address': host.address,
                'pid': host.leader_pid,
                'isolation': host.isolation,
            }
            for host in hosts.values()
        ],
    }

    def table() -> str:
        state = f'runs as process {info.pid}' if info is not None else 'does not run'
        where = f' at {result["endpoint"]}' if result['endpoint'] else ''
        rows = [('Machine', 'Pod', 'Address', 'Process', 'Isolation')]
        rows += [
            (host.name, host.pod or '-', host.address, str(host.leader_pid), host.isolation)
            for host in hosts.values()
        ]
        listed = f'\n\n{output.columns(rows)}' if hosts else ''
        isolated = f'isolation of new machines: {held.kind} ({held.why})'
        return f'controller {settings.controller_name} {state}{where}\n{isolated}{listed}'

    output.show(result, format_, table)
    return 0 if result['running'] else _NOT_RUNNING
