"""The texts that the workload reads, made from the wanted state alone."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import config
import downloads
import state

RUN = '/run/wordpress'
SITE = f'{RUN}/site.json'
APACHE = f'{RUN}/apache/charm.conf'
PHP = f'{RUN}/php/charm.ini'
CERTIFICATE = f'{RUN}/tls/cert.pem'
KEY = f'{RUN}/tls/key.pem'

DATABASE_ANSWERS = 'wordpress.charm/database-answers'
START_AGAIN = 'wordpress.charm/start-again'
"""The keys of the notices that the services of the charm give."""
START_AGAIN_S = 10
_NOTIFY = '/charm/bin/pebble notify'
_APACHE = ('/usr/sbin/apache2', '-DFOREGROUND', '-f', '/etc/wordpress/apache2.conf')
_AS_ROOT = ('-C', 'User www-data', '-C', 'Group www-data')
# Where Apache itself was killed, its workers go on and keep the port from the next one.
_ALONE = (
    'for one in /proc/[0-9]*; do '
    'read -r name <"$one/comm" && [ "$name" = apache2 ] && kill -9 "${one#/proc/}"; '
    'done 2>/dev/null; exec "$0" "$@"'
)

SECRET_FILES = (SITE, KEY)
RELOADED = (APACHE, PHP, CERTIFICATE, KEY)
"""Files that Apache only reads when it starts or is told to; a new site.json counts by itself."""


def wanted(site: state.Site) -> dict[str, str]:
    """Return every file of the workload by its path."""
    found = {
        SITE: json.dumps(state.site_json(site), indent=1, sort_keys=True) + '\n',
        APACHE: apache(site),
        PHP: ''.join(f'{name} = {value}\n' for name, value in sorted(site.options.php.items())),
    }
    if site.certificate:
        found[CERTIFICATE] = site.certificate.chain
        found[KEY] = site.certificate.key
    return found


def apache(site: state.Site) -> str:
    """Return the definitions that Apache's configuration in the image understands."""
    options = site.options
    lines = [f'Define HTTP_LISTEN {options.http_port}', f'Define WORKERS {options.workers}']
    if site.certificate:
        lines += ['Define TLS', f'Define TLS_LISTEN {options.https_port}']
    if options.xmlrpc:
        lines.append('Define XMLRPC')
    if site.downloads:
        lines.append(f'Define DOWNLOADS {downloads.TREES}/{site.downloads}')
    storage = site.extras.object_storage or {}
    if storage.get('serve') == 'proxy' and (public := str(storage.get('public_url', ''))):
        lines.append(
            f'Define UPLOADS_PROXY {public.rstrip("/")}/{str(storage.get("prefix", "")).lstrip("/")}'
        )
    return '\n'.join((*lines, ''))


def environment(options: config.Config) -> dict[str, str]:
    """Return the environment of Apache."""
    return {**options.environment, 'PHP_INI_SCAN_DIR': f':{RUN}/php'}


def waiting_layer(options: config.Config) -> dict[str, object]:
    """Return the Pebble layer of a unit that has nothing to serve yet: not ready, and able to wait."""
    return {
        'summary': 'WordPress',
        'services': {
            'await-database': _service(
                'tells the charm when the database answers',
                f'/usr/bin/wordpress-await-database {_NOTIFY} {DATABASE_ANSWERS}',
                is_on=False,
                **{'on-success': 'ignore', 'on-failure': 'restart'},
            ),
            # Pebble starts nothing again that ends within a second of its first start.
            'start-again': _service(
                'has the charm start once more what did not start',
                f"/bin/sh -c 'sleep {START_AGAIN_S} && exec {_NOTIFY} {START_AGAIN}'",
                is_on=False,
                **{'on-success': 'ignore', 'on-failure': 'ignore'},
            ),
            downloads.SERVICE: _service(
                'downloads plugins and themes',
                f'{downloads.PROGRAM} {_NOTIFY} {downloads.NOTICE}',
                is_on=False,
                user=downloads.USER,
                group=downloads.USER,
                **{'on-success': 'ignore', 'on-failure': 'restart', 'backoff-limit': '10m0s'},
            ),
        },
        'checks': {
            'site': _check(options, f'http://127.0.0.1:{options.http_port}/-/ready', 'ready', threshold=2)
        },
    }


def layer(
    options: config.Config,
    *,
    runs_cron: bool,
    as_root: bool,
    log_targets: Mapping[str, str],
    gone_targets: Sequence[str],
    labels: Mapping[str, str],
) -> dict[str, object]:
    """Return the Pebble layer of a unit that serves.

    Args:
        runs_cron: Whether this unit does the site's scheduled work.
        as_root: Whether Apache must begin as root to listen; requests still have the web user's rights.
        log_targets: Addresses of log stores by names.
        gone_targets: Log stores of the present plan that are no longer wanted.
        labels: What tells this unit's log lines from others.
    """
    here = f'http://127.0.0.1:{options.http_port}'
    base: dict[str, Any] = waiting_layer(options)
    services: dict[str, object] = {
        **base['services'],
        'apache': _service(
            'Apache with PHP',
            shlex.join(['/bin/sh', '-c', _ALONE, *_APACHE, *(_AS_ROOT if as_root else ())]),
            environment=environment(options),
            user='root' if as_root else 'www-data',
            group='root' if as_root else 'www-data',
        ),
        'exporter': _service(
            'metrics of Apache',
            f'/usr/bin/prometheus-apache-exporter --scrape_uri={here}/server-status?auto',
        ),
        'cron': _service(
            'scheduled work of the site',
            f'/usr/bin/wordpress-cron {options.cron_interval_s}',
            is_on=runs_cron,
        ),
    }
    checks: dict[str, object] = {
        **base['checks'],
        # Pages and the database must never decide whether a container is killed.
        'alive': _check(options, f'{here}/-/alive', 'alive', threshold=3),
        'exporter': _check(options, 'http://127.0.0.1:9117/metrics', '', threshold=3),
    }
    targets = {name: _target(address, ['all'], labels) for name, address in log_targets.items()}
    # A target cannot be taken out of a plan; one that no service uses sends nothing.
    targets.update({name: _target('http://127.0.0.1', ['-all'], {}) for name in gone_targets})
    return {'summary': 'WordPress', 'services': services, 'checks': checks, 'log-targets': targets}


def _service(summary: str, command: str, *, is_on: bool = True, **more: object) -> dict[str, object]:
    return {
        'override': 'replace',
        'summary': summary,
        'command': command,
        'startup': 'enabled' if is_on else 'disabled',
        'user': 'www-data',
        'group': 'www-data',
        # Pebble's choice, the user's home, need not be in an image.
        'working-dir': '/',
        **more,
    }


def _check(options: config.Config, address: str, level: str, *, threshold: int) -> dict[str, object]:
    found: dict[str, object] = {
        'override': 'replace',
        # Two of them in a row, and a database that hangs, are to be noticed in 15 s; Pebble wants more than
        # the timeout.
        'period': f'{max(6, options.health_timeout_s + 1)}s',
        'timeout': f'{options.health_timeout_s}s',
        'threshold': threshold,
        'http': {'url': address},
    }
    return {**found, 'level': level} if level else found


def _target(address: str, services: list[str], labels: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {
        'override': 'replace',
        'type': 'loki',
        'location': address,
        'services': services,
    }
    return {**found, 'labels': dict(labels)} if labels else found
