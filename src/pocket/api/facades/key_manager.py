"""KeyManager: the SSH keys that may log in to a model's machines; they are its option authorized-keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable

from pocket.api.facade import Call, Facade, each
from pocket.api.fields import Fields
from pocket.api.rpc import Json
from pocket.services import models
from pocket.services.errors import ALREADY_EXISTS, BAD_REQUEST, NOT_FOUND, JujuError
from pocket.state import Tx

_OPTION = 'authorized-keys'


async def add_keys(call: Call) -> Json:
    """KeyManager.AddKeys."""

    async def one(key: str) -> Json:
        await call.write(_change, call.model_uuid, lambda keys: with_key(keys, key))
        return {}

    return {'results': await each(call.params.texts('ssh-keys'), one)}


async def delete_keys(call: Call) -> Json:
    """KeyManager.DeleteKeys: by fingerprint or comment."""

    async def one(name: str) -> Json:
        await call.write(_change, call.model_uuid, lambda keys: without_key(keys, name))
        return {}

    return {'results': await each(call.params.texts('ssh-keys'), one)}


async def list_keys(call: Call) -> Json:
    """KeyManager.ListKeys: fingerprints, or whole keys when *mode* is true."""
    whole = call.params.flag('mode')

    async def one(_entity: Fields) -> Json:
        keys = call.read(_keys, call.model_uuid)
        return {'result': keys if whole else [f'{fingerprint(key)} ({comment(key)})' for key in keys]}

    return {'results': await each(call.params.child('entities').children('entities'), one)}


def with_key(keys: list[str], key: str) -> list[str]:
    """*keys* and *key* after them.

    Raises:
        JujuError: it is no key, or is there already.
    """
    mark = fingerprint(key)
    if any(fingerprint(known) == mark for known in keys):
        raise JujuError(f'duplicate ssh key: {key}', ALREADY_EXISTS)
    return [*keys, key]


def without_key(keys: list[str], name: str) -> list[str]:
    """*keys* but the one with the fingerprint or comment *name*.

    Raises:
        JujuError: there is none.
    """
    left = [key for key in keys if name not in (fingerprint(key), comment(key))]
    if len(left) == len(keys):
        raise JujuError(f'key not found: {name}', NOT_FOUND)
    return left


def fingerprint(key: str) -> str:
    """The fingerprint of an OpenSSH public key as Juju writes it: MD5, in pairs of digits.

    Raises:
        JujuError: it is no key.
    """
    words = key.split()
    try:
        if len(words) < 2:
            raise binascii.Error
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error as err:
        raise JujuError(f'invalid ssh key: {key}', BAD_REQUEST) from err
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ':'.join(digest[at : at + 2] for at in range(0, len(digest), 2))


def comment(key: str) -> str:
    """What stands behind an OpenSSH public key."""
    return ' '.join(key.split()[2:])


def _keys(tx: Tx, uuid: str) -> list[str]:
    option = models.get_config(tx, uuid).get(_OPTION)
    text = str(option.value or '') if option else ''
    return [line.strip() for line in text.splitlines() if line.strip()]


def _change(tx: Tx, uuid: str, change: Callable[[list[str]], list[str]]) -> None:
    models.set_config(tx, uuid, {_OPTION: '\n'.join(change(_keys(tx, uuid)))})


FACADE = Facade(
    name='KeyManager',
    versions=(1,),
    methods={'AddKeys': add_keys, 'DeleteKeys': delete_keys, 'ListKeys': list_keys},
)
