"""Charms and resources of a bundle on their way to the controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock import charm as charm_files
from bedrock import errors
from pocket import bundles
from pocket.client import charms, replies, shape, values
from pocket.client.charms import Uploaded
from pocket.client.context import Context, Session

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A charm that the controller has."""

    url: str
    origin: Mapping[str, Any]
    uploaded: Uploaded | None = None
    """Set for a local charm."""


def add(ctx: Context, session: Session, args: Mapping[str, Any], *, force: bool) -> Added:
    """Upload the local charm, or let the controller fetch the one from Charmhub, that *args* name."""
    charm = str(args['charm'])
    if bundles.is_path(charm):
        return _local(ctx, session, Path(charm), args)
    if charm.startswith('local:'):
        return _present(session, charm, args)
    return _from_hub(session, charm, args, force=force)


def resources(session: Session, added: Added, args: Mapping[str, Any]) -> dict[str, str]:
    """Make the resources of an application pending and return their ids by name."""
    application = str(args['application'])
    files: Mapping[str, str] = args.get('local-resources', {})
    revisions: Mapping[str, int] = args.get('resources', {})
    if added.uploaded is not None:
        if revisions:
            raise errors.Fault(
                f'resource "{min(revisions)}" of local charm "{added.uploaded.charm.name}" needs a file'
            )
        words = [f'{name}={value}' for name, value in files.items()]
        wanted = charms.checked_resources(added.uploaded.charm, words)
        return charms.upload_resources(session, added.uploaded, application=application, wanted=wanted)
    if files:
        raise errors.Fault(
            f'resource "{min(files)}" of charm "{bundles.charm_name(added.url)}"'
            ' must be named by its revision'
        )
    return _store_resources(session, added, application, revisions) if revisions else {}


def _local(ctx: Context, session: Session, path: Path, args: Mapping[str, Any]) -> Added:
    charm = charm_files.read(path)
    uploaded = charms.upload(
        ctx,
        session,
        path,
        base=charms.chosen_base(session, charm, str(args.get('base', ''))),
        arch=_arch(session, args),
    )
    return Added(url=uploaded.url, origin=uploaded.origin, uploaded=uploaded)


def _present(session: Session, url: str, args: Mapping[str, Any]) -> Added:
    """A local charm that was uploaded before."""
    info = session.call('Charms', 'CharmInfo', {'url': url})
    supported = [f'{b["name"]}@{b["channel"]}' for b in shape.objects(_manifest(info).get('bases'))]
    base = str(args.get('base') or (supported[0] if supported else charms.DEFAULT_BASE))
    origin = _origin('local', session, args) | {'base': values.base(base)}
    return Added(url=url, origin=origin)


def _from_hub(session: Session, charm: str, args: Mapping[str, Any], *, force: bool) -> Added:
    origin = _origin('charm-hub', session, args)
    track, slash, risk = str(args.get('channel') or 'stable').rpartition('/')
    if not slash and risk not in ('stable', 'candidate', 'beta', 'edge'):
        track, risk = risk, 'stable'
    origin |= {'risk': risk, 'track': track or None, 'revision': args.get('revision')}
    if args.get('base'):
        origin['base'] = values.base(str(args['base']))
    reference = charm if ':' in charm else f'ch:{charm}'
    answer = session.call(
        'Charms', 'ResolveCharms', {'resolve': [{'reference': reference, 'charm-origin': origin}]}
    )
    resolved = replies.only(answer, 'Results' if 'Results' in answer else 'results')
    chosen = dict(shape.mapping(resolved.get('charm-origin')))
    if not shape.mapping(chosen.get('base')).get('name'):
        supported = shape.objects(resolved.get('supported-bases'))
        chosen['base'] = supported[0] if supported else values.base(charms.DEFAULT_BASE)
    url = str(resolved['url'])
    added = session.call('Charms', 'AddCharm', {'url': url, 'charm-origin': chosen, 'force': force})
    return Added(url=url, origin=shape.mapping(added.get('charm-origin')) or chosen)


def _store_resources(
    session: Session, added: Added, application: str, revisions: Mapping[str, int]
) -> dict[str, str]:
    info = session.call('Charms', 'CharmInfo', {'url': added.url})
    declared = shape.mapping(shape.mapping(info.get('meta')).get('resources'))
    unknown = sorted(set(revisions) - set(declared))
    if unknown:
        raise errors.Fault(f'charm "{bundles.charm_name(added.url)}" has no resource "{unknown[0]}"')
    wanted = [
        {**shape.mapping(declared[name]), 'name': name, 'origin': 'store', 'revision': revision}
        for name, revision in revisions.items()
    ]
    return charms.add_pending(session, application, added.url, added.origin, wanted)


def _origin(source: str, session: Session, args: Mapping[str, Any]) -> Json:
    return {'source': source, 'type': 'charm', 'id': '', 'architecture': _arch(session, args)}


def _arch(session: Session, args: Mapping[str, Any]) -> str:
    return str(args.get('architecture') or charms.chosen_arch(session, {}))


def _manifest(info: Json) -> Json:
    return shape.mapping(info.get('manifest'))
