"""What the tags of a pod's images mean: found out once for each time that an image is attached.

A tag in a registry may move at any time. All pods of an application run what it meant when the first of them
needed it, also those that start again later, and then nobody asks the registry.
"""

from __future__ import annotations

from collections.abc import Callable

from pocket.model import application_of, unit_tag
from pocket.model.pods import OciReference
from pocket.services.cluster import images
from pocket.services.cluster.pods import PodRecord
from pocket.state import State
from pocket.substrate.pods import registries


def unknown(pod: PodRecord) -> tuple[OciReference, ...]:
    """The images of a pod of which nobody knows yet what their tag means."""
    named = (container.image for container in pod.spec.containers if container.image is not None)
    return tuple(dict.fromkeys(one for one in named if registries.is_open(one)))


async def pin(state: State, pod: PodRecord, note: Callable[[str], None]) -> None:
    """Find out what the tags of a pod's images mean and keep it, in a transaction each.

    Raises:
        Fault: a registry does not say.
    """
    application = application_of(pod.unit)
    for reference in unknown(pod):
        note(f'looking up image {reference.path}')
        since = state.read(images.change, pod.model_uuid, application)
        digest = await registries.resolve(reference)
        await state.write(
            images.pin,
            *(pod.model_uuid, application, reference, digest),
            since=since,
            entity=unit_tag(pod.unit),
        )
