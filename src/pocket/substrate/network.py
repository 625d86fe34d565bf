"""The machines' network: a bridge and a subnet for a model, a namespace and a link for a machine.

A bridge for each model costs a few milliseconds with its first machine and nothing after that, keeps models
apart even when a machine sends what it likes, and goes with the last machine. (One bridge with VLANs would
need the same rules and a filter on each port besides.) Everything is named after the home's tag: what a crash
leaves can be told from other homes' and removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from bedrock import errors, process
from pocket.model.cluster import ClusterAddresses, ClusterNetwork, ServicePort
from pocket.settings import Settings
from pocket.substrate import _addresses, _netrules, records, sysctls
from pocket.substrate._addresses import Known, Plan, Subnet

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


class Network:
    """Effects on the host's network for one home."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.home / 'network.json'
        kept = _load(self._file)
        self._plan = kept or Plan()
        self._is_lost = kept is None
        self._bridges = f'pk{settings.tag}b'
        self._table = f'pocket_{settings.tag}'
        self._prefix = f'pk{settings.tag}-'
        self._up: set[str] = set()
        """Models whose bridge this process has seen to."""
        self._services: dict[str, dict[str, tuple[ServicePort, ...]]] = {}
        """What the service of each application of a model leads to."""
        self._is_unserved = any(subnet.is_kept for subnet in self._plan.models.values())
        """An earlier daemon's rules lead to services that this one has not been told of yet: they stay."""
        self._pairs: frozenset[frozenset[str]] | None = None
        """Unknown at first: an earlier daemon may have allowed others."""
        self._lock = asyncio.Lock()

    async def allot(self, machine: str, *, model: str, region: str, known: Iterable[Known]) -> str:
        """The address of *machine*, given and kept at the first call; its model's bridge is up then.

        Args:
            known: The machines that exist, should they not be remembered here.

        Raises:
            Fault: a part of it is refused, or there is no address left.
        """
        async with self._lock:
            self._recall(known)
            if model not in self._up:
                await self._bring_up(model, region)
            self._keep(_addresses.allot(self._plan, model, machine))
            return self._plan.models[model].address(machine)

    async def connect(self, machine: str, *, leader: int = 0) -> Path:
        """Give *machine*, which has an address, a namespace with a configured link; return its path.

        Args:
            leader: A process that has made a namespace, which then gets the link; else one is made.
        """
        await self.disconnect(machine)
        model = self._plan.model_of(machine)
        if not model:
            raise errors.Fault(f'cannot connect machine {machine}: it has no address')
        subnet = self._plan.models[model]
        namespace, link, mtu = self._namespace(machine), self._link(machine), await _mtu()
        await _ip([f'netns attach {namespace} {leader}' if leader else f'netns add {namespace}'])
        await _ip(
            [
                f'link add name {link} mtu {mtu} type veth peer name eth0 mtu {mtu} netns {namespace}',
                f'link set {link} master {self._bridge(subnet)} up',
            ]
        )
        if subnet.is_kept:
            # Where bridges have packets filtered (br_netfilter), a pod that a service leads back to itself is
            # answered through the port that it asked by.
            await _ip([f'link set {link} type bridge_slave hairpin on'])
        await _ip(
            [
                'link set lo up',
                f'addr add {subnet.address(machine)}/{subnet.network.prefixlen} broadcast + dev eth0',
                'link set eth0 up',
                f'route add default via {subnet.gateway}',
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

    async def release(self, machine: str) -> None:
        """Take back the address of *machine*; with a model's last machine goes all that it had here."""
        async with self._lock:
            model = self._plan.model_of(machine)
            self._keep(_addresses.release(self._plan, machine))
            if model and not self._plan.models[model].is_used:
                await self._take_down(model)

    async def allow(self, pairs: Iterable[frozenset[str]]) -> None:
        """Let the machines of these pairs of models, and of no others, talk with each other."""
        async with self._lock:
            wanted = frozenset(pairs)
            if wanted != self._pairs:
                self._pairs = wanted
                if self._plan.models:
                    await self._write_rules()

    async def serve(
        self, networks: Sequence[ClusterNetwork], *, known: Iterable[Known]
    ) -> Mapping[str, ClusterAddresses]:
        """See `pocket.substrate.Substrate.serve`."""
        async with self._lock:
            self._recall(known)
            wanted = {network.model_uuid: network for network in networks}
            for model in [name for name, subnet in self._plan.models.items() if subnet.is_kept]:
                if model not in wanted:
                    self._keep(_addresses.unserve(self._plan, model))
                    self._services.pop(model, None)
                    if not self._plan.models[model].is_used:
                        await self._take_down(model)
            for model, network in wanted.items():
                if model not in self._up:
                    await self._bring_up(model, network.region)
                before = self._plan.models[model].services
                self._keep(_addresses.serve(self._plan, model, [one.name for one in network.services]))
                await self._hold(model, before)
                self._services[model] = {one.name: one.ports for one in network.services}
            self._is_unserved = False
            if self._plan.models:
                await self._write_rules()
            return {model: self._addresses_of(model) for model in wanted}

    async def sweep(self, known: Iterable[Known]) -> None:
        """Remove what a crash left of models that have no machine (any more)."""
        async with self._lock:
            self._recall(known)
            for model in [model for model, subnet in self._plan.models.items() if not subnet.is_used]:
                await self._take_down(model)
            own = {self._bridge(subnet) for subnet in self._plan.models.values()}
            strays = [link for link in _links() if link.startswith(self._bridges) and link not in own]
            await _delete(strays)

    def connected(self) -> frozenset[str]:
        """Machines that have a namespace or an address."""
        names = set(self._plan.machines)
        with contextlib.suppress(FileNotFoundError):
            names.update(
                entry.name.removeprefix(self._prefix)
                for entry in _NAMESPACES.iterdir()
                if entry.name.startswith(self._prefix)
            )
        return frozenset(names)

    async def remove(self) -> None:
        """Remove all that was ever made here and put the host's settings back as they were."""
        for machine in self.connected():
            await self.disconnect(machine)
        async with self._lock:
            own = (self._prefix, self._bridges)
            await _delete([link for link in _links() if link.startswith(own)])
            await self._clear_rules()
            self._plan, self._up, self._services = Plan(), set(), {}
            self._file.unlink(missing_ok=True)

    def _recall(self, known: Iterable[Known]) -> None:
        if self._is_lost:
            self._keep(_addresses.restore(known))
            self._is_lost = False

    async def _bring_up(self, model: str, region: str) -> None:
        routes = await process.arun(['ip', '-j', '-4', 'route', 'show', 'table', 'all'], timeout_s=_TIMEOUT_S)
        taken = _addresses.taken_networks(routes.stdout, without_devices=self._bridges)
        home = str(self._settings.home)
        self._keep(_addresses.place(self._plan, model, home=home, region=region, taken=taken))
        subnet = self._plan.models[model]
        bridge = self._bridge(subnet)
        await _ip(
            [
                *([] if (_LINKS / bridge).exists() else [f'link add {bridge} type bridge']),
                f'addr replace {subnet.gateway}/{subnet.network.prefixlen} dev {bridge}',
                f'link set {bridge} up',
            ]
        )
        # After the bridge: whoever takes the last home's settings back looks for bridges first.
        sysctls.ensure()
        self._up.add(model)
        await self._write_rules()
        await self._pass_docker()

    async def _hold(self, model: str, before: Mapping[str, int]) -> None:
        """Let the bridge have the addresses of the model's services: who asks for one is to find it."""
        subnet = self._plan.models[model]
        bridge, now = self._bridge(subnet), set(subnet.services.values())
        gone = [f'addr del {subnet.network[number]}/32 dev {bridge}' for number in {*before.values()} - now]
        await _ip([f'addr replace {subnet.network[number]}/32 dev {bridge}' for number in sorted(now)])
        # A bridge that was made anew lacks what is to go.
        await _ip(gone, force=True)

    def _addresses_of(self, model: str) -> ClusterAddresses:
        subnet = self._plan.models[model]
        services = {application: subnet.service(application) for application in subnet.services}
        return ClusterAddresses(gateway=str(subnet.gateway), services=services)

    async def _take_down(self, model: str) -> None:
        bridge = self._bridge(self._plan.models[model])
        await _delete([bridge] if (_LINKS / bridge).exists() else [])
        self._up.discard(model)
        self._keep(_addresses.forget(self._plan, model))
        if self._plan.models:
            await self._write_rules()
        else:
            await self._clear_rules()

    async def _write_rules(self) -> None:
        if self._is_unserved:
            return
        segments = [
            _netrules.Segment(
                bridge=self._bridge(subnet),
                network=subnet.network,
                gateway=str(subnet.gateway) if subnet.is_kept else '',
                services={
                    subnet.service(application): self._services.get(model, {}).get(application, ())
                    for application in subnet.services
                },
            )
            for model, subnet in self._plan.models.items()
        ]
        pairs = self._open_pairs()
        await _nft(_netrules.rules(self._table, bridges=self._bridges, segments=segments, open_pairs=pairs))

    async def _clear_rules(self) -> None:
        await _nft(_netrules.no_rules(self._table))
        await self._pass_docker(remove=True)
        sysctls.restore(unless=lambda: any(_is_machine_bridge(link) for link in _links()))

    def _open_pairs(self) -> frozenset[tuple[str, str]]:
        """The bridges of the allowed pairs, as far as both are there."""
        found = [
            sorted(self._bridge(self._plan.models[model]) for model in pair)
            for pair in self._pairs or ()
            if len(pair) == 2 and all(model in self._plan.models for model in pair)
        ]
        return frozenset((first, second) for first, second in found)

    async def _pass_docker(self, *, remove: bool = False) -> None:
        """Docker drops what it does not know on forwarded paths and offers DOCKER-USER for exceptions."""
        rule = ['DOCKER-USER', '-i', f'{self._bridges}+', '-j', 'ACCEPT']
        back = ['DOCKER-USER', '-o', f'{self._bridges}+', '-j', 'ACCEPT']
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

    def _bridge(self, subnet: Subnet) -> str:
        return f'{self._bridges}{subnet.number}'

    def _namespace(self, machine: str) -> str:
        return f'{self._prefix}{machine}'

    def _link(self, machine: str) -> str:
        model = self._plan.model_of(machine)
        if not model:
            return ''
        subnet = self._plan.models[model]
        return f'{self._prefix}{subnet.number:x}{subnet.machines[machine]:02x}'

    def _keep(self, plan: Plan) -> None:
        if plan != self._plan:
            records.write_whole(self._file, _addresses.dump(plan))
            self._plan = plan


def host_resolv_conf() -> str:
    """`_netrules.resolv_conf` of this host; empty when it has no server that machines can reach."""
    texts: list[str] = []
    for path in _RESOLV_CONFS:
        with contextlib.suppress(OSError):
            texts.append(path.read_text())
    return _netrules.resolv_conf(texts)


async def _ip(lines: list[str], *, namespace: str = '', force: bool = False) -> None:
    if lines:
        options = [*(['-n', namespace] if namespace else []), *(['-force'] if force else [])]
        text = ''.join(f'{line}\n' for line in lines)
        await process.arun(['ip', *options, '-batch', '-'], stdin=text, timeout_s=_TIMEOUT_S, check=not force)


async def _delete(links: list[str]) -> None:
    """Delete links, of which some may go by themselves meanwhile: with their namespace, with their other end.

    Raises:
        Fault: one stays.
    """
    if not links:
        return
    lines = ''.join(f'link del {link}\n' for link in links)
    done = await process.arun(['ip', '-force', '-batch', '-'], stdin=lines, timeout_s=_TIMEOUT_S, check=False)
    left = [link for link in links if (_LINKS / link).exists()]
    if left:
        raise errors.Fault(f'cannot delete network links {", ".join(left)}: {done.stderr.strip()}')


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


def _is_machine_bridge(link: str) -> bool:
    """Whether a home of pocket's, this one or another, has the bridge *link*."""
    return link.startswith('pk') and (_LINKS / link / 'bridge').is_dir()


def _load(file: Path) -> Plan | None:
    try:
        return _addresses.parse(file.read_text())
    except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
        return None  # damaged is as good as lost: the machines' own records have their addresses
