"""Images of containers as charms ask for them: resources of type oci-image, and what is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bedrock.charm import Charm
from pocket.model.pods import OciReference
from pocket.model.resources import Resource

TYPE = 'oci-image'


def containers(charm: Charm) -> dict[str, Mapping[str, Any]]:
    """Return the workload containers that *charm* declares."""
    declared: Any = charm.metadata.get('containers') or {}
    return {str(name): raw or {} for name, raw in declared.items()}


def wanted(charm: Charm) -> dict[str, str]:
    """Return the resource of each of the charm's containers that has one."""
    named = {name: str(raw.get('resource') or '') for name, raw in containers(charm).items()}
    return {name: resource for name, resource in named.items() if resource}


def reference(resource: Resource) -> OciReference | None:
    """Return where the image of a resource is; None while nobody has supplied it."""
    if not resource.image:
        return None
    kept: dict[str, str] = json.loads(resource.image)
    return OciReference(**kept)
