"""What is wanted of the site, gathered from options, relations and secrets into one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import config
import database

_PRIVATE = ('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7')


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What Apache proves the host name with; *chain* begins with the certificate itself."""

    chain: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What other applications give, as the image's ``site.json`` wants it; nothing where there is nobody."""

    object_storage: Mapping[str, object] | None = None
    smtp: Mapping[str, object] | None = None
    redis: Mapping[str, object] | None = None
    oidc: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All that decides how the site is served.

    Attributes:
        url: The site's only address.
        behind_proxy: Whether requests come through somebody who tells who asked.
        keys: WordPress's keys and salts.
        downloads: Name of the folder of downloaded plugins and themes, empty when there are none.
    """

    url: str
    hosts: tuple[str, ...]
    behind_proxy: bool
    database: database.Database
    keys: Mapping[str, str]
    options: config.Config
    extras: Extras = Extras()
    downloads: str = ''
    certificate: Certificate | None = None

    @property
    def has_tls(self) -> bool:
        """Whether readers come by https."""
        return self.url.startswith('https:')

    @property
    def trusted_proxies(self) -> tuple[str, ...]:
        """Networks whose forwarded headers count."""
        return self.options.trusted_proxies or (_PRIVATE if self.behind_proxy else ())


def site_json(site: Site) -> dict[str, object]:
    """Return what the image reads as ``/run/wordpress/site.json``."""
    options, base = site.options, site.database
    openid: dict[str, object] = {}
    if options.openid_teams:
        openid = {'openid': {'provider': options.openid_provider, 'team_map': dict(options.openid_teams)}}
    sign_on = {**openid, **({'oidc': dict(site.extras.oidc)} if site.extras.oidc else {})}
    return {
        'url': site.url,
        'additional_hosts': list(site.hosts),
        'database': {
            'host': base.host,
            'port': base.port,
            'socket': base.socket,
            'name': base.name,
            'user': base.user,
            'password': base.password,
            'tls': base.tls,
            'ca': base.ca,
        },
        'keys': dict(site.keys),
        'force_ssl_admin': site.has_tls,
        'egress': {'block': True, 'allow': list(options.egress)},
        'smtp': site.extras.smtp,
        'object_storage': site.extras.object_storage,
        'sso': sign_on or None,
        'redis': site.extras.redis,
        'constants': dict(options.constants),
        'trusted_proxies': list(site.trusted_proxies),
        'akismet_key': options.akismet_key,
        'downloads': site.downloads,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What the database is told, beyond what files say."""

    options: Mapping[str, object]
    activate: tuple[str, ...]
    theme: str


def applied(options: config.Config) -> Applied:
    """Return the options, plugins and theme that the database shall have."""
    plugins = [addon.slug for addon in options.plugins]
    found: dict[str, object] = {}
    if options.akismet_key:
        if 'akismet' not in plugins:
            plugins.append('akismet')
        # The key itself is a constant of site.json: the database and its backups never hold it.
        found = {'akismet_strictness': '0', 'akismet_show_user_comments_approved': '0'}
    return Applied(
        options=found, activate=tuple(plugins), theme=options.themes[0].slug if options.themes else ''
    )
