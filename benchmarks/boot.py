"""How long until a machine is ``started``, against a bare systemd-nspawn boot of the same image?

    .venv/bin/python benchmarks/boot.py [ROUNDS]

Pocket's time is from the request to the moment at which Juju's API says ``started``; the bare time is from
the start of the program to systemd's own word that the machine is up. A round has one of each.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import sys
import time
from pathlib import Path

import rig

from bedrock import process
from pocket import settings
from pocket.client import files, rpc
from pocket.substrate import images

# As pocket mounts it, so that both read the same tree and write into a new layer.
_BARE = """
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$0,upperdir=$1/upper,workdir=$1/work" "$1/root"
exec systemd-nspawn --quiet --register=no --keep-unit --boot --notify-ready=yes --private-network \\
    --link-journal=no --console=pipe --machine=bare --directory="$1/root"
"""


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    ours: list[float] = []
    bare: list[float] = []
    with rig.rig() as host:
        uuid = host.add_model('boot')
        here = settings.load(host.env)
        with contextlib.closing(host.connect(uuid)) as connection, _api(here, uuid) as api:
            watching = rig.Watching(connection)
            _pocket_s(api, watching, 1)  # builds the image where there is none, and reads it into memory
            tree = images.Images(here).list_()[0].tree
            for number in range(rounds):
                bare.append(_bare_s(tree, host.folder / f'bare{number}'))
                ours.append(_pocket_s(api, watching, number + 2))
    print(f'bare nspawn boot    median {statistics.median(bare):.2f} s  ({min(bare):.2f} to {max(bare):.2f})')
    print(f'pocket to started   median {statistics.median(ours):.2f} s  ({min(ours):.2f} to {max(ours):.2f})')
    print(f'ratio {statistics.median(ours) / statistics.median(bare):.2f} (target: at most 1.5)')


def _pocket_s(api: rpc.Api, watching: rig.Watching, count: int) -> float:
    """Ask for a machine; seconds until *count* of them are started."""
    asked = time.monotonic()
    api.call('MachineManager', 'AddMachines', {'params': [{'jobs': ['JobHostUnits']}]})
    return watching.until(lambda seen: _started(seen) == count) - asked


def _api(here: settings.Settings, uuid: str) -> rpc.Api:
    known = files.Files(here.juju_data)
    return rpc.Api(known.controller(here.controller_name), uuid)


def _started(seen: rig.Watching) -> int:
    return sum(machine['agent-status']['current'] == 'started' for machine in seen.all_of('machine'))


def _bare_s(tree: Path, folder: Path) -> float:
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f'{folder}/notify')
        listener.settimeout(60)
        env = {
            'PATH': os.environ['PATH'],
            'NOTIFY_SOCKET': f'{folder}/notify',
            'SYSTEMD_NSPAWN_TMPFS_TMP': '0',
        }
        started = time.monotonic()
        with (folder / 'console').open('wb') as console:
            argv = ['unshare', '--mount', '--propagation=private', '--', 'sh', '-ec', _BARE, tree, folder]
            pid = process.spawn([str(word) for word in argv], env=env, output=console.fileno())
        leader = 0
        while True:
            lines = dict(line.split('=', 1) for line in listener.recv(4096).decode().splitlines())
            leader = int(lines.get('X_NSPAWN_LEADER_PID', leader))
            if lines.get('READY') == '1':
                break
        took = time.monotonic() - started
    os.kill(leader, signal.SIGKILL)
    os.waitpid(pid, 0)
    return took


if __name__ == '__main__':
    main()
