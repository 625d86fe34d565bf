"""What haproxy is told so that it is the door of a model: its configuration as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pocket.model.cluster import Front, Route

DEFAULT = '_default.pem'
"""No secret can be called so."""
_RETURN = 'http-request return status {} content-type text/plain string "{}"'
_UNKNOWN = '404: nothing is served at this address.\\n'
_NOBODY = '503: the application has no unit that runs.\\n'
_BANNED = '403: not from this address.\\n'
_HASTY = '503: too many requests from this address.\\n'
_BURST = 5
"""For how many seconds requests are counted together: a page may come with its pictures."""
_FOREIGN = (
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Port',
    'X-Forwarded-Proto',
    'X-Real-IP',
)


def certificate_list(front: Front) -> str:
    """Which certificate is shown for which hosts; the first is for all others."""
    lines = [DEFAULT]
    for name, hosts in front.hosts.items():
        lines.append(f'{name}.pem {" ".join(hosts)}'.rstrip())
    return ''.join(f'{line}\n' for line in lines)


def configuration(front: Front, *, folder: Path, user: str) -> str:
    """The configuration of the door *front*.

    Args:
        folder: Where certificates and their list (``list``) are. haproxy has to be started in it, for the
            path of its socket would be too long in some homes.
        user: Whom the process that talks with the world runs as.
    """
    # A pod may have one process for each connection: with eight of them, a connection that is kept for later
    # keeps other requests waiting. And one that a pod closes while it is used again fails a request.
    place = str(folder).replace('\\', '\\\\').replace('"', '\\"').replace('$', '\\$')
    routes = sorted(front.routes, key=_order)
    uses = ''.join(
        f'    use_backend route{number}{_condition(_host(route.host), path)}\n'
        for number, route in enumerate(routes)
        for path in _paths(route)
    )
    backends = ''.join(_backend(number, route) for number, route in enumerate(routes))
    removed = ''.join(f'    http-request del-header {name}\n' for name in _FOREIGN)
    return f"""global
    user {user}
    chroot "{place}/empty"
    stats socket unix@control mode 600 level admin expose-fd listeners
    crt-base "{place}"
    maxconn 4000
    hard-stop-after 60s
    tune.ssl.default-dh-param 2048
    ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-request 15s
    timeout http-keep-alive 30s
    option redispatch 1
    retry-on conn-failure empty-response
    option http-server-close
    retries 2

frontend door
    bind {front.gateway}:80
    bind {front.gateway}:443 ssl crt-list "{place}/list" alpn h2,http/1.1
    http-request set-var(txn.host) req.hdr(host),field(1,:),lower
{removed}    option forwardfor
    http-request set-header X-Real-IP %[src]
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Port %[dst_port]
    http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
    http-request set-header X-Forwarded-Proto http if !{{ ssl_fc }}
{uses}    default_backend unknown

backend unknown
    {_RETURN.format(404, _UNKNOWN)}
{backends}"""


def _backend(number: int, route: Route) -> str:
    # A pod that is replaced drops what it was asked; who only reads is sent to another one.
    lines = [
        f'\nbackend route{number}',
        f'    timeout server {route.timeout_s}s',
        '    http-request disable-l7-retry if !METH_GET',
    ]
    if route.admitted is not None:
        who = f' if !{{ src {" ".join(route.admitted)} }}' if route.admitted else ''
        lines.append(f'    {_RETURN.format(403, _BANNED)}{who}')
    if route.rate:
        lines += _limit(route)
    if route.is_secure:
        lines.append('    http-request redirect scheme https code 308 if !{ ssl_fc }')
    if route.body_bytes:
        lines.append(f'    http-request deny deny_status 413 if {{ req.body_size gt {route.body_bytes} }}')
    if not route.backends:
        lines.append(f'    {_RETURN.format(503, _NOBODY)}')
    lines += [f'    server pod{index} {address}' for index, address in enumerate(route.backends)]
    return '\n'.join(lines) + '\n'


def _limit(route: Route) -> list[str]:
    """Count what each client asks for, and refuse what is too much."""
    free = f'!{{ src {" ".join(route.unlimited)} }} ' if route.unlimited else ''
    return [
        f'    stick-table type ipv6 size 100k expire {2 * _BURST}s store http_req_rate({_BURST}s)',
        '    http-request track-sc0 src',
        f'    {_RETURN.format(503, _HASTY)} if {free}{{ sc_http_req_rate(0) gt {_BURST * route.rate} }}',
    ]


def _order(route: Route) -> tuple[bool, bool, int, bool, str, str]:
    """Whole hosts before groups of them before any host; longer paths first, and exact ones before others."""
    return (not route.host, route.host.startswith('*'), -len(route.path), not route.is_exact, *_key(route))


def _key(route: Route) -> tuple[str, str]:
    return route.host, route.path


def _condition(*terms: str) -> str:
    wanted = ' '.join(filter(None, terms))
    return f' if {wanted}' if wanted else ''


def _host(host: str) -> str:
    if not host:
        return ''
    if host.startswith('*.'):
        # One label more, not two.
        return f'{{ var(txn.host),regsub(^[^.]+,) -m str {host[1:]} }}'
    return f'{{ var(txn.host) -m str {host} }}'


def _paths(route: Route) -> Sequence[str]:
    """Conditions of which one must hold."""
    if route.is_exact:
        return [f'{{ path -m str {_quoted(route.path)} }}']
    whole = route.path.rstrip('/')
    if not whole:
        return ['']
    return [f'{{ path -m str {_quoted(whole)} }}', f'{{ path -m beg {_quoted(whole + "/")} }}']


def _quoted(text: str) -> str:
    """*text* as one word, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"
