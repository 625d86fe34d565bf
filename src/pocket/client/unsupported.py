"""Commands of Juju that this client knows of and cannot do, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bedrock import errors
from pocket.client import flags

if TYPE_CHECKING:
    from pocket.client.context import Context
    from pocket.client.flags import Given

_POCKET = 'the controller of this machine is started by "pocket up" and removed by "pocket clean"'
_ONE_USER = 'a pocket controller has one user, admin'
_LOGIN = 'this client logs in with what is in its files'
_ONE_CONTROLLER = 'a pocket controller is one process on one machine'
_UPGRADES = 'the agents are part of the controller and have its version'
_SPACES = 'every machine is in the one network space, alpha'
_KUBERNETES = 'the cloud "k8s" is always there; no Kubernetes of others can be used'
_BRANCHES = 'a model has no branches here'
_BACKENDS = 'secrets are kept by the controller; there are no other backends'
_DASHBOARD = 'there is no dashboard here'
_BACKUPS = 'stop the controller and copy its folder to keep a backup'
_MANUAL = 'a machine that cannot be made is tried again by itself'
_TERMS = 'charms here have no terms to agree to'
_CREDENTIALS = 'machines of a pocket controller need no credential'
_CLOUDS = 'the clouds of this machine are made by "pocket cloud"'
_BUNDLES = '"juju deploy --dry-run" of the bundle tells what differs'
_HELP = 'what hooks can call is in the documentation of pocket'
_IMPORT = 'there is no storage outside of models to import'
_KEYS = 'keys are not fetched from Launchpad or GitHub; give the key itself to "juju add-ssh-key"'
_PAYLOADS = 'payloads are not kept; charms may register them to no effect'
_ACTIONS = '"juju actions --schema" shows the parameters of every action'

_BY_REASON: Mapping[str, tuple[str, ...]] = {
    _POCKET: ('bootstrap', 'destroy-controller', 'kill-controller', 'unregister', 'register'),
    _ONE_USER: ('add-user', 'remove-user', 'enable-user', 'disable-user', 'grant-cloud', 'revoke-cloud'),
    _LOGIN: ('login', 'logout', 'change-user-password'),
    _ONE_CONTROLLER: ('enable-ha', 'migrate', 'enable-destroy-controller'),
    _UPGRADES: ('upgrade-controller', 'upgrade-model', 'upgrade-machine', 'sync-agent-binary'),
    _SPACES: (
        *('add-space', 'move-to-space', 'reload-spaces', 'remove-space', 'rename-space'),
        *('firewall-rules', 'list-firewall-rules', 'set-firewall-rule'),
    ),
    _KUBERNETES: ('add-k8s', 'update-k8s', 'remove-k8s'),
    _BRANCHES: (
        'abort',
        'add-branch',
        'branch',
        'branches',
        'commit',
        'commits',
        'diff',
        'show-commit',
        'track',
    ),
    _BACKENDS: (
        *('add-secret-backend', 'model-secret-backend', 'remove-secret-backend', 'secret-backends'),
        *('list-secret-backends', 'show-secret-backend', 'update-secret-backend'),
    ),
    _DASHBOARD: ('dashboard',),
    _BACKUPS: ('create-backup', 'download-backup'),
    _MANUAL: ('retry-provisioning',),
    _TERMS: ('agree', 'agreements', 'list-agreements'),
    _CREDENTIALS: ('autoload-credentials', 'default-credential', 'set-credential', 'set-default-credentials'),
    _CLOUDS: ('update-public-clouds',),
    _BUNDLES: ('diff-bundle',),
    _HELP: ('documentation', 'help-action-commands', 'help-hook-commands', 'hook-tool', 'hook-tools'),
    _IMPORT: ('import-filesystem',),
    _KEYS: ('import-ssh-key',),
    _PAYLOADS: ('list-payloads', 'payloads'),
    _ACTIONS: ('show-action',),
}
REASONS: Mapping[str, str] = {name: reason for reason, names in _BY_REASON.items() for name in sorted(names)}
"""Why there is no such command, by its name."""


def command(name: str) -> flags.Command:
    """A command that takes anything and only says why it cannot be done."""

    def run(ctx: Context, given: Given) -> int:
        del ctx, given
        raise errors.Fault(f'juju {name} is not supported: {REASONS[name]}')

    return flags.Command(
        name=name,
        usage='...',
        summary=f'Not supported: {REASONS[name]}.',
        examples=(f'juju {name}',),
        lenient=True,
        run=run,
    )
