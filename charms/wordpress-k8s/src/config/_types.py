"""What the options are, once they are understood; and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

PULL_POLICY = 'imagePullPolicy'
"""A key that the first users of this charm put into container_config; it was never a variable."""

Secret = Callable[[str], Mapping[str, str]]
"""Returns the content of a secret by its id; raises ``SecretFault`` when this application may not read it."""


class SecretFault(Exception):
    """A secret that is named in an option cannot be read."""


class ConfigFaults(Exception):
    """Options that cannot work.

    Attributes:
        faults: one text for each, the option's name first and the remedy last.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__('; '.join(faults))
        self.faults = faults


class Fault(Exception):
    """What is wrong with one value, without the option's name."""


@dataclass(frozen=True, slots=True)
class Addon:
    """A plugin or a theme by the name of its folder; a version is named where it is downloaded."""

    slug: str
    version: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseOptions:
    """The database that the operator names."""

    host: str
    port: int
    socket: str
    name: str
    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialSettings:
    """What the first installation is made with; without a password the charm makes one."""

    user: str
    email: str
    password: str | None
    title: str
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Swift:
    """Object storage in OpenStack."""

    auth_url: str
    container: str
    username: str
    password: str
    prefix: str
    region: str
    project: str
    domain: str
    url: str
    copy: bool
    serve: bool
    remove_local: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """An OpenID Connect provider and the roles of its groups."""

    issuer: str
    client_id: str
    client_secret: str
    group_map: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All options, understood."""

    image: str
    http_port: int
    https_port: int
    tls_secret_name: str
    database: DatabaseOptions | None
    database_name: str
    environment: Mapping[str, str]
    has_pull_policy: bool
    initial: InitialSettings
    hostname: str
    has_hostname: bool
    more_hostnames: tuple[str, ...]
    akismet_key: str
    openid_provider: str
    openid_teams: Mapping[str, str]
    oidc_groups: Mapping[str, str]
    oidc: Oidc | None
    swift: Swift | None
    plugins: tuple[Addon, ...]
    themes: tuple[Addon, ...]
    allow_downloads: bool
    php: Mapping[str, str]
    largest_request_bytes: int
    egress: tuple[str, ...]
    constants: Mapping[str, str | int | float | bool]
    trusted_proxies: tuple[str, ...]
    workers: int
    xmlrpc: bool
    cron_interval_s: int
    health_timeout_s: int
    modsecurity: bool
    edge_has_tls: bool
    allow_local_uploads: bool
