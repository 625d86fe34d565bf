"""The error that services raise: Juju's text with Juju's code (rpc/params/apierror.go names the codes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock import errors

ALREADY_EXISTS = 'already exists'
BAD_REQUEST = 'bad request'
CANNOT_ENTER_SCOPE = 'cannot enter scope'
CANNOT_ENTER_SCOPE_YET = 'cannot enter scope yet'
HAS_ASSIGNED_UNITS = 'machine has assigned units'
HAS_PERSISTENT_STORAGE = 'controller/model has persistent storage'
HAS_SUBORDINATES = 'unit has subordinates'
MODEL_NOT_FOUND = 'model not found'
NOT_FOUND = 'not found'
NOT_SUPPORTED = 'not supported'
NOT_VALID = 'not valid'
NOT_YET_AVAILABLE = 'not yet available; try again later'
QUOTA_LIMIT_EXCEEDED = 'quota limit exceeded'
STORAGE_ATTACHED = 'storage attached'
UNAUTHORIZED = 'unauthorized access'


class JujuError(errors.Fault):
    """A request that the rules of a model refuse; nothing of it was done."""

    def __init__(self, message: str, code: str = '', *, info: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.info: Mapping[str, Any] = info or {}
