"""Images of containers as charms ask for them: resources of type oci-image, and what is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import yaml

from bedrock.charm import Charm
from pocket.model.imagenames import is_image
from pocket.model.pods import OciReference
from pocket.model.resources import Resource
from pocket.services import logs, resources, rows
from pocket.services.errors import BAD_REQUEST, NOT_VALID, JujuError
from pocket.state import Tx

TYPE = 'oci-image'
MAX_BYTES = 2**16
"""Most that the content of such a resource, which only names an image, may come to."""


def containers(charm: Charm) -> dict[str, Mapping[str, Any]]:
    """Return the workload containers that *charm* declares."""
    declared: Any = charm.metadata.get('containers') or {}
    return {str(name): raw or {} for name, raw in declared.items()}


def wanted(charm: Charm) -> dict[str, str]:
    """Return the resource of each of the charm's containers that has one."""
    named = {name: str(raw.get('resource') or '') for name, raw in containers(charm).items()}
    return {name: resource for name, resource in named.items() if resource}


def parse(name: str, content: bytes) -> str:
    """Return what is kept of the content of image resource *name*, which is YAML or JSON.

    Raises:
        JujuError: it does not name an image.
    """
    try:
        found: Any = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError):
        # The text of the error may show a password.
        found = None
    if not isinstance(found, dict):
        raise JujuError(f'resource "{name}" does not name an image: neither YAML nor JSON', BAD_REQUEST)
    given = cast('dict[str, Any]', found)
    path = str(given.get('registrypath') or given.get('ImageName') or '')
    if not is_image(path):
        raise JujuError(f'resource "{name}": docker image path "{path[:200]}" not valid', NOT_VALID)
    kept = {
        'path': path,
        'username': str(given.get('username') or given.get('Username') or ''),
        'password': str(given.get('password') or given.get('Password') or ''),
    }
    return json.dumps({key: value for key, value in kept.items() if value})


def path_of(image: str) -> str:
    """Where an image is of which `parse` said *image*."""
    return str(json.loads(image)['path'])


def pinned(path: str) -> tuple[bytes, str]:
    """The content of a resource that names the image *path* of this host, and what `parse` says of it."""
    return yaml.safe_dump({'registrypath': path}, width=2**16).encode(), json.dumps({'path': path})


def pinned_path(image: str) -> str:
    """Where an image is of which `parse` said *image*, with its digest as far as that is known."""
    kept: dict[str, str] = json.loads(image)
    return f'{kept["path"]}@{kept["digest"]}' if kept.get('digest') else kept['path']


def change(tx: Tx, uuid: str, application: str) -> int:
    """Return a number that grows whenever an application is given another charm or resource."""
    row = rows.one(
        tx, 'SELECT charm_modified FROM application WHERE model_uuid = ? AND name = ?', uuid, application
    )
    return -1 if row is None else int(row['charm_modified'])


def pin(
    tx: Tx, uuid: str, application: str, meant: OciReference, digest: str, *, since: int, entity: str
) -> None:
    """Note that the tag of *meant* is *digest* for an application, until the image is attached again.

    Nothing happens when it is known already, or the application was given something else meanwhile.

    Args:
        since: `change`, from before the tag was looked up.
        entity: Tag of who looked, for the log.
    """
    if change(tx, uuid, application) != since:
        return
    for resource in resources.list_(tx, uuid, application):
        if reference(resource) == meant:
            kept = {**json.loads(resource.image), 'digest': digest}
            resources.set_image(tx, uuid, resource, json.dumps(kept))
            logs.append(
                tx,
                uuid,
                entity=entity,
                severity='INFO',
                module='pocket.images',
                message=f'resource {resource.name}: {meant.path} is {digest}, until it is attached again',
            )


def reference(resource: Resource) -> OciReference | None:
    """Return where the image of a resource is; None while nobody has supplied it."""
    if not resource.image:
        return None
    kept: dict[str, str] = json.loads(resource.image)
    return OciReference(**kept)
