"""Which of Juju's facades are used here, and in which versions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from hoodoo.juju import clientfiles, login

_KNOWN: Mapping[str, tuple[int, ...]] = {
    'AllWatcher': (3,),
    'Annotations': (2,),
    'Application': tuple(range(15, 23)),
    'Bundle': (6, 7, 8),
    'Client': (6, 7, 8),
    'Cloud': (7,),
    'ModelConfig': (3, 4),
    'ModelManager': (9, 10),
    'Resources': (1, 2, 3),
    'Secrets': (2,),
}
"""What can be read here; the highest that the server has too is used."""
_ADMIN = 'Admin'
_LOGIN_VERSION = 3


class Versions:
    """What a controller offers; before somebody is logged in, only that."""

    def __init__(self, controller: clientfiles.Controller) -> None:
        self._controller = controller
        self._server = ''
        self._versions: dict[str, int] = {_ADMIN: _LOGIN_VERSION}

    def learn(self, answer: Mapping[str, Any]) -> None:
        """Take in the answer to a login."""
        self._server = str(answer.get('server-version') or '')
        for facade in cast('list[dict[str, Any]]', answer.get('facades') or []):
            known = _KNOWN.get(str(facade['name']), ())
            both = [version for version in facade.get('versions') or () if version in known]
            if both:
                self._versions[str(facade['name'])] = max(both)

    def of(self, facade: str) -> int:
        """The version of *facade* to ask for.

        Raises:
            RpcFault: the controller has none that can be read here.
        """
        if facade not in self._versions:
            message = f'controller "{self._controller.name}" has no {facade} API that hoodoo can use'
            hint = f'It is Juju {self._server or "of an unknown version"}; hoodoo is made for Juju 3.'
            raise login.RpcFault(message, code='not implemented', hint=hint)
        return self._versions[facade]
