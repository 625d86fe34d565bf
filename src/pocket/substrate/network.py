"""The machines' network: bridge and address translation for a home, namespace and link for a machine.

Everything is named after the home's tag: what a crash leaves can be told from other homes' and removed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from bedrock import errors, process
from pocket.settings import Settings
from pocket.substrate import _addresses, records, sysctls
from pocket.substrate._addresses import Plan

_NAMESPACES = Path('/run/netns')
_LINKS = Path('/sys/class/net')
_RESOLV_CONFS = tuple(
    Path(name)
    for name in (
        '/etc/resolv.conf',
        '/run/systemd/resolve/resolv.conf',
        '/run/NetworkManager/resolv.conf',
        '/run/NetworkManager/no-stub-resolv.conf',
    )
)
_TIMEOUT_S = 30.0
_BEGIN, _END = '# machines of pocket: begin', '# machines of pocket: end'
_LOCALHOST = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'


class Network:
    """Effects on the host's network for one home."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.home / 'network.json'
        self._plan: Plan | None = _load(self._file)
        self.bridge = f'pk{settings.tag}'
        self._table = f'pocket_{settings.tag}'
        self._prefix = f'pk{settings.tag}-'

    async def ensure(self, addresses: Mapping[str, str]) -> Plan:
        """Set up bridge, translation and forwarding; may be called again.

        Args:
            addresses: Those of the machines that exist, should they not be remembered here.

        Raises:
            Fault: a part of it is refused, or another route took the network of machines that exist.
        """
        routes = await process.arun(['ip', '-j', '-4', 'route', 'show', 'table', 'all'], timeout_s=_TIMEOUT_S)
        taken = _addresses.taken_networks(routes.stdout, without_device=self.bridge)
        plan = self._plan or _addresses.restore(addresses)
        if plan is None or (not plan.machines and any(plan.subnet.overlaps(other) for other in taken)):
            plan = Plan(subnet=_addresses.choose_subnet(str(self._settings.home), taken))
        self._keep(plan)
        sysctls.ensure()
        lines = [] if (_LINKS / self.bridge).exists() else [f'link add {self.bridge} type bridge']
        lines.append(f'addr replace {plan.gateway}/{plan.subnet.prefixlen} dev {self.bridge}')
        lines.append(f'link set {self.bridge} up')
        await _ip(lines)
        await process.arun(
            ['nft', '-f', '-'], stdin=rules(self._table, self.bridge, plan), timeout_s=_TIMEOUT_S
        )
        await self._pass_docker()
        return plan

    def allot(self, machine: str) -> str:
        """The address of *machine*, given and kept at the first call."""
        self._keep(_addresses.allot(self._known(), machine))
        return self._known().address(machine)

    async def connect(self, machine: str) -> Path:
        """Give *machine*, which has an address, a namespace with a configured link; return its path."""
        await self.disconnect(machine)
        plan = self._known()
        namespace, link, mtu = self._namespace(machine), self._link(machine), await _mtu()
        await _ip([f'netns add {namespace}'])
        await _ip(
            [
                f'link add name {link} mtu {mtu} type veth peer name eth0 mtu {mtu} netns {namespace}',
                f'link set {link} master {self.bridge} up',
            ]
        )
        await _ip(
            [
                'link set lo up',
                f'addr add {plan.address(machine)}/{plan.subnet.prefixlen} broadcast + dev eth0',
                'link set eth0 up',
                f'route add default via {plan.gateway}',
            ],
            namespace=namespace,
        )
        return _NAMESPACES / namespace

    async def disconnect(self, machine: str) -> None:
        """Remove the namespace and link of *machine*, if they are there; its address stays its own."""
        link, namespace = self._link(machine), self._namespace(machine)
        # The link by itself first: a namespace gives its links back only some time after it was deleted.
        if link and (_LINKS / link).exists():
            await _ip([f'link del {link}'])
        if (_NAMESPACES / namespace).exists():
            await _ip([f'netns del {namespace}'])

    def release(self, machine: str) -> None:
        """Take back the address of *machine*."""
        if self._plan is not None and machine in self._plan.machines:
            self._keep(_addresses.release(self._plan, machine))

    def connected(self) -> frozenset[str]:
        """Machines that have a namespace or an address."""
        names = set(self._plan.machines) if self._plan is not None else set[str]()
        with contextlib.suppress(FileNotFoundError):
            names.update(
                entry.name.removeprefix(self._prefix)
                for entry in _NAMESPACES.iterdir()
                if entry.name.startswith(self._prefix)
            )
        return frozenset(names)

    async def remove(self) -> None:
        """Remove all that `ensure` and `connect` made and put forwarding back as it was."""
        for machine in self.connected():
            await self.disconnect(machine)
        links = [name for name in _links() if name == self.bridge or name.startswith(self._prefix)]
        await _ip([f'link del {link}' for link in links])
        table = f'table inet {self._table}'
        await _nft(f'{table} {{}}\ndelete {table}\n')
        await self._pass_docker(remove=True)
        if not any(name.startswith('pk') and (_LINKS / name / 'bridge').is_dir() for name in _links()):
            sysctls.restore()  # no other home is left that needs them
        self._plan = None
        self._file.unlink(missing_ok=True)

    async def _pass_docker(self, *, remove: bool = False) -> None:
        """Docker drops what it does not know on forwarded paths and offers DOCKER-USER for exceptions."""
        rule = ['DOCKER-USER', '-i', self.bridge, '-j', 'ACCEPT']
        back = ['DOCKER-USER', '-o', self.bridge, '-j', 'ACCEPT']
        try:
            chain = await process.arun(
                ['iptables', '-w', '-n', '-L', 'DOCKER-USER'], timeout_s=_TIMEOUT_S, check=False
            )
        except process.ProgramFault:
            return  # no iptables on this host, hence no such chain
        if chain.returncode != 0:
            return
        for words in (rule, back):
            present = await process.arun(['iptables', '-w', '-C', *words], timeout_s=_TIMEOUT_S, check=False)
            if (present.returncode == 0) is remove:
                verb = '-D' if remove else '-I'
                await process.arun(['iptables', '-w', verb, *words], timeout_s=_TIMEOUT_S)

    def _namespace(self, machine: str) -> str:
        return f'{self._prefix}{machine}'

    def _link(self, machine: str) -> str:
        number = self._plan.machines.get(machine) if self._plan is not None else None
        return '' if number is None else f'{self._prefix}{number}'

    def _known(self) -> Plan:
        if self._plan is None:
            raise errors.Fault("cannot use the machines' network: it was not set up")
        return self._plan

    def _keep(self, plan: Plan) -> None:
        if plan != self._plan:
            records.write_whole(self._file, _addresses.dump(plan))
            self._plan = plan


def rules(table: str, bridge: str, plan: Plan) -> str:
    """nft rules of a home, replacing what there was of it in one step.

    Machines reach the world and each other. They reach no service of the host but name lookup: what a charm
    runs is no more trusted than anything else on the network.
    """
    return f"""table inet {table} {{}}
delete table inet {table}
table inet {table} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {plan.subnet} ip daddr != {plan.subnet} masquerade
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname "{bridge}" accept
    oifname "{bridge}" accept
  }}
  chain input {{
    type filter hook input priority filter; policy accept;
    iifname != "{bridge}" accept
    ct state established,related accept
    meta l4proto {{ 1, 58 }} accept comment "icmp and icmpv6; names need a file that small hosts lack"
    meta l4proto {{ tcp, udp }} th dport 53 accept
    drop
  }}
}}
"""


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


def host_resolv_conf() -> str:
    """`resolv_conf` of this host; empty when it has no server that machines can reach."""
    texts: list[str] = []
    for path in _RESOLV_CONFS:
        with contextlib.suppress(OSError):
            texts.append(path.read_text())
    return resolv_conf(texts)


def hosts_text(current: str, names: Mapping[str, str]) -> str:
    """*current* /etc/hosts with the block of machines replaced; what else a charm wrote there stays."""
    before, begin, rest = (current or _LOCALHOST).partition(f'{_BEGIN}\n')
    after = rest.partition(f'{_END}\n')[2] if begin else ''
    block = ''.join(f'{address} {name}\n' for name, address in sorted(names.items()))
    return f'{before}{_BEGIN}\n{block}{_END}\n{after}'


async def _ip(lines: list[str], *, namespace: str = '') -> None:
    if lines:
        inside = ['-n', namespace] if namespace else []
        await process.arun(
            ['ip', *inside, '-batch', '-'], stdin=''.join(f'{line}\n' for line in lines), timeout_s=_TIMEOUT_S
        )


async def _nft(rules: str) -> None:
    await process.arun(['nft', '-f', '-'], stdin=rules, timeout_s=_TIMEOUT_S)


async def _mtu() -> int:
    """The way out's packet size: a larger one inside makes connections hang where discovery is filtered."""
    shown = await process.arun(['ip', '-j', '-4', 'route', 'show', 'default'], timeout_s=_TIMEOUT_S)
    for route in cast('list[dict[str, Any]]', json.loads(shown.stdout or '[]')):
        with contextlib.suppress(OSError, ValueError):
            return min(1500, int((_LINKS / str(route.get('dev')) / 'mtu').read_text()))
    return 1500


def _links() -> list[str]:
    return sorted(link.name for link in _LINKS.iterdir())


def _load(file: Path) -> Plan | None:
    try:
        return _addresses.parse(file.read_text())
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None  # damaged is as good as lost: the machines' own records have their addresses
