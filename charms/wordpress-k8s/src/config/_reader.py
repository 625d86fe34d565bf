"""Goes through all options and gathers what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from . import _values as values
from . import _yaml as yaml
from ._types import (
    PULL_POLICY,
    Config,
    ConfigFaults,
    DatabaseOptions,
    Fault,
    InitialSettings,
    Oidc,
    Secret,
    SecretFault,
    Swift,
)

_CONSTANT = re.compile(r'[A-Z][A-Z0-9_]*')
_SIZE = re.compile(r'[0-9]{1,12}[KMGkmg]?')
_EMAIL = re.compile(r'[^@\s<>"]+@[^@\s<>".]+(\.[^@\s<>".]+)+')
_LONGEST_PASSWORD = 4096
_FIXED = (
    'AUTOMATIC_UPDATER_DISABLED DB_CHARSET DB_COLLATE DB_HOST DB_NAME DB_PASSWORD DB_USER DISABLE_WP_CRON '
    'DISALLOW_FILE_EDIT DISALLOW_FILE_MODS FORCE_SSL_ADMIN FS_METHOD WP_ALLOW_REPAIR WP_AUTO_UPDATE_CORE '
    'WP_CACHE_KEY_SALT WP_CONTENT_DIR WP_CONTENT_URL WP_DEBUG WP_DEBUG_DISPLAY WP_HOME WP_SITEURL WP_TEMP_DIR'
)
"""Constants that the image gives itself, whatever else is said."""

T = TypeVar('T')


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
        http, https = self._try('ports', values.ports, (8080, 8443))
        database = self._database()
        environment, has_pull_policy = self._environment()
        hostname = self._try('blog_hostname', values.hostname, '') or self._app
        teams = self._try('wp_plugin_openid_team_map', values.roles, {})
        groups = self._try('oidc_group_map', values.roles, {})
        php = self._php()
        found = Config(
            image=self._image(),
            http_port=http,
            https_port=https,
            tls_secret_name=self._try('tls_secret_name', values.kube_name, ''),
            database=database,
            database_name=self._text('db_name'),
            environment=environment,
            has_pull_policy=has_pull_policy,
            initial=self._initial(hostname),
            hostname=hostname,
            has_hostname=hostname != self._app,
            more_hostnames=self._try('additional_hostnames', values.hostnames, ()),
            akismet_key=self._try('wp_plugin_akismet_key', self._akismet, ''),
            openid_provider=self._try('openid_provider', values.web_address, ''),
            openid_teams=teams,
            oidc_groups=groups,
            oidc=self._oidc(groups),
            swift=self._swift(),
            plugins=self._try('plugins', values.addons, ()),
            themes=self._try('themes', values.addons, ()),
            allow_downloads=self._flag('allow_downloads'),
            php=php,
            largest_request_bytes=values.size_in_bytes(php.get('post_max_size', '0')),
            egress=self._try('allow_egress', values.egress, ()),
            constants=self._constants(),
            trusted_proxies=self._try('trusted_proxies', values.networks, ()),
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
        except Fault as err:
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
            text = yaml.only_value(self._secret(text), 'key')
        text = text.strip()
        if text and not re.fullmatch(r'[A-Za-z0-9]{4,64}', text):
            raise Fault('must be an API key of Akismet: letters and digits only')
        return text

    def _database(self) -> DatabaseOptions | None:
        text = self._text('db_host').strip()
        if not text:
            return None
        host, port, socket = self._try('db_host', values.db_host, ('', 3306, ''))
        name = self._text('db_name') or 'wordpress'
        user = self._text('db_user')
        if len(name) > 64 or not name.isprintable() or set(name) & set('/\\`'):
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
        return yaml.only_value(self._secret(uri), 'password') if uri else ''

    def _environment(self) -> tuple[Mapping[str, str], bool]:
        found = dict(self._try('container_config', lambda text: yaml.variables(text, secret=False), {}))
        # Kubernetes decides when images are pulled; as a variable it would only mislead.
        has_pull_policy = found.pop(PULL_POLICY, None) is not None
        found.update(self._try('container_secrets', self._container_secrets, {}))
        found.update(self._try('container_secrets_id', self._secret_variables, {}))
        return found, has_pull_policy

    def _container_secrets(self, text: str) -> Mapping[str, str]:
        if text.startswith('secret:'):
            return self._secret_variables(text)
        return yaml.variables(text, secret=True)

    def _secret_variables(self, uri: str) -> Mapping[str, str]:
        if not uri:
            return {}
        return {key.replace('-', '_').upper(): value for key, value in self._secret(uri).items()}

    def _initial(self, hostname: str) -> InitialSettings:
        settings = self._try('initial_settings', yaml.initial_settings, {})
        given = self._try('admin_secret', lambda uri: self._secret(uri) if uri else {}, {})
        user = yaml.scalar(settings.get('user_name', given.get('username', 'admin')))
        email = yaml.scalar(settings.get('admin_email', given.get('email', 'devnull@example.com')))
        title = yaml.scalar(settings.get('weblog_title', hostname))
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
        text = yaml.scalar(password) if password is not None else None
        if password is not None and (not text or len(text) > _LONGEST_PASSWORD):
            self._fault(
                'initial_settings', f'admin_password must be text of 1 to {_LONGEST_PASSWORD} characters'
            )
        public = yaml.truth(settings.get('blog_public', True))
        if public is None:
            self._fault('initial_settings', 'blog_public must be true or false')
        return InitialSettings(
            user=user or '', email=email or '', password=text, title=title or '', public=public is not False
        )

    def _oidc(self, groups: Mapping[str, str]) -> Oidc | None:
        issuer = self._try('oidc_issuer', values.web_address, '')
        if not issuer:
            return None
        client_id = self._text('oidc_client_id')
        if not client_id:
            self._fault('oidc_client_id', 'must be given with oidc_issuer')
        password = self._try(
            'oidc_client_secret', lambda uri: yaml.only_value(self._secret(uri), 'secret') if uri else '', ''
        )
        if not groups:
            self._fault('oidc_group_map', 'must map groups to roles, such as staff=editor,*=subscriber')
        return Oidc(issuer=issuer, client_id=client_id, client_secret=password, group_map=groups)

    def _swift(self) -> Swift | None:
        name = 'wp_plugin_openstack-objectstorage_config'

        def understand(text: str) -> Swift | None:
            if text.startswith('secret:'):
                return yaml.swift(dict(self._secret(text)))
            return yaml.swift(yaml.mapping(text, secret=True))

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
        if not self._faults and values.size_in_bytes(found['post_max_size']) < values.size_in_bytes(
            found['upload_max_filesize']
        ):
            self._fault('post_max_size', 'must be at least upload_max_filesize')
        return found

    def _constants(self) -> Mapping[str, str | int | float | bool]:
        found = self._try('wp_config_extra', lambda text: yaml.mapping(text, secret=False), {})
        for name, value in found.items():
            if not _CONSTANT.fullmatch(name) or not isinstance(value, str | int | float | bool):
                self._fault(
                    'wp_config_extra',
                    'must map names of constants to plain values, such as WP_POST_REVISIONS: 5',
                )
                return {}
        if taken := sorted(found.keys() & set(_FIXED.split())):
            self._fault('wp_config_extra', f'cannot change what is fixed: {", ".join(taken)}')
        return cast('Mapping[str, str | int | float | bool]', found)
