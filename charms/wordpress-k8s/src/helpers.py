"""Small services of other applications: an object cache, a mail server, a provider of logins."""

from __future__ import annotations

import json
from collections.abc import Mapping

import config
import related

REDIS = 'redis'
SMTP = 'smtp'
OAUTH = 'oauth'
_SCOPES = 'openid profile email groups'


def redis(others: related.Related) -> Mapping[str, object] | None:
    """Return the object cache that the relation gives."""
    for relation in others.relations(REDIS):
        app = others.opened(others.app_bag(relation))
        for unit in others.unit_bags(relation):
            host = app.get('leader-host') or unit.get('hostname', '')
            port = unit.get('port', '6379')
            if host and port.isdigit():
                password = app.get('password') or unit.get('password', '')
                return {'host': host, 'port': int(port), 'password': password}
    return None


def smtp(others: related.Related, *, hostname: str) -> Mapping[str, object] | None:
    """Return the mail server that the relation gives."""
    for relation in others.relations(SMTP):
        bag = others.app_bag(relation)
        host, port = bag.get('host', ''), bag.get('port', '25')
        if not host or not port.isdigit():
            continue
        password = bag.get('password', '')
        if uri := bag.get('password_id'):
            password = others.secret(uri).get('password', '')
        security = bag.get('transport_security', 'none').lower()
        return {
            'host': host,
            'port': int(port),
            'user': bag.get('user', ''),
            'password': password,
            'from': bag.get('smtp_sender') or f'wordpress@{bag.get("domain") or hostname}',
            'tls': security if security in ('starttls', 'tls') else 'none',
        }
    return None


def ask_oauth(others: related.Related, *, url: str) -> None:
    """Tell the provider of logins where it may send people back to."""
    for relation in others.relations(OAUTH):
        others.publish_app(
            relation,
            {
                'redirect_uri': f'{url}/-/sso/oidc/callback',
                'scope': _SCOPES,
                'grant_types': json.dumps(['authorization_code']),
                'audience': '[]',
                'token_endpoint_auth_method': 'client_secret_basic',
            },
        )


def oidc(others: related.Related, options: config.Config) -> Mapping[str, object] | None:
    """Return the provider of logins: that of the relation, or else that of the options."""
    for relation in others.relations(OAUTH):
        bag = others.app_bag(relation)
        secret = bag.get('client_secret', '')
        if uri := bag.get('client_secret_id'):
            secret = others.secret(uri).get('secret', '')
        if bag.get('issuer_url') and bag.get('client_id') and secret:
            found: dict[str, object] = {
                'issuer': bag['issuer_url'],
                'client_id': bag['client_id'],
                'client_secret': secret,
                # Without a map everybody whom the provider knows may read and comment.
                'group_map': dict(options.oidc_groups) or {'*': 'subscriber'},
            }
            return {**found, 'ca': bag['ca_chain']} if bag.get('ca_chain') else found
    if given := options.oidc:
        return {
            'issuer': given.issuer,
            'client_id': given.client_id,
            'client_secret': given.client_secret,
            'group_map': dict(given.group_map),
        }
    return None
