"""A session: one environment, one mode, from being connected to having left, both of which are kept."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import alive, errors, files
from hoodoo import settings as settings_module
from hoodoo.fleet import audit_lines, audit_who, checkout, clientdir, guard, guard_bin
from hoodoo.inventory import environment as inventory
from hoodoo.juju import connect

__all__ = ['Asked', 'Outer', 'Session', 'audit_folder', 'opened', 'outside']

READ, WRITE = 'read', 'write'
_BEFORE = 'before'
_FOLDER = 'HOODOO_SESSION'
_OURS = ('HOODOO_READ_ONLY', 'HOODOO_ENVIRONMENT', _FOLDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """The session that we are in already."""

    environment: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a session is to be."""

    environment: inventory.Environment
    kind: str
    """``connect`` or ``exec``."""
    reason: str = ''
    write: bool = False
    revision: str = ''
    """Of the spec; empty for what its address says."""
    with_spec: bool = True
    argv: tuple[str, ...] = ()
    """Of ``exec``, as it may be kept."""


@dataclass(slots=True, kw_only=True)
class Session:
    """A session that is open."""

    client: clientdir.ClientDir
    checkout: checkout.Checkout | None
    env: Mapping[str, str]
    """The whole environment of programs in it."""
    bin: Path
    """Its folder of programs, which is to come first on PATH."""
    status: int = 0
    """How it ended, as a shell says it."""

    def hold(self, pid: int) -> None:
        """Keep its directory while process *pid* lives."""
        self.client.hold(pid)


def audit_folder(settings: settings_module.Settings) -> Path:
    """Where the audit journal is."""
    return settings.state / 'audit'


def outside(settings: settings_module.Settings) -> tuple[settings_module.Settings, Outer | None]:
    """*settings* as they were before the session that we are in, if we are in one, and that session."""
    folder = settings.environ.get(_FOLDER, '')
    if not folder:
        return settings, None
    environ = {key: value for key, value in settings.environ.items() if key not in _OURS}
    try:
        facts = guard.read(folder)
        before: dict[str, str | None] = json.loads(Path(folder, _BEFORE).read_text())
    except (OSError, ValueError) as err:
        raise errors.Fault(
            f'cannot leave the session of {settings.environ.get("HOODOO_ENVIRONMENT", "this shell")}: '
            f'its directory {folder} is gone',
            hint='Leave this shell: exit',
        ) from err
    for name, value in before.items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value
    loaded = settings_module.load(environ)
    same = dataclasses.replace(loaded, root=loaded.root, offline=settings.offline or loaded.offline)
    return same, Outer(environment=facts['environment'], mode=facts['mode'])


@contextlib.contextmanager
def opened(settings: settings_module.Settings, asked: Asked, *, note: connect.Note) -> Generator[Session]:
    """Connect to an environment; at the end the session's directory goes, and the journal says how it ended.

    Args:
        settings: As `outside` returns them.

    Raises:
        Fault: its controller is not registered, its account or its spec cannot be had.
    """
    environment = asked.environment
    place = (
        checkout.made(settings, environment, revision=asked.revision, note=note) if asked.with_spec else None
    )
    with clientdir.prepared(settings, environment, write=asked.write, note=note) as client:
        mode = WRITE if asked.write else READ
        folder = audit_folder(settings)
        files.make_private_folder(folder)
        facts = {
            'id': client.folder.name,
            'environment': environment.name,
            'controller': client.controller,
            'model': client.model,
            'uuid': client.uuid,
            'mode': mode,
            'data': str(client.path),
            'juju': str(client.program),
            'audit': str(folder),
        }
        bin_folder = guard_bin.made(client.folder, facts, program=client.program)
        ours = _variables(settings, asked, client, place, bin_folder)
        before = {name: settings.environ.get(name) for name in ours}
        files.write_private(client.folder / _BEFORE, json.dumps(before))
        env = {key: value for key, value in {**settings.environ, **ours}.items() if value is not None}
        told = {
            'event': 'session',
            'id': facts['id'],
            'environment': environment.name,
            'controller': client.controller,
            'model': client.model,
            'production': environment.production,
            'kind': asked.kind,
            'mode': mode,
            'reason': asked.reason,
            'account': client.user,
            'process': alive.me(),
            'argv': list(asked.argv),
            **audit_who.who(settings.environ),
        }
        audit_lines.add(str(folder), told, surely=True)
        session = Session(client=client, checkout=place, env=env, bin=bin_folder)
        began = time.monotonic_ns()
        try:
            yield session
        except BaseException:
            session.status = session.status or 1
            raise
        finally:
            ms = (time.monotonic_ns() - began) // 1_000_000
            audit_lines.add(
                str(folder), {'event': 'ended', 'id': facts['id'], 'exit': session.status, 'ms': ms}
            )


def _variables(
    settings: settings_module.Settings,
    asked: Asked,
    client: clientdir.ClientDir,
    place: checkout.Checkout | None,
    bin_folder: Path,
) -> dict[str, str | None]:
    """What a session sets in the environment; None for what it takes away. No secret is among it."""
    mojo: dict[str, str | None] = dict.fromkeys(
        ('MOJO_PROJECT', 'MOJO_WORKSPACE', 'MOJO_SPEC', 'MOJO_STAGE', 'MOJO_SPEC_DIR', 'MOJO_BUILD_DIR')
    )
    mojo |= dict.fromkeys(('MOJO_REPO_DIR', 'MOJO_LOCAL_DIR'))
    name = asked.environment.name
    return {
        **mojo,
        **(place.variables if place else {}),
        **client.env,
        'PATH': f'{bin_folder}:{settings.environ.get("PATH", os.defpath)}',
        # Which would go around our juju.
        'HOODOO_JUJU': None,
        'HOODOO_ENVIRONMENT': name,
        'HOODOO_READ_ONLY': None if asked.write else name,
        _FOLDER: str(client.folder),
    }
