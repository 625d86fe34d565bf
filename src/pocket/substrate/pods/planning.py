"""What a pod is made of, decided and brought before anything of it is started."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from pocket.model.pods import ContainerSpec, OciReference, PodSpec
from pocket.substrate.pods.ociimages import OciImage
from pocket.substrate.pods.tasks import together
from pocket.substrate.records import Pod, Workload

Unpack = Callable[[OciReference, Callable[[str], None]], Awaitable[OciImage]]
"""Brings an image and unpacks it, unless it is there."""


async def plan(spec: PodSpec, *, base: Path, unpack: Unpack, note: Callable[[str], None]) -> Pod:
    """What a pod of *spec* is made of; its images are there then.

    Args:
        base: The file tree of the image of the charm's container.

    Raises:
        Fault: an image cannot be had.
    """
    cluster = spec.environment
    workloads = await together([_workload(one, base, unpack, note, cluster) for one in spec.containers])
    return Pod(hostname=spec.hostname, mounts=dict(spec.mounts), workloads=tuple(workloads))


async def _workload(
    spec: ContainerSpec,
    base: Path,
    unpack: Unpack,
    note: Callable[[str], None],
    cluster: Mapping[str, str],
) -> Workload:
    image = None if spec.image is None else await unpack(spec.image, note)
    return Workload(
        name=spec.name,
        image='' if image is None else image.id,
        lower=str(base if image is None else image.tree),
        env={**({} if image is None else environment(image.config.environment)), **cluster},
        cwd='' if image is None else image.config.folder,
        mounts=dict(spec.mounts),
        uid=spec.uid,
        gid=spec.gid,
    )


def environment(entries: Sequence[str]) -> dict[str, str]:
    """The environment that an image's configuration wants; an entry without a value counts for nothing."""
    pairs = [entry.partition('=') for entry in entries]
    return {name: value for name, is_pair, value in pairs if name and is_pair}
