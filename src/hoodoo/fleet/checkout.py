"""The workspace of an environment: its spec at the deployed revision, unless a run still needs another."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.fleet import clientdir
from hoodoo.inventory import environment as inventory
from hoodoo.inventory import state as states
from hoodoo.journal import journal, rows
from hoodoo.juju import connect
from hoodoo.review import request
from hoodoo.runner import locks, workspace
from hoodoo.spec import addresses, sources

__all__ = ['Checkout', 'deployed_revision', 'made', 'pinned']


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A workspace that is there."""

    folder: Path
    """The workspace's copy of the spec."""
    spec: str
    """Its address, with the revision."""
    revision: str
    """The commit; empty for a directory."""
    variables: Mapping[str, str]
    """MOJO_ variables."""


def deployed_revision(environment: inventory.Environment, state: states.State) -> str:
    """What the last good run deployed, else what the inventory asks for; empty for the newest."""
    return state.revision or environment.revision


def pinned(spec: str, revision: str) -> str:
    """The address of *spec* at *revision*, whatever branch or revision it names itself.

    Raises:
        UsageFault: it is no address.
    """
    if not revision or not _is_repository(spec):
        return spec
    bare = spec.rpartition(';')[0] if addresses.parse(spec).options else spec
    return f'{bare};revno={revision}'


def made(
    settings: settings_module.Settings,
    environment: inventory.Environment,
    *,
    revision: str,
    note: connect.Note,
) -> Checkout | None:
    """Bring the spec of *environment* into its workspace; None where it has no spec.

    Args:
        revision: Any commit, tag or branch; empty for what the address of the spec says.
        note: Told where the workspace holds something else than was asked for.

    Raises:
        Fault: the spec cannot be had at that revision; the hint says what to do.
    """
    if not environment.spec:
        return None
    name = clientdir.environment_name(environment.name)
    spec = _located(settings, environment)
    blank = dataclasses.replace(settings, project='', workspace='', spec='', stage='', model='')
    try:
        asked = request.complete(
            request.Given(
                spec=pinned(spec, revision),
                workspace=name,
                project=clientdir.environment_name(environment.service),
                stage=environment.stage,
            ),
            blank,
        )
    except errors.Fault as err:
        at = f' at revision {revision}' if revision else ''
        raise errors.Fault(
            f'cannot check out the spec of {environment.name}{at}',
            where=f'{environment.place.file}:{environment.place.line}',
            hint=_what_to_do(revision),
        ) from err
    if revision and not asked.origin.revision:
        note(f'the spec is a directory without history, {asked.origin.root}: it is used as it is now')
    _bring(settings, asked, note)
    mojo = {key: value for key, value in asked.variables.items() if key.startswith('MOJO_')}
    return Checkout(
        folder=asked.workspace.spec,
        spec=asked.origin.url,
        revision=asked.origin.revision,
        variables=mojo,
    )


def _what_to_do(revision: str) -> str:
    other = (
        'Name another with --revision, use what was fetched before with "hoodoo --offline env ...", '
        'or do without with --no-spec.'
    )
    return (
        f'It may have been moved or removed there: look for it, or mend the inventory. {other}'
        if revision
        else other
    )


def _located(settings: settings_module.Settings, environment: inventory.Environment) -> str:
    """The spec; where it is a directory, the inventory's folder is where relative paths begin."""
    here = settings.inventory / environment.spec
    return str(here) if not os.path.isabs(environment.spec) and here.is_dir() else environment.spec


def _is_repository(spec: str) -> bool:
    if os.path.isdir(spec):
        return (Path(spec) / '.git').exists() or (Path(spec) / '.bzr').exists()
    return addresses.parse(spec).kind != addresses.DIRECTORY


def _bring(settings: settings_module.Settings, asked: request.Request, note: connect.Note) -> None:
    """Make the workspace's copy what was asked for, unless it is that, or a run needs it as it is."""
    space = asked.workspace
    if space.spec.is_dir() and workspace.digest(space.spec) == workspace.digest(asked.origin.root):
        return
    kept = _unfinished(settings, asked)
    if kept is not None:
        note(f'the workspace keeps the spec of run {kept.id}, {kept.outcome}: hoodoo resume {kept.id}')
        return
    try:
        with locks.held(locks.workspace_lock(space.path), f'workspace {space.path}'):
            space.ensure(spec=asked.origin.url, stage=asked.stage)
            sources.refresh(asked.origin, space.spec)
    except locks.BusyFault:
        note(f'a run is in the workspace {space.path}: its spec stays as that run has it')


def _unfinished(settings: settings_module.Settings, asked: request.Request) -> rows.Run | None:
    """The last run in the workspace, where it has not got to its end."""
    path = settings.root / 'journal.db'
    if not path.exists():
        return None
    project = asked.workspace.project
    only = rows.Filter(project=project.name, workspace=asked.workspace.name, series=project.series)
    opened = journal.Journal(path)
    try:
        found = opened.runs(limit=1, only=only)
    finally:
        opened.close()
    return found[0] if found and found[0].outcome != rows.DONE else None
