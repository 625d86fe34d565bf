"""The Juju client's own files: putting this controller into them, and taking it out.

The directory is Juju's (``JUJU_DATA``): controllers.yaml, accounts.yaml, models.yaml. Other controllers in
these files are not ours and stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from bedrock import files
from bedrock.errors import Fault
from bedrock.jujulock import locked
from pocket.api.identity import ADMIN, Identity
from pocket.model import JUJU_VERSION

__all__ = ['register', 'unregister']

_FILES = ('controllers.yaml', 'accounts.yaml', 'models.yaml')
Document = dict[str, Any]


def register(juju_data: Path, name: str, identity: Identity, *, port: int) -> None:
    """Make the Juju client know this controller as *name*, and select it when it has selected no other.

    The models that the client remembers of it are kept, unless they were another controller's of that name.
    """
    with locked(juju_data):
        controllers, accounts, models = (_read(juju_data / file) for file in _FILES)
        known = _entry(controllers, name)
        if known.get('uuid') != identity.controller_uuid:
            _entries(models).pop(name, None)
        _entries(controllers)[name] = {
            **known,
            'uuid': identity.controller_uuid,
            'api-endpoints': [f'127.0.0.1:{port}'],
            'ca-cert': identity.ca_cert_pem,
            'cloud': 'pocket',
            'region': 'default',
            'type': 'pocket',
            'agent-version': JUJU_VERSION,
            'controller-machine-count': 0,
            'active-controller-machine-count': 0,
        }
        if not controllers.get('current-controller'):
            controllers['current-controller'] = name
        _entries(accounts)[name] = {
            'user': ADMIN,
            'password': identity.password,
            'last-known-access': 'superuser',
        }
        # An account without its controller is harmless, a controller without its account asks for a password.
        for file, document in (
            ('accounts.yaml', accounts),
            ('models.yaml', models),
            ('controllers.yaml', controllers),
        ):
            _write(juju_data / file, document)
        # python-libjuju does not connect without a cookie jar, though a password needs no cookie.
        if not (jar := _cookies(juju_data, name)).is_file():
            files.write_private(jar, '[]\n')


def unregister(juju_data: Path, name: str, controller_uuid: str) -> bool:
    """Take the controller *name* out of the Juju client's files; return whether it was there.

    Nothing is changed when *name* is another controller by now.
    """
    if not (juju_data / 'controllers.yaml').is_file():
        return False
    with locked(juju_data):
        controllers = _read(juju_data / 'controllers.yaml')
        if _entry(controllers, name).get('uuid') != controller_uuid:
            return False
        for file in _FILES:
            document = _read(juju_data / file)
            _entries(document).pop(name, None)
            if document.get('current-controller') == name:
                del document['current-controller']
            if (juju_data / file).is_file():
                _write(juju_data / file, document)
        _cookies(juju_data, name).unlink(missing_ok=True)
    return True


def _cookies(juju_data: Path, name: str) -> Path:
    return juju_data / 'cookies' / f'{name}.json'


def _read(path: Path) -> Document:
    try:
        loaded: object = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, yaml.YAMLError) as err:
        raise Fault(
            f'cannot read {path}: it is not valid YAML', hint='Mend it, or move it out of the way.'
        ) from err
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise Fault(f'cannot read {path}: it is not a mapping')
    return cast('Document', loaded)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    _entries(cast('Document', document))
    files.write_private(path, yaml.safe_dump(dict(document), sort_keys=False))


def _entries(document: Document) -> dict[str, Any]:
    """The ``controllers`` of a file, which an empty file may lack."""
    entries: object = document.get('controllers')
    if not isinstance(entries, dict):
        entries = document['controllers'] = {}
    return cast('dict[str, Any]', entries)


def _entry(document: Document, name: str) -> Mapping[str, Any]:
    entry: object = _entries(document).get(name)
    return cast('Mapping[str, Any]', entry) if isinstance(entry, dict) else {}
