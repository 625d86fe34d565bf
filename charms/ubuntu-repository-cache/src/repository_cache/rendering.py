"""The files on the machine, as text. Pure: the templates are next to the code."""

from __future__ import annotations

import dataclasses
import json
import string
from pathlib import Path
from urllib.parse import urlsplit

from repository_cache.options import RUNTIME, Facts, Plan

CODE = '/usr/local/lib/repository-keeper'
SETTINGS = '/etc/repository-keeper/keeper.json'
NGINX_CONF = '/etc/repository-keeper/nginx.conf'
NGINX_DROPIN = '/etc/systemd/system/nginx.service.d/repository-cache.conf'
UNIT = '/etc/systemd/system/repository-keeper.service'
USER = 'repository-keeper'
_TEMPLATES = Path(__file__).parent.parent / 'templates'


class _Template(string.Template):
    """Names are written ``%{name}``, because nginx and shells use the dollar themselves."""

    delimiter = '%'


def keeper_settings(plan: Plan) -> str:
    """The keeper's settings file."""
    return json.dumps(dataclasses.asdict(plan.settings), indent=2, sort_keys=True) + '\n'


def keeper_unit(plan: Plan) -> str:
    """The keeper's systemd unit."""
    return _render(
        'repository-keeper.service',
        code=CODE,
        settings=SETTINGS,
        user=USER,
        runtime=Path(RUNTIME).name,
        store=plan.settings.store,
    )


def nginx_dropin() -> str:
    """Makes the packaged nginx unit run with the charm's configuration."""
    return _render('nginx-dropin.conf', config=NGINX_CONF)


def nginx_conf(plan: Plan, facts: Facts, *, ipv6: bool) -> str:
    """The whole configuration of nginx."""
    return _render(
        'nginx.conf',
        port=str(plan.port),
        listen6=f'listen [::]:{plan.port} default_server backlog=1024;' if ipv6 else '',
        base=plan.settings.path_base,
        store=plan.settings.store,
        runtime=RUNTIME,
        origin=origin_block(plan, facts),
    )


def origin_block(plan: Plan, facts: Facts) -> str:
    """What nginx does with a package that is not stored while the keeper is down.

    The name is looked up when it is needed: nginx would not even start if a name in its configuration did not
    resolve, and hits must not depend on that.
    """
    parts = urlsplit(plan.settings.origins[0])
    host = parts.hostname or ''
    port = parts.port or 80
    literal = host.replace('.', '').isdigit() or ':' in host
    address = host if literal else facts.hosts.get(host, '')
    resolver = ''
    if not address:
        if not facts.nameservers:
            return 'return 503;'
        address = host
        servers = ' '.join(f'[{name}]' if ':' in name else name for name in facts.nameservers)
        resolver = f'resolver {servers} valid=60s;'
    target = f'[{address}]:{port}' if ':' in address else f'{address}:{port}'
    return _render(
        'nginx-origin.conf',
        resolver=resolver,
        target=target,
        host=parts.netloc,
        path=parts.path.strip('/'),
        base=plan.settings.path_base,
    )


def _render(name: str, **values: str) -> str:
    return _Template((_TEMPLATES / name).read_text()).substitute(values)
