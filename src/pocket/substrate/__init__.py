"""Hosts for units: boot, reach inside, stop. Nothing here knows what a charm is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pocket.model import Base
from pocket.model.cluster import ClusterAddresses, ClusterNetwork
from pocket.model.pods import PodSpec

__all__ = ['Entrance', 'ExecResult', 'Filesystem', 'Host', 'HostSpec', 'Names', 'Substrate']

OnLine = Callable[[str, str], None]
"""Called with ``stdout`` or ``stderr`` and one line without its end."""

Names = Mapping[str, Sequence[str]]
"""The names of each address, its own first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSpec:
    """A machine or a pod that is wanted."""

    name: str
    """Unique on this controller, a host name of at most 40 characters: ``juju-<6 hex of model>-<id>``."""
    model_uuid: str
    base: Base
    region: str = 'pocket/default'
    """``cloud/region``: the models of one get their subnets from its own pool of addresses."""
    authorized_keys: tuple[str, ...] = ()
    memory_mb: int | None = None
    cores: int | None = None
    pod: PodSpec | None = None
    """What it is made of, if it is a pod and no machine: no systemd, and programs run in its containers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine or a pod that runs."""

    name: str
    address: str
    leader_pid: int
    """Host process id of the machine's init."""
    run_dir: Path
    """Host folder that the machine sees read-only at ``/run/pocket`` (sockets in it can be connected to)."""
    ssh_host_keys: tuple[str, ...] = ()
    boot_id: str = ''
    """Names this run of the host: no other run of any host has the same."""
    isolation: str = 'capabilities'
    """What holds it back: ``users`` or ``capabilities``, see `pocket.substrate.isolation`."""
    note: str = ''
    """In words, what of its `HostSpec` this host is not; empty when it is all of it."""
    pod: str = ''
    """What a pod is called in its own network, ``app-0``; empty for a machine."""
    pebbles: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """Of a pod: where, on this host, the Pebble of each workload container can be talked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    returncode: int
    """Exit status; negative for a signal."""
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How a program inside is started by somebody who has its streams, or its terminal."""

    command: tuple[str, ...]
    leader_pid: int
    """Host process id of the first process of what is entered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filesystem:
    """Storage that a machine is to have."""

    key: str
    """Unique on this controller; letters, digits and dashes."""
    provider: str
    """``rootfs``: on the host's own disk; ``tmpfs``: in memory; ``loop``: in a file apart from hosts.

    A pod has a folder apart from hosts, whatever it is.
    """
    size_mib: int
    mount_point: str
    read_only: bool = False


class Substrate(Protocol):
    """What agents need of a kind of host. Every method may be called again after a crash."""

    async def boot(self, spec: HostSpec, *, note: Callable[[str], None] = lambda _: None) -> Host:
        """Return the running host *spec*, starting it unless it runs already.

        Ready means: systemd is up, and of a pod, the Pebble of each workload answers. A pod that starts has
        nothing of an earlier run but its address, `Host.run_dir` and its volumes.

        Args:
            note: Told in words about work that takes long.

        Raises:
            bedrock.errors.Fault: it cannot be started; the message says why.
        """
        ...

    async def running(self) -> Mapping[str, Host]:
        """Hosts that run now by name, those that an earlier daemon left included."""
        ...

    async def remove(self, name: str) -> None:
        """Stop a host and remove all that was made for it; nothing to do when there is none."""
        ...

    async def exec(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str = '/',
        user: str = 'root',
        container: str = '',
        stdin: bytes | None = None,
        key: str = '',
        on_line: OnLine | None = None,
        timeout_s: float | None = None,
    ) -> ExecResult:
        """Run a program inside and wait for it; *env* is its whole environment.

        A program that leaves daemons behind ends when it exits itself. Cancelling the call kills its group.

        Args:
            container: In this workload container of a pod, instead of the charm's.
            key: Names the program for `kill_stale`, for example a unit's name.
            on_line: Gets the lines as they come; then stdout and stderr of the result are empty.
        """
        ...

    async def entrance(
        self, name: str, argv: Sequence[str], *, cwd: str = '/', user: str = 'root', container: str = ''
    ) -> Entrance:
        """Return the command that runs *argv* inside, with the environment that it is itself given.

        Raises:
            bedrock.errors.Fault: the host does not run, or has no such container.
        """
        ...

    async def kill_stale(self, name: str, key: str) -> None:
        """Kill what an `exec` with *key* of a daemon that died left running."""
        ...

    async def wait_ended(self, name: str) -> None:
        """Wait until a host has stopped, a restart from inside included; `boot` starts it again."""
        ...

    async def wait_container_ended(self, name: str, *, but: Collection[str] = ()) -> str:
        """Wait until the first process of a workload container of a pod has ended; return which one's.

        Args:
            but: Containers that are known to have ended.

        Raises:
            bedrock.errors.Fault: there is no such pod, or all of it has ended.
        """
        ...

    async def start_container(self, name: str, container: str) -> None:
        """Start a workload container that has ended, anew on its image as Kubernetes does.

        Raises:
            bedrock.errors.Fault: it cannot be; the message says why.
        """
        ...

    async def reboot(self, name: str) -> None:
        """Shut a host down in an orderly way, and by force when that takes long; `boot` starts it again.

        Whoever waits in `wait_ended` hears of it.
        """
        ...

    async def write_hosts(self, model_uuid: str, names: Names) -> None:
        """Make *names* resolvable on every host of a model, those that start later included."""
        ...

    async def allow(self, pairs: Iterable[frozenset[str]]) -> None:
        """Let hosts of these pairs of models reach each other; hosts of all other models do not."""
        ...

    async def serve(self, networks: Sequence[ClusterNetwork]) -> Mapping[str, ClusterAddresses]:
        """Let models on Kubernetes, exactly these, have a network with these services; return what each got.

        An application keeps its address as long as it is here. Ports that no pod has open refuse at once.

        Raises:
            bedrock.errors.Fault: a part of it is refused, or there is no address left.
        """
        ...

    async def mount(self, name: str, filesystem: Filesystem) -> int:
        """Mount *filesystem* on a host, made at its first use, and return its size in MiB; again is no harm.

        What is mounted goes when the host stops, and has to be mounted again after that.

        Raises:
            bedrock.errors.Fault: it cannot be; the message says why.
        """
        ...

    async def unmount(self, name: str, filesystem: Filesystem, *, destroy: bool) -> None:
        """Undo `mount`; nothing to do when the host does not run.

        Args:
            destroy: Also remove data that is the host's own.

        Raises:
            bedrock.errors.Fault: it cannot be; the message says why.
        """
        ...

    async def delete_volume(self, key: str) -> None:
        """Delete what a filesystem with *key* keeps apart from hosts; nothing to do when there is none.

        Raises:
            bedrock.errors.Fault: it is in use.
        """
        ...
