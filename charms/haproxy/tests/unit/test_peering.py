"""Several units: one live way in, the same from every unit's point of view."""

from __future__ import annotations

from collections.abc import Callable

import definitions
import options
import peering
import pytest
import render
import services

TEXT = """
- service_name: web
  service_host: 0.0.0.0
  service_port: 80
  service_options: [balance leastconn, timeout client 60s]
  servers: [[web-0, 10.0.1.1, 8080, check]]
"""
ADDRESSES = {'haproxy/0': '10.0.0.10', 'haproxy/1': '10.0.0.11', 'haproxy/2': '10.0.0.12'}


def own() -> tuple[definitions.Service, ...]:
    return services.collect(TEXT, (), highest_port=10000)


def seen_from(unit: str) -> tuple[definitions.Service, ...]:
    # Peers publish what they have after this very step, so the other units' own names must not disturb it.
    others = [u for u in ADDRESSES if u != unit]
    peers = [peering.Peer(unit=u, address=ADDRESSES[u], services=own()) for u in others]
    first = peering.forward_to_first(own(), peers, unit=unit, address=ADDRESSES[unit])
    again = [
        peering.Peer(
            unit=u, address=ADDRESSES[u], services=definitions.parse(definitions.dump(first), where='peer')
        )
        for u in others
    ]
    second = peering.forward_to_first(own(), again, unit=unit, address=ADDRESSES[unit])
    assert second == first
    return first


@pytest.mark.parametrize('unit', ADDRESSES)
def test_every_unit_sends_to_the_same_first_one(
    unit: str, configure: Callable[..., options.Options], verdict: Callable[[str], str]
) -> None:
    front, behind = seen_from(unit)
    assert (front.name, front.address) == ('web', ('0.0.0.0', 80))
    assert front.options == ('balance leastconn', 'mode tcp', 'option tcplog', 'timeout client 60s')
    assert [(s.host, s.port, s.options) for s in front.servers or ()] == [
        ('10.0.0.10', 81, ('check',)),
        ('10.0.0.11', 81, ('check', 'backup')),
        ('10.0.0.12', 81, ('check', 'backup')),
    ]
    assert (behind.name, behind.address) == ('web_be', ('0.0.0.0', 81))
    assert behind.servers == own()[0].servers
    made = render.config(configure(), (front, behind), unit=unit, password='x', default_crt=None)
    assert verdict(made.text) == ''


def test_a_service_that_no_peer_has_stays_as_it_is() -> None:
    peer = peering.Peer(unit='haproxy/1', address='10.0.0.11', services=())
    assert peering.forward_to_first(own(), [peer], unit='haproxy/0', address='10.0.0.10') == own()
