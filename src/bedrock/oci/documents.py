"""The JSON documents of images, into plain data and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from bedrock.oci import model

Kind = TypeVar('Kind')


def parse(data: bytes, *, where: str) -> Mapping[str, Any]:
    """The JSON object that *data* is.

    Raises:
        ImageFault: it is none.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise model.ImageFault('cannot read the image: it is not JSON', where=where) from err
    if not isinstance(found, dict):
        raise model.ImageFault('cannot read the image: a JSON object was expected', where=where)
    return cast('dict[str, Any]', found)


def render(document: Mapping[str, Any]) -> bytes:
    """*document* as the same bytes each time."""
    return json.dumps(document, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()


def descriptor(raw: object, *, where: str) -> model.Descriptor:
    """Read a descriptor.

    Raises:
        ImageFault: it is none.
    """
    if not isinstance(raw, dict):
        raise model.ImageFault('cannot read the image: a descriptor was expected', where=where)
    found = cast('dict[str, Any]', raw)
    size = found.get('size')
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise model.ImageFault(f'cannot read the image: "{size}" is no size', where=where)
    platform = _get(found, 'platform', dict, {}, where)
    return model.Descriptor(
        media_type=_get(found, 'mediaType', str, '', where),
        digest=model.check_digest(found.get('digest'), where=where),
        size=size,
        annotations=_texts(found, 'annotations', where),
        architecture=_get(platform, 'architecture', str, '', where),
        system=_get(platform, 'os', str, '', where),
    )


def descriptors(document: Mapping[str, Any], key: str, *, where: str) -> tuple[model.Descriptor, ...]:
    """The list of descriptors at *key*."""
    return tuple(descriptor(raw, where=where) for raw in _get(document, key, list, [], where))


def to_descriptor(found: model.Descriptor) -> dict[str, Any]:
    """*found* as it is in a document."""
    document: dict[str, Any] = {'mediaType': found.media_type, 'digest': found.digest, 'size': found.size}
    if found.annotations:
        document['annotations'] = dict(found.annotations)
    if found.architecture:
        document['platform'] = {'architecture': found.architecture, 'os': found.system or 'linux'}
    return document


def config(document: Mapping[str, Any], *, where: str) -> model.Config:
    """Read an image's configuration.

    Raises:
        ImageFault: it is not one.
    """
    run = _get(document, 'config', dict, {}, where)
    files = _get(document, 'rootfs', dict, {}, where)
    return model.Config(
        architecture=_get(document, 'architecture', str, '', where),
        system=_get(document, 'os', str, 'linux', where),
        user=_get(run, 'User', str, '', where),
        environment=_list(run, 'Env', where),
        entrypoint=_list(run, 'Entrypoint', where),
        command=_list(run, 'Cmd', where),
        folder=_get(run, 'WorkingDir', str, '', where),
        ports=tuple(sorted(_get(run, 'ExposedPorts', dict, {}, where))),
        volumes=tuple(sorted(_get(run, 'Volumes', dict, {}, where))),
        labels=_texts(run, 'Labels', where),
        created=_get(document, 'created', str, '', where),
        stop_signal=_get(run, 'StopSignal', str, '', where),
        diff_ids=tuple(model.check_digest(one, where=where) for one in _list(files, 'diff_ids', where)),
    )


def to_config(found: model.Config) -> dict[str, Any]:
    """*found* as it is in a document; what is not set is left out."""
    run = {
        'User': found.user,
        'Env': list(found.environment),
        'Entrypoint': list(found.entrypoint),
        'Cmd': list(found.command),
        'WorkingDir': found.folder,
        'ExposedPorts': {port: dict[str, str]() for port in found.ports},
        'Volumes': {path: dict[str, str]() for path in found.volumes},
        'Labels': dict(found.labels),
        'StopSignal': found.stop_signal,
    }
    document: dict[str, Any] = {
        'architecture': found.architecture,
        'os': found.system,
        'config': {key: value for key, value in run.items() if value},
        'rootfs': {'type': 'layers', 'diff_ids': list(found.diff_ids)},
    }
    return {**document, 'created': found.created} if found.created else document


def _get(document: Mapping[str, Any], key: str, kind: type[Kind], default: Kind, where: str) -> Kind:
    found = document.get(key)
    if found is None:
        return default
    if not isinstance(found, kind):
        raise model.ImageFault(f'cannot read the image: its "{key}" is not what it should be', where=where)
    return found


def _list(document: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    found = _get(document, key, list, [], where)
    return tuple(_text(one, key, where) for one in cast('Sequence[object]', found))


def _texts(document: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    found = _get(document, key, dict, {}, where)
    return {str(name): _text(value, key, where) for name, value in found.items()}


def _text(value: object, key: str, where: str) -> str:
    if not isinstance(value, str):
        raise model.ImageFault(f'cannot read the image: its "{key}" is not what it should be', where=where)
    return value
