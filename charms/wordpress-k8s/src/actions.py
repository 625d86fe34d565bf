"""The actions. A failed one says what to do; a secret is only ever in the result that was asked for."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import backups
import config
import files
import keys
import objectstore
import ops
import peers
import related
import s3
import workload
import wpctl

if TYPE_CHECKING:
    import charm as wordpress

LONG_S = 3600

log = logging.getLogger(__name__)


class _Failed(Exception):
    """The action cannot be carried out."""


def run(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    """Carry out the action of *event*."""
    try:
        _ACTIONS[event.handle.kind.removesuffix('_action').replace('_', '-')](charm, event)
    except (_Failed, backups.BackupError, s3.S3Error) as err:
        event.fail(str(err))
    except wpctl.WpctlError as err:
        event.fail(f'{err.code}: {err.message}')
    except ops.pebble.Error as err:
        event.fail(f'Pebble: {str(err).splitlines()[0][:200]}')
    except config.ConfigFaults as err:
        event.fail('; '.join(err.faults))


def _get_initial_password(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    reset = f'juju run {charm.unit.name} reset-admin-password'
    flags, admin = charm.peers.flags(), keys.read(charm.model, keys.ADMIN)
    if admin is None:
        raise _Failed('there is no first password yet; wait for the leader')
    if flags.origin == peers.BEFORE_US:
        raise _Failed(f'already installed: the site is older than this charm; {reset} makes a password')
    result = {'user': admin['username'], 'password': admin['password']}
    if not flags.installed:
        event.set_results({**result, 'valid': 'not yet', 'note': 'the site is not installed yet'})
        return
    try:
        _need_site(charm)
        is_valid = charm.workload.wpctl.is_password(user=admin['username'], password=admin['password'])
    except (wpctl.WpctlError, ops.pebble.Error, _Failed) as err:
        event.set_results({**result, 'valid': 'unknown', 'note': f'cannot be checked now: {err}'})
        return
    if is_valid:
        event.set_results({**result, 'valid': 'true'})
    else:
        note = f'it was changed since, or the user is gone; {reset} makes a new one'
        event.set_results({**result, 'valid': 'false', 'note': note})


def _rotate_keys(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    _need_leader(charm)
    made = keys.make_keys()
    keys.write(charm.app, charm.model, keys.KEYS, made)
    # Peers hear of it by the secret and by this flag; this unit does it now.
    charm.peers.update(keys=_now())
    charm.reconcile_after(event, made)
    event.set_results({'result': 'new keys and salts; everybody is logged out'})


def _reset_admin_password(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    _need_leader(charm)
    _need_site(charm)
    admin = keys.read(charm.model, keys.ADMIN) or {}
    user = str(event.params.get('user') or admin.get('username', ''))
    password = keys.make_password()
    charm.workload.wpctl.set_password(user=user, password=password)
    if user == admin.get('username') or charm.peers.flags().origin == peers.BEFORE_US:
        keys.write(charm.app, charm.model, keys.ADMIN, {'username': user, 'password': password})
        charm.peers.update(origin=peers.BY_US)
    event.set_results({'user': user, 'password': password})


def _rehearse_upgrade(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    _need_site(charm)
    found = charm.workload.wpctl.rehearse(timeout_s=LONG_S)
    if not found.good:
        raise _Failed(
            f'the upgrade went wrong on a copy, the site was not touched: {"; ".join(found.problems)}'
        )
    event.set_results(
        {
            'version': charm.workload.code().version,
            'schema-of-database': str(found.before),
            'schema-of-code': str(found.wanted),
            'upgrade-needed': str(found.needed).lower(),
            'copied-rows': str(found.rows),
            'copied-to': found.where,
            'changed-tables': ', '.join(found.changed) or 'none',
            'seconds': f'{found.seconds:.1f}',
        }
    )


def _media_sync(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    _need_site(charm)
    found = charm.workload.wpctl.media_sync(timeout_s=LONG_S)
    event.set_results({key: str(found.get(key, 0)) for key in ('uploaded', 'present')})


def _backup(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    _need_site(charm)
    name = f'{charm.app.name}-{_now()}'
    made = _store(charm).backup(
        name,
        site_keys=keys.read(charm.model, keys.KEYS) or {},
        has_uploads=bool(event.params.get('uploads', True)),
    )
    event.set_results({'backup-id': name, **made})


def _restore(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    _need_leader(charm)
    _need_site(charm)
    store, name = _store(charm), str(event.params['backup-id'])
    store.need(name)
    before = charm.workload.export_path(f'before-restore-{_now()}')
    if charm.peers.flags().installed:
        charm.workload.wpctl.export_to(before, timeout_s=LONG_S)
    former = store.restore(name)
    keys.write(charm.app, charm.model, keys.KEYS, former)
    # What was applied to the former tables says nothing about these.
    charm.peers.update(applied='', schema='', installed='', keys=_now())
    charm.reconcile_after(event, former)
    event.set_results({'result': f'{name} is back', 'before': before})


def _list_backups(charm: wordpress.WordpressCharm, event: ops.ActionEvent) -> None:
    _need_site(charm)
    event.set_results({'backups': '\n'.join(_store(charm).names())})


def _store(charm: wordpress.WordpressCharm) -> backups.Store:
    bucket = objectstore.related_s3(related.Related(charm))
    return backups.Store(charm.unit.get_container(workload.CONTAINER), bucket)


def _need_leader(charm: wordpress.WordpressCharm) -> None:
    if not charm.unit.is_leader():
        raise _Failed(f'only the leader can do that; juju run {charm.app.name}/leader ...')


def _need_site(charm: wordpress.WordpressCharm) -> None:
    if not charm.workload.is_there:
        raise _Failed('the workload container does not answer yet')
    if not charm.workload.has_file(files.SITE):
        raise _Failed('there is no site yet: see juju status')


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime('%Y%m%dT%H%M%SZ')


_ACTIONS: dict[str, Callable[[wordpress.WordpressCharm, ops.ActionEvent], None]] = {
    'get-initial-password': _get_initial_password,
    'rotate-keys': _rotate_keys,
    'reset-admin-password': _reset_admin_password,
    'backup': _backup,
    'restore': _restore,
    'list-backups': _list_backups,
    'rehearse-upgrade': _rehearse_upgrade,
    'media-sync': _media_sync,
}
