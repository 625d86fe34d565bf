"""Tools about addresses and ports."""

from __future__ import annotations

import re
from typing import Any

from pocket.agents.tools._args import quote
from pocket.agents.tools._protocol import Reply, ToolFault, UsageFault
from pocket.agents.tools._relation import relation_of
from pocket.agents.tools._tool import Call, Tool
from pocket.model import PortRange

_RANGE = re.compile(r'(?P<first>-?\d+)(-(?P<last>-?\d+))?(/(?P<protocol>.+))?')
_ADDRESS_FLAGS = ('bind-address', 'egress-subnets', 'ingress-address')


def _network_get(call: Call) -> Reply:
    if not call.args:
        raise UsageFault('no arguments specified')
    asked = call.switches - {'primary-address'}
    if asked != call.switches and asked:
        raise UsageFault('--primary-address must be the only flag specified')
    relation = relation_of(call) if 'r' in call.values else call.context.relation
    info = dict(call.context.reader.network_info(call.arg(0), relation.id if relation else None))
    if not info.get('bind-addresses'):
        raise ToolFault(f'no network config found for binding {quote(call.arg(0))}')
    if not call.switches:
        return call.show(info if call.style == 'json' else _with_old_keys(info))
    found = {
        'bind-address': _first_address(info),
        'egress-subnets': info.get('egress-subnets', []),
        'ingress-address': next(iter(info.get('ingress-addresses', [])), ''),
    }
    if 'primary-address' in call.switches:
        return call.show(found['bind-address'])
    chosen = {name: found[name] for name in _ADDRESS_FLAGS if name in asked}
    return call.show(next(iter(chosen.values())) if len(chosen) == 1 else chosen)


def _first_address(info: dict[str, Any]) -> str:
    addresses = (address for bind in info['bind-addresses'] for address in bind.get('addresses', ()))
    return next((str(address['value']) for address in addresses), '')


def _with_old_keys(info: dict[str, Any]) -> dict[str, Any]:
    """YAML carries the names of Juju 2.x beside the present ones."""
    binds: list[dict[str, Any]] = []
    for bind in info['bind-addresses']:
        addresses = [{**address, 'address': address['value']} for address in bind.get('addresses', ())]
        binds.append(
            {
                **bind,
                'addresses': addresses,
                'interfacename': bind.get('interface-name', ''),
                'macaddress': bind.get('mac-address', ''),
            }
        )
    return {**info, 'bind-addresses': binds}


def _open_port(call: Call) -> Reply:
    call.context.ports.update(dict.fromkeys(_ranges(call), True))
    return Reply()


def _close_port(call: Call) -> Reply:
    call.context.ports.update(dict.fromkeys(_ranges(call), False))
    return Reply()


def _opened_ports(call: Call) -> Reply:
    ports = sorted(call.context.read_ports(), key=lambda port: (port.protocol, port.first, port.last))
    endpoints: dict[str, list[str]] = {}
    for port in ports:
        endpoints.setdefault(str(port), []).append(port.endpoint or '*')
    if 'endpoints' not in call.switches:
        return call.show(list(endpoints))
    return call.show([f'{port} ({", ".join(sorted(names))})' for port, names in endpoints.items()])


def _ranges(call: Call) -> list[PortRange]:
    if not call.args:
        raise UsageFault('no port or range specified')
    names = [name.strip() for name in call.values.get('endpoints', '').split(',')]
    protocol, first, last = _range(call.arg(0).lower())
    return [
        PortRange(protocol=protocol, first=first, last=last, endpoint='' if name == '*' else name)
        for name in names
    ]


def _range(text: str) -> tuple[str, int, int]:
    if text == 'icmp':
        return 'icmp', 0, 0
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UsageFault(f'invalid port range {quote(text)}')
    first = int(match['first'])
    last = int(match['last'] or first)
    protocol = match['protocol'] or 'tcp'
    if protocol not in ('tcp', 'udp'):
        raise UsageFault(f'invalid protocol {quote(protocol)}, expected "tcp", "udp", or "icmp"')
    if not (0 <= first <= 65535 and 0 <= last <= 65535):
        raise UsageFault(f'port range bounds must be between 0 and 65535, got {first}-{last}')
    if first > last:
        raise UsageFault(f'invalid port range {quote(text)}')
    return protocol, first, last


_PORTS = '[--endpoints A,B] <port>[/<protocol>] or <from>-<to>[/<protocol>] or icmp'

TOOLS = (
    Tool(
        name='close-port',
        usage=_PORTS,
        run=_close_port,
        texts=('endpoints', 'format'),
        max_args=1,
    ),
    Tool(
        name='network-get',
        usage='<binding> [-r ID] [--bind-address] [--ingress-address] [--egress-subnets]',
        run=_network_get,
        texts=('r relation',),
        switches=(*_ADDRESS_FLAGS, 'primary-address'),
        style='smart',
        max_args=1,
    ),
    Tool(
        name='open-port',
        usage=_PORTS,
        run=_open_port,
        texts=('endpoints', 'format'),
        max_args=1,
    ),
    Tool(
        name='opened-ports', usage='[--endpoints]', run=_opened_ports, switches=('endpoints',), style='smart'
    ),
)
