"""Private Juju client directories: the files of one controller and one account, for one session alone.

Nobody else locks them, writes them or selects models in them, and no other controller is known there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import yaml

from bedrock import alive, errors, files, jujulock, trees
from hoodoo import settings as settings_module
from hoodoo.fleet import credentials
from hoodoo.inventory import environment as inventory
from hoodoo.juju import connect, handing

__all__ = ['ClientDir', 'environment_name', 'prepared']

_PLAIN = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*')
_DATA = 'juju'
_HOLDER = 'holder'


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDir:
    """A session's directory. It stays until it is closed, or until nobody lives who holds it."""

    folder: Path
    """The session's; ``juju`` in it holds the client's files."""
    path: Path
    """What JUJU_DATA is to be."""
    program: Path
    """Juju's own program."""
    controller: str
    model: str
    """As JUJU_MODEL has it, without the controller."""
    uuid: str
    """Of the model, where the client has seen it; else empty."""
    user: str

    @property
    def env(self) -> dict[str, str]:
        """What makes Juju's programs use it."""
        return {
            'JUJU_DATA': str(self.path),
            'JUJU_CONTROLLER': self.controller,
            'JUJU_MODEL': f'{self.controller}:{self.model}',
        }

    def hold(self, pid: int) -> None:
        """Keep it while process *pid* lives, even when we are killed."""
        files.write_private(self.folder / _HOLDER, alive.token(pid))

    def close(self) -> None:
        """Remove it; may be called twice."""
        _remove(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def prepared(
    settings: settings_module.Settings,
    environment: inventory.Environment,
    *,
    write: bool = False,
    note: connect.Note = lambda _: None,
) -> ClientDir:
    """Make a private directory for *environment*, and remove those of sessions that were killed.

    Args:
        write: Whether the account is to change anything; see `credentials.account`.
        note: Told when pocket is started, because the controller is one and is down.

    Raises:
        UsageFault: no such controller is registered. Fault: its account cannot be had.
    """
    target = connect.find_target(settings, controller=environment.controller, note=note)
    given = credentials.account(settings, environment, write=write)
    home = handing.scratch(target.program, home=settings.home) or settings.state
    beside = home / 'clients' / environment_name(environment.name)
    files.make_private_folder(beside)
    for folder in _sessions(beside.parent):
        if not _held(folder):
            _remove(folder)
    pid, _, began = alive.me().partition(' ')
    folder = beside / f'{pid}-{began}-{secrets.token_hex(3)}'
    folder.mkdir(mode=0o700)
    try:
        return _filled(folder, target, environment, given)
    except BaseException:
        _remove(folder)
        raise


def environment_name(name: str) -> str:
    """An environment's name as that of a folder; no two have the same."""
    plain = re.sub(r'[^A-Za-z0-9._-]+', '+', name).strip('.+-') or 'environment'
    if _PLAIN.fullmatch(name) and plain == name.replace('/', '+'):
        return plain
    return f'{plain}+{hashlib.sha256(name.encode()).hexdigest()[:8]}'


def _filled(
    folder: Path,
    target: connect.Target,
    environment: inventory.Environment,
    given: credentials.Account | None,
) -> ClientDir:
    source, name, data = target.juju_data, target.controller.name, folder / _DATA
    data.mkdir(mode=0o700)
    known = _entry(source / 'controllers.yaml', name)
    own = _entry(source / 'accounts.yaml', name)
    account = dict(own)
    if given is not None:
        user = given.user or str(own.get('user') or 'admin')
        account = {'user': user, 'password': given.password}
    if not account.get('user'):
        raise errors.Fault(
            f'cannot log in to controller "{name}": no account is known',
            hint='Run "juju login", or say in the inventory where its credentials are.',
        )
    user = str(account['user']).removesuffix('@local')
    seen = cast('Mapping[str, Any]', _entry(source / 'models.yaml', name).get('models') or {})
    model, full, facts = _model(environment.model, user, str(own.get('user') or user), seen)
    models: dict[str, object] = {'models': {full: dict(facts)}, 'current-model': full} if facts else {}
    _write(data / 'controllers.yaml', {'controllers': {name: dict(known)}, 'current-controller': name})
    _write(data / 'accounts.yaml', {'controllers': {name: account}})
    _write(data / 'models.yaml', {'controllers': {name: models}})
    cookies = source / 'cookies' / f'{name}.json'
    if given is None and cookies.is_file():
        files.write_private(data / 'cookies' / cookies.name, cookies.read_text())
    # One key pair for all: machines know it.
    files.make_private_folder(source / 'ssh')
    (data / 'ssh').symlink_to(source / 'ssh')
    return ClientDir(
        folder=folder,
        path=data,
        program=target.program,
        controller=name,
        model=model,
        uuid=str(facts.get('uuid') or ''),
        user=user,
    )


def _model(wanted: str, user: str, usual: str, seen: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    """The model as *user* names it, its full name, and what the client has seen of it.

    A model that the inventory names without its owner is that of the *usual* account, or of the only owner
    who has one of that name.
    """
    owner, _, name = wanted.rpartition('/')
    if not owner:
        owners = [full.partition('/')[0] for full in seen if full.partition('/')[2] == name]
        usual = usual.removesuffix('@local')
        owner = usual if usual in owners or len(owners) != 1 else owners[0]
    full = f'{owner}/{name}'
    facts = seen.get(full)
    known = cast('dict[str, Any]', facts) if isinstance(facts, dict) else {}
    return (name if owner == user else full), full, known


def _entry(path: Path, controller: str) -> Mapping[str, Any]:
    """What one of the client's files says of *controller*; files are replaced whole, so none is locked."""
    try:
        found: object = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except yaml.YAMLError:
        raise errors.Fault(f'cannot read {path}: it is not valid YAML') from None
    document = cast('dict[str, Any]', found) if isinstance(found, dict) else {}
    entries = document.get('controllers')
    entry = cast('dict[str, Any]', entries).get(controller) if isinstance(entries, dict) else None
    return cast('Mapping[str, Any]', entry) if isinstance(entry, dict) else {}


def _write(path: Path, document: Mapping[str, object]) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, 'w') as file:
        yaml.safe_dump(document, file, sort_keys=False)


def _sessions(clients: Path) -> Iterator[Path]:
    for beside in clients.iterdir() if clients.is_dir() else ():
        with contextlib.suppress(OSError):
            yield from beside.iterdir()


def _held(folder: Path) -> bool:
    """Whether who made it lives, or who holds it since."""
    pid, began, *_ = [*folder.name.split('-'), '', '']
    if alive.lives(f'{pid} {began}'):
        return True
    try:
        return alive.lives((folder / _HOLDER).read_text())
    except OSError:
        return False


def _remove(folder: Path) -> None:
    # Juju's client leaves its lock in /tmp.
    with contextlib.suppress(OSError):
        jujulock.lock_path(folder / _DATA).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):  # another session sweeps, too
        trees.remove(folder)
