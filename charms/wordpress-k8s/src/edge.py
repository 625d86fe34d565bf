"""The edge: what stands between readers and Apache, and so what the site's address is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import config
import related
import state

INGRESS = 'ingress'
NGINX = 'nginx-route'
WEBSITE = 'website'
CERTIFICATES = 'certificates'
LEAST_BODY_MB = 10
LEAST_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """How readers reach the site.

    Attributes:
        url: The site's address.
        behind_proxy: Whether somebody in between tells who asked.
        blocked: What a person must do before readers reach the site, empty when nothing.
        waiting: What will come by itself, empty when nothing.
        note: What whoever looks at a site that is served wants to know, empty when nothing.
        certificate: What Apache itself proves the host name with.
    """

    url: str
    behind_proxy: bool = False
    blocked: str = ''
    waiting: str = ''
    note: str = ''
    certificate: state.Certificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an ingress has to bear with.

    Attributes:
        body_mb: How much it lets through in one request, in MiB; 0 means all.
        timeout_s: How long it waits for an answer.
    """

    body_mb: int
    timeout_s: int


class Cluster(Protocol):
    """What of the cluster this charm needs to keep an Ingress of its own."""

    def ensure(self, *, host: str, hosts: tuple[str, ...], port: int, tls_secret: str, bounds: Limits) -> str:
        """Bring the Ingress to what is given; return what a person must do first, empty when nothing."""
        ...

    def remove(self) -> None:
        """Take the Ingress away; it need not be there."""
        ...


class Issuer(Protocol):
    """Where certificates come from."""

    def certificate(self, hosts: tuple[str, ...]) -> state.Certificate | None:
        """Return the certificate for *hosts*, asking for one when there is none yet."""
        ...


def choose(
    others: related.Related,
    options: config.Config,
    *,
    app: str,
    model: str,
    unit: str,
    is_leader: bool,
    cluster: Cluster,
    issuer: Issuer,
) -> Edge:
    """Choose the edge, tell the application at it what it must know, and return it."""
    host, port = options.hostname, options.http_port
    if relations := others.relations(NGINX):
        for relation in relations:
            others.publish_app(relation, _nginx_bag(options, app=app, model=model))
        has_tls = bool(options.tls_secret_name) or options.edge_has_tls
        return Edge(url=f'{_scheme(has_tls)}://{host}', behind_proxy=True)
    if others.relations(INGRESS):
        return _ingress(others, options, app=app, model=model, unit=unit)
    if options.tls_secret_name:
        hosts = (host, *options.more_hostnames)
        # One unit of the application keeps the one Ingress.
        blocked = (
            cluster.ensure(
                host=host,
                hosts=hosts,
                port=port,
                tls_secret=options.tls_secret_name,
                bounds=limits(options),
            )
            if is_leader
            else ''
        )
        return Edge(url=f'https://{host}', behind_proxy=True, blocked=blocked)
    if others.relations(CERTIFICATES):
        certificate = issuer.certificate((host, *options.more_hostnames))
        waiting = '' if certificate else 'certificates: the certificate has been asked for'
        url = f'https://{host}{_port(options.https_port, 443)}'
        return Edge(url=url, certificate=certificate, waiting=waiting, behind_proxy=_is_fronted(others))
    if _is_fronted(others):
        has_tls = options.edge_has_tls or _website_has_tls(others)
        return Edge(url=f'{_scheme(has_tls)}://{host}', behind_proxy=True)
    if options.edge_has_tls:
        return Edge(url=f'https://{host}', behind_proxy=True)
    return Edge(url=f'http://{host}{_port(port, 80)}')


def publish_website(others: related.Related, *, port: int) -> None:
    """Tell a load balancer, which may be on a machine, where this unit is."""
    for relation in others.relations(WEBSITE):
        others.publish(relation, {'hostname': others.address(WEBSITE), 'port': str(port)})


def limits(options: config.Config) -> Limits:
    """Return what an ingress has to bear with so that PHP's own limits are the ones that count."""
    largest = options.largest_request_bytes
    return Limits(
        body_mb=max(LEAST_BODY_MB, -(-largest // (1 << 20))) if largest else 0,
        timeout_s=max(LEAST_TIMEOUT_S, int(options.php['max_execution_time'])),
    )


def keeps_ingress(others: related.Related, options: config.Config) -> bool:
    """Tell whether the charm keeps an Ingress of its own."""
    return bool(options.tls_secret_name) and not others.relations(NGINX) and not others.relations(INGRESS)


def _ingress(others: related.Related, options: config.Config, *, app: str, model: str, unit: str) -> Edge:
    """Use the second version of the interface ``ingress``, whose values are JSON."""
    waiting, url = 'ingress: the address has not been given yet', ''
    for relation in others.relations(INGRESS):
        given = related.json_mapping(others.app_bag(relation).get('ingress', ''))
        url = str(given.get('url') or '')
        wanted = {
            'model': model,
            'name': app,
            'port': options.http_port,
            'scheme': 'http',
            'strip-prefix': True,
            # Where TLS ends before the ingress, all that comes to it is http: it would redirect for ever.
            'redirect-https': url.startswith('https:') or not options.edge_has_tls,
            'healthcheck-params': {'path': '/-/alive'},
        }
        others.publish_app(relation, {key: json.dumps(value) for key, value in wanted.items()})
        address = f'{unit.replace("/", "-")}.{app}-endpoints.{model}.svc.cluster.local'
        ip = others.unit_address(INGRESS)
        others.publish(relation, {'host': json.dumps(address), 'ip': json.dumps(ip or None)})
    parts = urlsplit(url)
    scheme = 'https' if options.edge_has_tls or options.tls_secret_name else parts.scheme or 'http'
    if options.has_hostname:
        # Something in front may lead that name on; when nothing does, this tells why nobody comes.
        note = f'the ingress serves it as {url}' if url and parts.hostname != options.hostname else ''
        return Edge(
            url=f'{scheme}://{options.hostname}',
            behind_proxy=True,
            waiting='' if url else waiting,
            note=note,
        )
    if not parts.netloc:
        return Edge(url=f'{scheme}://{options.hostname}', behind_proxy=True, waiting=waiting)
    blocked = ''
    if parts.path.strip('/'):
        blocked = (
            f'ingress: the address has a path; juju config {app} blog_hostname=HOST, '
            'or have the ingress route by host names'
        )
    return Edge(url=f'{scheme}://{parts.netloc}', behind_proxy=True, blocked=blocked)


def _nginx_bag(options: config.Config, *, app: str, model: str) -> dict[str, str]:
    bounds = limits(options)
    return {
        'service-hostname': options.hostname,
        'additional-hostnames': ','.join(options.more_hostnames),
        'service-name': app,
        'service-namespace': model,
        'service-port': str(options.http_port),
        'tls-secret-name': options.tls_secret_name,
        'max-body-size': str(bounds.body_mb),
        'proxy-read-timeout': str(bounds.timeout_s),
        'proxy-send-timeout': str(bounds.timeout_s),
        'owasp-modsecurity-crs': str(options.modsecurity),
        'retry-errors': 'off',
        'path-routes': '/',
    }


def _is_fronted(others: related.Related) -> bool:
    return bool(others.relations(WEBSITE))


def _website_has_tls(others: related.Related) -> bool:
    """Load balancers that speak TLS tell their certificate."""
    bags = (bag for relation in others.relations(WEBSITE) for bag in others.unit_bags(relation))
    return any(bag.get('ssl_cert') for bag in bags)


def _scheme(has_tls: bool) -> str:
    return 'https' if has_tls else 'http'


def _port(port: int, usual: int) -> str:
    return '' if port == usual else f':{port}'
