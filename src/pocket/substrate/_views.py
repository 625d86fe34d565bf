"""What others are told of a machine or pod that runs, from its record."""

from __future__ import annotations

from pathlib import Path

from bedrock import errors
from pocket.substrate import Host, _inside, cgroups, procs
from pocket.substrate.pods import containers
from pocket.substrate.pods.pods import in_container
from pocket.substrate.records import Record

_HOST_BOOT = Path('/proc/sys/kernel/random/boot_id').read_text().strip()


def host(record: Record, folder: Path) -> Host:
    """The machine of *record*, which runs and has that *folder*."""
    assert record.leader is not None
    return Host(
        name=record.name,
        address=record.address,
        leader_pid=record.leader.pid,
        run_dir=folder / 'run',
        ssh_host_keys=record.ssh_host_keys,
        boot_id=f'{_HOST_BOOT}-{record.leader.pid}-{record.leader.start}',
        isolation='users' if record.users else 'capabilities',
        note=record.note,
        pod='' if record.pod is None else record.pod.hostname,
        pebbles={}
        if record.pod is None
        else {
            one.name: containers.shared(folder, one.name) / containers.SOCKET for one in record.pod.workloads
        },
    )


def target(name: str, record: Record | None, container: str, note: Path | None) -> _inside.Target:
    """What programs are started in; *note* is where one writes who it is.

    Raises:
        Fault: it does not run.
    """
    if record is None or record.leader is None or not procs.alive(record.leader):
        kind = 'machine' if record is None or record.pod is None else 'pod'
        raise errors.Fault(f'cannot run a program in {kind} {name}: it does not run')
    leader, places, user = record.leader, record.cgroups, 'root'
    if record.pod is not None:
        leader, places = in_container(record, record.leader, record.pod, container)
        workload = record.pod.workload(container)
        if workload is not None and (workload.uid or workload.gid):
            user = f'{workload.uid}:{workload.gid}'
    return _inside.Target(
        leader_pid=leader.pid,
        groups=tuple(cgroups.exec_group(Path(group)) for group in places),
        bounding=_inside.bounding_set(leader.pid),
        users=record.users,
        record=note,
        user=user,
        is_container=record.pod is not None,
    )
