"""Local charms and their resources on the way to a controller; shared by deploy and refresh."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock import charm as charm_files
from bedrock import errors
from pocket.client import http, images, replies, shape, values
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


def chosen_base(
    session: Session, charm: charm_files.Charm, wanted: str, *, force: bool = False
) -> dict[str, str]:
    """The base to deploy *charm* on: *wanted*, else the model's default, else the charm's first.

    Raises:
        WrongUsage: *wanted* is no base. Fault: the charm does not support it, and nobody insists.
    """
    supported = [f'{name}@{channel}' for name, channel in charm.bases]
    if wanted:
        found = values.base(wanted)
        name = f'{found["name"]}@{found["channel"].partition("/")[0]}'
        if supported and name not in supported and not force:
            raise errors.Fault(
                f'base "{name}" not supported by charm, the charm supported bases are:'
                f' {", ".join(supported)}. Use --force to deploy the charm anyway.'
            )
        return found
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


def checked_resources(charm: charm_files.Charm, words: Sequence[str]) -> dict[str, str]:
    """The ``name=value`` resources in *words*, checked as far as this side can.

    Raises:
        Fault: the charm has no such resource, or its file cannot be read.
    """
    chosen = dict(values.pair(word) for word in words)
    unknown = sorted(set(chosen) - set(charm.resources))
    if len(unknown) == 1:
        raise errors.Fault(f'unrecognized resource "{unknown[0]}"')
    if unknown:
        raise errors.Fault(f'unrecognized resources: {", ".join(unknown)}')
    for name, value in chosen.items():
        if charm.resources[name].get('type') == 'oci-image':
            images.document(name, value)
        elif not local_path(value).is_file():
            raise errors.Fault(f'file for resource "{name}": cannot read {value}')
    return chosen


def need_images(charm: charm_files.Charm, chosen: Mapping[str, str]) -> None:
    """Check that *chosen* names an image for every resource that is one, as Juju does on Kubernetes.

    Raises:
        Fault: it does not.
    """
    declared = (name for name, spec in charm.resources.items() if spec.get('type') == 'oci-image')
    if missing := sorted(set(declared) - set(chosen)):
        raise errors.Fault(
            f'local charm missing OCI images for: [{", ".join(missing)}]; give them by --resource'
            f' {missing[0]}=IMAGE, where IMAGE is oci:FOLDER, oci-archive:FILE or a name in a registry'
        )


def upload_resources(
    session: Session, uploaded: Uploaded, *, application: str, wanted: Mapping[str, str]
) -> dict[str, str]:
    """Upload the resources *wanted* of a charm and announce the others; return their pending ids by name.

    Raises:
        Fault: a file cannot be read. Refused: the controller does not take it.
    """
    declared = [_declared(name, spec) for name, spec in uploaded.charm.resources.items() if name in wanted]
    if not declared:
        return {}
    ids = add_pending(session, application, uploaded.url, uploaded.origin, declared)
    for entry in declared:
        upload_content(
            session,
            application=application,
            name=entry['name'],
            kind=entry['type'],
            value=wanted[entry['name']],
            pending_id=ids[entry['name']],
        )
    return ids


def add_pending(
    session: Session,
    application: str,
    url: str,
    origin: Mapping[str, Any],
    resources: Sequence[Mapping[str, Any]],
) -> dict[str, str]:
    """Announce resources and return their pending ids by name.

    Raises:
        Fault: the controller refuses one.
    """
    answer = session.call(
        'Resources',
        'AddPendingResources',
        {
            'tag': f'application-{application}',
            'url': url,
            'charm-origin': origin,
            'resources': list(resources),
        },
    )
    ids = replies.checked(answer)['pending-ids']
    return {str(entry['name']): str(one) for entry, one in zip(resources, ids, strict=True)}


def upload_content(
    session: Session, *, application: str, name: str, kind: str, value: str, pending_id: str = ''
) -> None:
    """Upload the content of one resource.

    Raises:
        Fault: its file cannot be read. Refused: the controller does not take it.
    """
    with _resource_file(name, kind, value) as file:
        http.upload_resource(
            session.target.controller,
            session.target.model.uuid,
            file,
            application=application,
            resource=name,
            pending_id=pending_id,
        )


def _declared(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        'name': name,
        'type': str(spec.get('type') or 'file'),
        'path': str(spec.get('filename') or ''),
        'description': str(spec.get('description') or ''),
        'origin': 'upload',
        'revision': -1,
        'fingerprint': '',
        'size': 0,
    }


@contextlib.contextmanager
def _archive(ctx: Context, path: Path) -> Generator[Path]:
    if path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix='juju-charm-') as scratch:
        target = Path(scratch, 'packed.charm')
        yield charm_files.pack(path, target, cache=ctx.settings.cache, note=ctx.info)


@contextlib.contextmanager
def _resource_file(name: str, kind: str, value: str) -> Generator[Path]:
    """The file of a resource: the one that is named or, for an image, a document that names the image."""
    path = local_path(value)
    if kind != 'oci-image':
        if not path.is_file():
            raise errors.Fault(f'cannot read resource file {value}')
        yield path
        return
    text = images.document(name, value)
    # The folder is its owner's alone: there may be a password in it.
    with tempfile.TemporaryDirectory(prefix='juju-resource-') as scratch:
        document = Path(scratch, 'image.yaml')
        document.write_text(text)
        yield document
