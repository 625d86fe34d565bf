"""Names of images, as people write them and as Juju has them."""

from __future__ import annotations

from typing import cast


def is_same(image: str, resource: str) -> bool:
    """Tell whether *image* is the one that *resource* names, which is YAML as Juju keeps it."""
    import yaml

    loaded = cast('dict[str, object]', yaml.safe_load(resource) or {})
    path = str(loaded.get('registrypath', ''))
    return not path or _full_reference(image) == _full_reference(path)


def _full_reference(image: str) -> str:
    """Return *image* with what everybody leaves out: Docker's registry and the tag latest."""
    image = image.removeprefix('docker://')
    host, slash, _ = image.partition('/')
    if not slash:
        image = f'docker.io/library/{image}'
    elif not set(host) & set('.:') and host != 'localhost':
        image = f'docker.io/{image}'
    name = image.rpartition('/')[2]
    return image if ':' in name or '@' in name else f'{image}:latest'
