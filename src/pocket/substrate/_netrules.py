"""The texts that the machines' network is made of: nft rules, /etc/resolv.conf, /etc/hosts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

_BEGIN, _END = '# machines of pocket: begin', '# machines of pocket: end'
_LOCALHOST = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One model's part of the network."""

    bridge: str
    network: IPv4Network


def rules(
    table: str, *, bridges: str, segments: Sequence[Segment], open_pairs: Iterable[tuple[str, str]]
) -> str:
    """nft rules of a home, replacing what there was of it in one step.

    Machines reach the world, with the host's address, and the machines of their own model. They reach no
    service of the host but name lookup: what a charm runs is no more trusted than anything on the network.

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
  }}
  chain forward {{
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
    meta l4proto {{ 1, 58 }} accept comment "icmp and icmpv6; names need a file that small hosts lack"
    meta l4proto {{ tcp, udp }} th dport 53 accept
    drop
  }}
}}
"""


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
