"""What haproxy is told."""

from __future__ import annotations

from pathlib import Path

from pocket.model.cluster import Front, Route
from pocket.substrate import _frontrules


def _text(*routes: Route) -> str:
    front = Front(gateway='10.0.0.1', routes=routes)
    return _frontrules.configuration(front, folder=Path('/home/front/m'), user='haproxy')


def _route(host: str, path: str = '/', *, exact: bool = False) -> Route:
    return Route(host=host, path=path, is_exact=exact, backends=('10.0.0.2:80',))


def _uses(text: str) -> list[str]:
    return [line.partition(' if ')[2] for line in text.splitlines() if 'use_backend' in line]


def test_the_nearest_route_comes_first() -> None:
    text = _text(
        _route('', '/any'),
        _route('*.b.example', '/'),
        _route('a.b.example', '/'),
        _route('a.b.example', '/shop'),
        _route('a.b.example', '/shop', exact=True),
    )
    assert _uses(text) == [
        "{ var(txn.host) -m str a.b.example } { path -m str '/shop' }",
        "{ var(txn.host) -m str a.b.example } { path -m str '/shop' }",
        "{ var(txn.host) -m str a.b.example } { path -m beg '/shop/' }",
        '{ var(txn.host) -m str a.b.example }',
        '{ var(txn.host),regsub(^[^.]+,) -m str .b.example }',
        "{ path -m str '/any' }",
        "{ path -m beg '/any/' }",
    ]


def test_a_path_stays_one_word() -> None:
    assert "{ path -m str '/it'\\''s' }" in _text(_route('', "/it's", exact=True))


def test_a_route_for_everything_has_no_condition() -> None:
    text = _text(_route(''))
    assert 'use_backend route0\n' in text


def test_the_certificates_are_listed_after_the_one_for_all_others() -> None:
    front = Front(gateway='g', routes=(), certificates={'a': ''}, hosts={'a': ('x.example', 'y.example')})
    assert _frontrules.certificate_list(front) == '_default.pem\na.pem x.example y.example\n'
