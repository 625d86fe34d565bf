"""What a controller's answer to a login means, and what a person can do about one that is no welcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock import errors
from hoodoo.juju import clientfiles

_TRANSIENT = frozenset({'retry', 'try again', 'upgrade in progress'})
_MOVED = 'redirection required'
_GONE = 'model not found'


class RpcFault(errors.Fault):
    """The controller answered with an error."""

    def __init__(self, message: str, *, code: str = '', hint: str = '') -> None:
        super().__init__(message, hint=hint)
        self.code = code

    @property
    def transient(self) -> bool:
        """Whether the controller asks for patience: it starts, is upgraded, or has too much to do."""
        return self.code in _TRANSIENT


def request(controller: clientfiles.Controller) -> dict[str, Any]:
    """The parameters of ``Admin.Login``, version 3.

    Raises:
        RpcFault: there is nothing to log in with.
    """
    if not controller.user:
        raise RpcFault(
            f'cannot log in to controller "{controller.name}": accounts.yaml names no user for it',
            hint=f'Run "juju login -c {controller.name}".',
        )
    return {
        'auth-tag': f'user-{controller.user}',
        'credentials': controller.password,
        'nonce': '',
        'client-version': '3.6.0',
    }


def refused(controller: clientfiles.Controller, error: RpcFault) -> RpcFault:
    """Say what the refusal *error* means."""
    if error.transient:
        return error
    if error.code == _MOVED:
        message = f'cannot use the model: it is not on controller "{controller.name}" any more'
        hint = 'It was migrated. Log in to the controller that has it now, and name that one.'
        return RpcFault(message, code=error.code, hint=hint)
    if error.code == _GONE:
        message = f'cannot use the model: controller "{controller.name}" says "{error.message}"'
        return RpcFault(
            message, code=error.code, hint='It was destroyed meanwhile. Run again to make it anew.'
        )
    if not controller.password:
        return _no_password(controller, error.code)
    who = f'to controller "{controller.name}" as {controller.user}'
    hint = f'Run "juju login -c {controller.name}"; the password is in accounts.yaml.'
    return RpcFault(f'cannot log in {who}: {error.message}', code=error.code, hint=hint)


def check(controller: clientfiles.Controller, answer: Mapping[str, Any]) -> None:
    """See that *answer* lets us in.

    Raises:
        RpcFault: the controller wants a macaroon that somebody else is to discharge.
    """
    if answer.get('discharge-required') or answer.get('bakery-discharge-required'):
        raise _no_password(controller, 'macaroon discharge required')


def _no_password(controller: clientfiles.Controller, code: str) -> RpcFault:
    if not controller.user:
        return RpcFault(
            f'cannot log in to controller "{controller.name}": no account is known',
            code=code,
            hint=f'Run "juju login -c {controller.name}".',
        )
    return RpcFault(
        f'cannot log in to controller "{controller.name}" as {controller.user} without a password: '
        'hoodoo has no macaroons and opens no browser',
        code=code,
        hint='Use a local user: have "juju change-user-password" set a password, and keep it as "password" '
        'beside the user in accounts.yaml.',
    )
