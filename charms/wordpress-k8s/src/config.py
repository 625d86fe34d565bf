"""The charm's options, typed. Every problem names its option and its remedy; no secret is ever repeated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

import yaml

ROLES = ('administrator', 'editor', 'author', 'contributor', 'subscriber')
PULL_POLICY = 'imagePullPolicy'
"""A key that the first users of this charm put into container_config; it was never a variable."""

_TRUE = ('true', 'yes', 'on', '1', 'checked')
_FALSE = ('false', 'no', 'off', '0', 'unchecked')
_HOST = re.compile(
    r'(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?', re.IGNORECASE
)
_VARIABLE = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_CONSTANT = re.compile(r'[A-Z][A-Z0-9_]*')
_SIZE = re.compile(r'[0-9]{1,12}[KMGkmg]?')
_SLUG = re.compile(r'[a-z0-9][a-z0-9_-]*')
_KUBE_NAME = re.compile(r'[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?')
_EMAIL = re.compile(r'[^@\s<>"]+@[^@\s<>".]+(\.[^@\s<>".]+)+')
_LONGEST_PASSWORD = 4096

Secret = Callable[[str], Mapping[str, str]]
"""Returns the content of a secret by its id; raises ``SecretFault`` when this application may not read it."""

T = TypeVar('T')


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


class _Fault(Exception):
    """What is wrong with one value, without the option's name."""


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
    plugins: tuple[str, ...]
    themes: tuple[str, ...]
    php: Mapping[str, str]
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


def load(raw: Mapping[str, object], *, app: str, secret: Secret) -> Config:
    """Return the options in *raw*, which holds every option that has a value.

    Args:
        app: Name of the application, the host name when none is given.
        secret: Reads the secrets that options name.

    Raises:
        ConfigFaults: at least one option cannot work.
    """
    return _Reader(raw, app, secret).config()


class _Reader:
    """Goes through all options and gathers what is wrong with them."""

    def __init__(self, raw: Mapping[str, object], app: str, secret: Secret) -> None:
        self._raw = raw
        self._app = app
        self._secret = secret
        self._faults: list[str] = []

    def config(self) -> Config:
        http, https = self._try('ports', _ports, (8080, 8443))
        database = self._database()
        environment, has_pull_policy = self._environment()
        hostname = self._try('blog_hostname', _hostname, '') or self._app
        teams = self._try('wp_plugin_openid_team_map', _roles, {})
        groups = self._try('oidc_group_map', _roles, {})
        found = Config(
            image=self._image(),
            http_port=http,
            https_port=https,
            tls_secret_name=self._try('tls_secret_name', _kube_name, ''),
            database=database,
            environment=environment,
            has_pull_policy=has_pull_policy,
            initial=self._initial(hostname),
            hostname=hostname,
            has_hostname=hostname != self._app,
            more_hostnames=self._try('additional_hostnames', _hostnames, ()),
            akismet_key=self._try('wp_plugin_akismet_key', self._akismet, ''),
            openid_provider=self._try('openid_provider', _web_address, ''),
            openid_teams=teams,
            oidc_groups=groups,
            oidc=self._oidc(groups),
            swift=self._swift(),
            plugins=self._try('plugins', _slugs, ()),
            themes=self._try('themes', _slugs, ()),
            php=self._php(),
            egress=self._try('allow_egress', _egress, ()),
            constants=self._constants(),
            trusted_proxies=self._try('trusted_proxies', _networks, ()),
            workers=self._between('workers', 1, 256),
            xmlrpc=self._flag('xmlrpc'),
            cron_interval_s=self._between('cron_interval', 10, 86400),
            health_timeout_s=self._between('health_check_timeout_seconds', 1, 60),
            edge_has_tls=self._flag('edge_has_tls'),
            modsecurity=self._flag('use_nginx_ingress_modsec'),
            allow_local_uploads=self._flag('allow_local_uploads'),
        )
        if self._faults:
            raise ConfigFaults(tuple(self._faults))
        return found

    def _text(self, name: str) -> str:
        return str(self._raw.get(name, ''))

    def _flag(self, name: str) -> bool:
        return self._raw.get(name) is True

    def _between(self, name: str, least: int, most: int) -> int:
        value = self._raw.get(name, least)
        if isinstance(value, int) and least <= value <= most:
            return value
        self._fault(name, f'must be a number from {least} to {most}')
        return least

    def _fault(self, name: str, problem: str) -> None:
        self._faults.append(f'{name}: {problem}')

    def _try(self, name: str, understand: Callable[[str], T], default: T) -> T:
        """Return what *understand* makes of the option *name*; a fault is noted and gives *default*."""
        try:
            return understand(self._text(name))
        except _Fault as err:
            self._fault(name, str(err))
        except SecretFault:
            self._fault(name, f'cannot read the secret; juju grant-secret NAME {self._app}')
        return default

    def _image(self) -> str:
        image = self._text('image').strip()
        for name in ('image_user', 'image_pass'):
            if self._text(name) and not image:
                self._fault(name, 'belongs to an image, and the option image names none')
        if image and (not image.isprintable() or ' ' in image):
            self._fault('image', 'must be one image reference, such as registry.example.com/blog:1')
        return image

    def _akismet(self, text: str) -> str:
        if text.startswith('secret:'):
            text = _only_value(self._secret(text), 'key')
        text = text.strip()
        if text and not re.fullmatch(r'[A-Za-z0-9]{4,64}', text):
            raise _Fault('must be an API key of Akismet: letters and digits only')
        return text

    def _database(self) -> DatabaseOptions | None:
        text = self._text('db_host').strip()
        if not text:
            return None
        host, port, socket = self._try('db_host', _db_host, ('', 3306, ''))
        name = self._text('db_name')
        user = self._text('db_user')
        if not name or len(name) > 64 or not name.isprintable() or set(name) & set('/\\`'):
            self._fault('db_name', 'must be the name of a database: 1 to 64 characters, no slash or quote')
        if not user or len(user) > 128 or not user.isprintable():
            self._fault('db_user', 'must be the name of a database user')
        password = self._try('db_password_secret', self._db_password_of_secret, '')
        return DatabaseOptions(
            host=host,
            port=port,
            socket=socket,
            name=name,
            user=user,
            password=password or self._text('db_password'),
        )

    def _db_password_of_secret(self, uri: str) -> str:
        return _only_value(self._secret(uri), 'password') if uri else ''

    def _environment(self) -> tuple[Mapping[str, str], bool]:
        found = dict(self._try('container_config', lambda text: _variables(text, secret=False), {}))
        # Kubernetes decides when images are pulled; as a variable it would only mislead.
        has_pull_policy = found.pop(PULL_POLICY, None) is not None
        found.update(self._try('container_secrets', self._container_secrets, {}))
        found.update(self._try('container_secrets_id', self._secret_variables, {}))
        return found, has_pull_policy

    def _container_secrets(self, text: str) -> Mapping[str, str]:
        if text.startswith('secret:'):
            return self._secret_variables(text)
        return _variables(text, secret=True)

    def _secret_variables(self, uri: str) -> Mapping[str, str]:
        if not uri:
            return {}
        return {key.replace('-', '_').upper(): value for key, value in self._secret(uri).items()}

    def _initial(self, hostname: str) -> InitialSettings:
        settings = self._try('initial_settings', _initial_mapping, {})
        given = self._try('admin_secret', lambda uri: self._secret(uri) if uri else {}, {})
        user = _scalar(settings.get('user_name', given.get('username', 'admin')))
        email = _scalar(settings.get('admin_email', given.get('email', 'devnull@example.com')))
        title = _scalar(settings.get('weblog_title', hostname))
        password: object = given.get('password', settings.get('admin_password'))
        if given and 'password' not in given:
            self._fault('admin_secret', 'holds no key "password"; juju update-secret NAME password=...')
        if user is None or not re.fullmatch(r'[A-Za-z0-9 _.@-]{1,60}', user):
            self._fault(
                'initial_settings', 'user_name must be 1 to 60 of: letters, digits, blanks and _ . @ -'
            )
        if email is None or not _EMAIL.fullmatch(email):
            self._fault('initial_settings', 'admin_email must be a mail address, such as me@example.com')
        if title is None:
            self._fault('initial_settings', 'weblog_title must be text')
        text = _scalar(password) if password is not None else None
        if password is not None and (not text or len(text) > _LONGEST_PASSWORD):
            self._fault(
                'initial_settings', f'admin_password must be text of 1 to {_LONGEST_PASSWORD} characters'
            )
        public = _truth(settings.get('blog_public', True))
        if public is None:
            self._fault('initial_settings', 'blog_public must be true or false')
        return InitialSettings(
            user=user or '', email=email or '', password=text, title=title or '', public=public is not False
        )

    def _oidc(self, groups: Mapping[str, str]) -> Oidc | None:
        issuer = self._try('oidc_issuer', _web_address, '')
        if not issuer:
            return None
        client_id = self._text('oidc_client_id')
        if not client_id:
            self._fault('oidc_client_id', 'must be given with oidc_issuer')
        password = self._try(
            'oidc_client_secret', lambda uri: _only_value(self._secret(uri), 'secret') if uri else '', ''
        )
        if not groups:
            self._fault('oidc_group_map', 'must map groups to roles, such as staff=editor,*=subscriber')
        return Oidc(issuer=issuer, client_id=client_id, client_secret=password, group_map=groups)

    def _swift(self) -> Swift | None:
        name = 'wp_plugin_openstack-objectstorage_config'

        def understand(text: str) -> Swift | None:
            if text.startswith('secret:'):
                return _swift(dict(self._secret(text)))
            return _swift(_mapping(text, secret=True))

        return self._try(name, understand, None)

    def _php(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name in ('upload_max_filesize', 'post_max_size', 'memory_limit'):
            value = self._text(name).strip()
            if _SIZE.fullmatch(value) or (name == 'memory_limit' and value == '-1'):
                found[name] = value.upper()
            else:
                self._fault(name, 'must be a size such as 64M or 1G')
        for name, least in (('max_execution_time', 0), ('max_input_time', -1)):
            found[name] = str(self._between(name, least, 86400))
        if not self._faults and _bytes(found['post_max_size']) < _bytes(found['upload_max_filesize']):
            self._fault('post_max_size', 'must be at least upload_max_filesize')
        return found

    def _constants(self) -> Mapping[str, str | int | float | bool]:
        found = self._try('wp_config_extra', lambda text: _mapping(text, secret=False), {})
        for name, value in found.items():
            if not _CONSTANT.fullmatch(name) or not isinstance(value, str | int | float | bool):
                self._fault(
                    'wp_config_extra',
                    'must map names of constants to plain values, such as WP_POST_REVISIONS: 5',
                )
                return {}
        return cast('Mapping[str, str | int | float | bool]', found)


def _mapping(text: str, *, secret: bool) -> Mapping[str, object]:
    """Return the YAML mapping in *text*; of a *secret* one nothing is repeated, not even a character."""
    try:
        loaded: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        where = f' at line {mark.line + 1}, column {mark.column + 1}' if mark else ''
        why = '' if secret or not err.problem else f' ({err.problem})'
        raise _Fault(f'not valid YAML{where}{why}; write one "NAME: value" on each line') from None
    except (yaml.YAMLError, ValueError):
        raise _Fault('not valid YAML; write one "NAME: value" on each line') from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise _Fault('must be a YAML mapping; write one "NAME: value" on each line')
    return {str(key): value for key, value in cast('dict[object, object]', loaded).items()}


def _scalar(value: object) -> str | None:
    """Return *value* as text, or nothing when it is a list or a mapping or void."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return str(value) if isinstance(value, str | int | float) else None


def _truth(value: object) -> bool | None:
    """Return what *value* means as yes or no, or nothing when it means neither."""
    word = (_scalar(value) or '').strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _only_value(content: Mapping[str, str], key: str) -> str:
    """Return *key* of a secret's *content*, or its only value."""
    if key in content:
        return content[key]
    if len(content) != 1:
        raise _Fault(f'the secret must hold the key "{key}"; juju update-secret NAME {key}=...')
    return next(iter(content.values()))


def _variables(text: str, *, secret: bool) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in _mapping(text, secret=secret).items():
        plain = _scalar(value) if value is not None else ''
        if not _VARIABLE.fullmatch(name) or plain is None or '\0' in plain:
            raise _Fault('must map names of variables to plain values, one "NAME: value" on each line')
        found[name] = plain
    return found


def _initial_mapping(text: str) -> Mapping[str, object]:
    found = _mapping(text, secret=True)
    known = ('user_name', 'admin_email', 'weblog_title', 'admin_password', 'blog_public')
    if unknown := found.keys() - set(known):
        # A key could be a password whose name was forgotten, so it is not shown.
        raise _Fault(f'{len(unknown)} unknown key(s); known are {", ".join(known)}')
    return found


def _ports(text: str) -> tuple[int, int]:
    found = {'http': 8080, 'https': 8443}
    for entry in text.split():
        name, _, number = entry.partition(':')
        if name not in found or not number.isascii() or not number.isdigit() or not 0 < int(number) < 65536:
            raise _Fault('must be like "http:8080" or "http:8080 https:8443", ports from 1 to 65535')
        found[name] = int(number)
    if found['http'] == found['https']:
        raise _Fault('http and https must have different ports')
    if 9117 in found.values():
        raise _Fault('9117 is the port of the metrics; choose another one')
    return found['http'], found['https']


def _db_host(text: str) -> tuple[str, int, str]:
    text = text.strip()
    path = text.removeprefix('unix:')
    if path.startswith('/'):
        if not path.isprintable() or len(path) > 107:
            raise _Fault('must be HOST, HOST:PORT or unix:/path/of/socket')
        return '', 3306, path
    matched = re.fullmatch(r'(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+))(?::([0-9]{1,5}))?', text)
    host = (matched[1] or matched[2]) if matched else text
    port = int(matched[3]) if matched and matched[3] else 3306
    is_address = bool(matched and matched[1]) or _is_ipv6(text)
    if not 0 < port < 65536 or not (is_address or (matched and _HOST.fullmatch(host))):
        raise _Fault('must be HOST, HOST:PORT or unix:/path/of/socket')
    return host, port, ''


def _is_ipv6(text: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _hostname(text: str) -> str:
    text = text.strip().rstrip('.').lower()
    if text and (not _HOST.fullmatch(text) or '_' in text):
        raise _Fault('must be a host name such as blog.example.com, without scheme, port or path')
    return text


def _hostnames(text: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(_hostname(entry) for entry in _words(text)))
    except _Fault:
        raise _Fault('must be host names such as www.example.com, parted by commas') from None


def _words(text: str) -> list[str]:
    return [entry for entry in re.split(r'[\s,]+', text) if entry]


def _kube_name(text: str) -> str:
    text = text.strip()
    if text and not _KUBE_NAME.fullmatch(text):
        raise _Fault('must be the name of a Kubernetes secret: small letters, digits, dots and dashes')
    return text


def _web_address(text: str) -> str:
    text = text.strip()
    if text and (not re.fullmatch(r'https?://[^\s/?#@]+[^\s]*', text) or not text.isprintable()):
        raise _Fault('must be an address such as https://id.example.com')
    return text


def _roles(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in re.split(r'[,\n]', text))):
        team, separator, role = (part.strip() for part in entry.rpartition('='))
        if not separator or not team:
            raise _Fault('must be like team=role,team=role')
        if role not in ROLES:
            raise _Fault(f'a role must be one of: {", ".join(ROLES)}')
        found[team] = role
    return found


def _slugs(text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(_words(text)))
    if not all(_SLUG.fullmatch(word) for word in words):
        raise _Fault('must be names of folders such as akismet, parted by commas or on lines of their own')
    return words


def _egress(text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.lower() for word in _words(text)))
    if not all(_HOST.fullmatch(word.removeprefix('*.')) for word in words):
        raise _Fault('must be host names such as api.example.com or *.example.com, parted by commas')
    return words


def _networks(text: str) -> tuple[str, ...]:
    import ipaddress

    try:
        return tuple(str(ipaddress.ip_network(word, strict=False)) for word in _words(text))
    except ValueError:
        raise _Fault('must be networks such as 10.0.0.0/8, parted by commas') from None


def _bytes(size: str) -> int:
    return int(size.rstrip('KMG')) * {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}.get(size[-1], 1)


def _swift(settings: Mapping[str, object]) -> Swift | None:
    """Understand both generations of keys: url and prefix, or swift-url and object-prefix."""
    if not settings:
        return None

    def text(*names: str, needed: bool = False) -> str:
        given = [value for name in names if (value := _scalar(settings.get(name))) is not None]
        if needed and not (given and given[0]):
            raise _Fault(f'needs the key {names[0]}')
        return given[0] if given else ''

    def flag(name: str, default: bool) -> bool:
        found = _truth(settings.get(name, default))
        if found is None:
            raise _Fault(f'{name} must be true or false')
        return found

    auth_url, url = text('auth-url', needed=True), text('url', 'swift-url')
    for name, address in (('auth-url', auth_url), ('url', url)):
        if address and not re.fullmatch(r'https?://[^\s/?#@]+\S*', address):
            raise _Fault(f'{name} must be an address such as https://keystone.example.com/v3')
    return Swift(
        auth_url=auth_url,
        container=text('bucket', needed=True),
        username=text('username', needed=True),
        password=text('password', needed=True),
        prefix=text('prefix', 'object-prefix'),
        region=text('region'),
        project=text('tenant'),
        domain=text('domain') or 'Default',
        url=url,
        copy=flag('copy-to-swift', True),
        serve=flag('serve-from-swift', True),
        remove_local=flag('remove-local-file', False),
    )
