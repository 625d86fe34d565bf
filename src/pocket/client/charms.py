"""Local charms and their resources on the way to a controller; shared by deploy and refresh."""

from __future__ import annotations

import contextlib
import tempfile
from base64 import b64encode
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock import charm as charm_files
from bedrock import errors
from pocket.client import http, shape, values
from pocket.client.context import Context, Session, local_path

DEFAULT_BASE = 'ubuntu@24.04'
"""What a charm that names no base runs on when the model does not say either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A local charm that the controller has."""

    url: str
    charm: charm_files.Charm
    origin: Mapping[str, Any]

    @property
    def revision(self) -> str:
        """The revision that the controller gave it."""
        return self.url.rpartition('-')[2]


def upload(ctx: Context, session: Session, path: Path, *, base: Mapping[str, str], arch: str) -> Uploaded:
    """Pack *path* if it is a folder, and upload it.

    Raises:
        Fault: it is no charm, or cannot be packed; Refused: the controller does not take it.
    """
    charm = charm_files.read(path)
    with _archive(ctx, path) as archive:
        url = http.upload_charm(
            session.target.controller, session.target.model.uuid, archive, name=charm.name
        )
    origin = {'source': 'local', 'type': 'charm', 'id': '', 'architecture': arch, 'base': dict(base)}
    return Uploaded(url=url, charm=charm, origin=origin)


def chosen_base(session: Session, charm: charm_files.Charm, wanted: str) -> dict[str, str]:
    """The base to deploy *charm* on: *wanted*, else the model's default, else the charm's first.

    Raises:
        WrongUsage: *wanted* is no base. Fault: the charm does not support it.
    """
    supported = [f'{name}@{channel}' for name, channel in charm.bases]
    if wanted:
        return values.base(wanted)
    config = shape.mapping(session.call('ModelConfig', 'ModelGet').get('config'))
    preferred = str(shape.mapping(config.get('default-base')).get('value') or '').removesuffix('/stable')
    if preferred and (preferred in supported or not supported):
        return values.base(preferred)
    return values.base(supported[0] if supported else DEFAULT_BASE)


def chosen_arch(session: Session, constraints: Mapping[str, Any]) -> str:
    """The architecture to deploy on: that of the constraints, else of the model's, else Juju's default."""
    if constraints.get('arch'):
        return str(constraints['arch'])
    model = shape.mapping(session.call('ModelConfig', 'GetModelConstraints').get('constraints'))
    return str(model.get('arch') or 'amd64')


def upload_resources(
    session: Session, uploaded: Uploaded, *, application: str, wanted: Sequence[str]
) -> dict[str, str]:
    """Upload the ``name=value`` resources *wanted* and return their pending ids by name.

    Raises:
        Fault: the charm has no such resource, or its file cannot be read.
    """
    chosen = dict(values.pair(word) for word in wanted)
    unknown = sorted(set(chosen) - set(uploaded.charm.resources))
    if unknown:
        raise errors.Fault(f'charm "{uploaded.charm.name}" has no resource "{unknown[0]}"')
    return {
        name: _upload_resource(session, uploaded, application=application, name=name, value=value)
        for name, value in chosen.items()
    }


def _upload_resource(session: Session, uploaded: Uploaded, *, application: str, name: str, value: str) -> str:
    declared = uploaded.charm.resources[name]
    kind = str(declared.get('type') or 'file')
    with _resource_file(kind, value) as file:
        answer = session.call(
            'Resources',
            'AddPendingResources',
            {
                'tag': f'application-{application}',
                'url': uploaded.url,
                'charm-origin': uploaded.origin,
                'resources': [
                    {
                        'name': name,
                        'type': kind,
                        'path': str(declared.get('filename') or ''),
                        'description': str(declared.get('description') or ''),
                        'origin': 'upload',
                        'revision': -1,
                        'fingerprint': b64encode(bytes.fromhex(http.file_digest(file, 'sha384'))).decode(),
                        'size': file.stat().st_size,
                    }
                ],
            },
        )
        if answer.get('error'):
            raise errors.Fault(str(answer['error'].get('message')))
        pending = str(answer['pending-ids'][0])
        http.upload_resource(
            session.target.controller,
            session.target.model.uuid,
            file,
            application=application,
            resource=name,
            pending_id=pending,
        )
    return pending


@contextlib.contextmanager
def _archive(ctx: Context, path: Path) -> Generator[Path]:
    if path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix='juju-charm-') as scratch:
        target = Path(scratch, 'packed.charm')
        yield charm_files.pack(path, target, cache=ctx.settings.cache, note=ctx.info)


@contextlib.contextmanager
def _resource_file(kind: str, value: str) -> Generator[Path]:
    """The file of a resource: the one that is named or, for an image, a document that names the image."""
    path = local_path(value)
    if kind != 'oci-image' or path.is_file():
        if not path.is_file():
            raise errors.Fault(f'cannot read resource file {value}')
        yield path
        return
    with tempfile.TemporaryDirectory(prefix='juju-resource-') as scratch:
        document = Path(scratch, 'image.yaml')
        document.write_text(f'registrypath: {value}\n')
        yield document
