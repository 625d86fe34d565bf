"""The texts that the machines' network is made of: nft rules, /etc/resolv.conf, /etc/hosts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from pocket.model.cluster import ServicePort

_BEGIN, _END = '# machines of pocket: begin', '# machines of pocket: end'
DOORS = (80, 443, 6443, 16443)
"""What pods may reach at their gateway: front proxy, and Kubernetes API at its first or second port."""
_LOCALHOST = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One model's part of the network."""

    bridge: str
    network: IPv4Network
    gateway: str = ''
    """The bridge's address where it is a door: there are API and front proxy of a model on Kubernetes."""
    services: Mapping[str, Sequence[ServicePort]] = field(default_factory=dict[str, Sequence[ServicePort]])
    """What each service address leads to."""


def rules(
    table: str, *, bridges: str, segments: Sequence[Segment], open_pairs: Iterable[tuple[str, str]]
) -> str:
    """nft rules of a home, replacing what there was of it in one step.

    Machines reach the world, with the host's address, and the machines of their own model. They reach no
    service of the host but name lookup, and the doors of a model on Kubernetes: what a charm runs is no more
    trusted than anything on the network.

    Args:
        bridges: What the names of the home's bridges begin with.
        open_pairs: Bridges, a pair of them at a time, whose machines may talk with each other.
    """
    networks = ', '.join(str(segment.network) for segment in segments)
    own = [(segment.bridge, segment.bridge) for segment in segments]
    both = sorted({*own, *open_pairs, *((b, a) for a, b in open_pairs)})
    between = ', '.join(f'"{a}" . "{b}"' for a, b in both)
    honest = ''.join(
        f'    iifname "{segment.bridge}" ip saddr != {segment.network} drop\n' for segment in segments
    )
    services = [address for segment in segments for address in segment.services]
    refused = _refused(services)
    doors = ''.join(
        f'    iifname "{segment.bridge}" ip daddr {segment.gateway}'
        f' tcp dport {{ {", ".join(map(str, DOORS))} }} accept\n'
        for segment in segments
        if segment.gateway
    )
    # By number: names of protocols need a file that small hosts lack.
    icmp = '    meta l4proto { 1, 58 } accept comment "icmp and icmpv6"\n'
    return f"""table inet {table} {{}}
delete table inet {table}
table inet {table} {{
  set machines {{
    type ipv4_addr; flags interval;
    elements = {{ {networks} }}
  }}
  set between {{
    type ifname . ifname;
    elements = {{ {between} }}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @machines oifname != "{bridges}*" masquerade
{_answers(segments)}  }}
{_chains(segments, refused)}  chain forward {{
    type filter hook forward priority filter; policy accept;
{honest}    iifname . oifname @between accept
    iifname "{bridges}*" oifname "pk*" drop comment "another model, or another home's"
    iifname "pk*" oifname "{bridges}*" drop
    iifname "{bridges}*" meta nfproto ipv6 drop
    iifname "{bridges}*" accept
    oifname "{bridges}*" accept
  }}
  chain input {{
    type filter hook input priority filter; policy accept;
    iifname != "{bridges}*" accept
    ct state established,related accept
{refused}{icmp}{doors}    meta l4proto {{ tcp, udp }} th dport 53 accept
    drop
  }}
}}
"""


def _refused(services: Sequence[str]) -> str:
    """What came to a service and was not sent on to a pod: nobody answers there, which is said at once."""
    if not services:
        return ''
    addresses = f'ip daddr {{ {", ".join(services)} }}'
    return f'    {addresses} meta l4proto tcp reject with tcp reset\n    {addresses} reject\n'


def _answers(segments: Sequence[Segment]) -> str:
    """Whom pods see: one on the same bridge they would answer directly, past where it must be undone.

    To the host, a service is an address of its own, and an answer that says to be from there is none: it asks
    as the bridge.
    """
    own = ''.join(
        f'    oifname "{segment.bridge}" ip saddr {{ {", ".join(segment.services)} }} masquerade\n'
        for segment in segments
        if segment.services
    )
    return own + ''.join(
        f'    oifname "{segment.bridge}" ip saddr {segment.network} ct status dnat'
        f' ct original ip daddr {address} snat ip to {address}\n'
        for segment in segments
        for address in segment.services
    )


def _chains(segments: Iterable[Segment], refused: str) -> str:
    """The chains that send what comes to services on to pods, in turn; the host's own, too."""
    if not refused:
        return ''
    lines = ''.join(
        f'    ip daddr {address} {port.protocol} dport {_range(port)}'
        f' dnat ip to {_choice(port.backends)}{_target(port)}\n'
        for segment in segments
        for address, ports in segment.services.items()
        for port in ports
    )
    return f"""  chain services {{
{lines}  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }}
  chain own {{
    type nat hook output priority -100; policy accept;
    jump services
  }}
  chain output {{
    type filter hook output priority filter; policy accept;
    ct state established,related accept
{refused}  }}
"""


def _range(port: ServicePort) -> str:
    return str(port.first) if port.first == port.last else f'{port.first}-{port.last}'


def _target(port: ServicePort) -> str:
    return f':{port.target}' if port.target not in (0, port.first) else ''


def _choice(backends: Sequence[str]) -> str:
    if len(backends) == 1:
        return backends[0]
    listed = ', '.join(f'{number} : {address}' for number, address in enumerate(backends))
    return f'numgen inc mod {len(backends)} map {{ {listed} }}'


def no_rules(table: str) -> str:
    """What removes the rules of a home, should there be any."""
    return f'table inet {table} {{}}\ndelete table inet {table}\n'


def resolv_conf(texts: Iterable[str]) -> str:
    """The resolv.conf for machines from the host's files in order of preference.

    A machine cannot reach a server on the host's loopback, which is how local stubs (127.0.0.53) listen; then
    the first file with a real server is taken, for the stub's owner keeps its own servers in one.
    """
    found = ''
    for text in texts:
        lines = [line.split() for line in text.splitlines() if line.split()]
        servers = [
            words[1]
            for words in lines
            if words[0] == 'nameserver' and len(words) > 1 and not words[1].startswith(('127.', '::1'))
        ]
        # There is no IPv6 translation, so IPv4 servers go first.
        servers.sort(key=lambda server: ':' in server)
        others = [' '.join(words) for words in lines if words[0] in ('search', 'domain', 'options')]
        if servers:
            found = ''.join(f'{line}\n' for line in (*(f'nameserver {s}' for s in servers[:3]), *others))
            break
    return found


def hosts_text(current: str, names: Mapping[str, Sequence[str]]) -> str:
    """*current* /etc/hosts with the block of machines replaced; what else a charm wrote there stays.

    Args:
        names: The names of each address, its own first.
    """
    before, begin, rest = (current or _LOCALHOST).partition(f'{_BEGIN}\n')
    after = rest.partition(f'{_END}\n')[2] if begin else ''
    block = ''.join(f'{address} {" ".join(words)}\n' for address, words in sorted(names.items()))
    return f'{before}{_BEGIN}\n{block}{_END}\n{after}'
