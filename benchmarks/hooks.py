"""How many hooks a second does a unit run, against running the same dispatch by hand?

A charm gives itself one relation-changed hook after another, so that nothing outside paces it. By hand is the
same dispatch with the same environment in a shell's loop inside the machine, under ``juju exec``, where its
hook tools work too. What the engine adds is deciding, keeping state, starting the program and committing.

    .venv/bin/python benchmarks/hooks.py [HOOKS] [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import rig

CHARMS = Path(__file__).parent / 'charms'
# As Juju sets it for this hook.
BY_HAND = """
cd "$CHARM_DIR"
export JUJU_HOOK_NAME=turns-relation-changed JUJU_DISPATCH_PATH=hooks/turns-relation-changed
export JUJU_RELATION=turns JUJU_RELATION_ID="$(relation-ids turns)" JUJU_REMOTE_APP="{name}" JUJU_REMOTE_UNIT=
: >/var/lib/turns
for turn in $(seq {turns}); do ./dispatch; done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Hooks a second, a value a round."""

    engine: list[float]
    by_hand: list[float]

    @property
    def overhead(self) -> float:
        """How much longer a hook takes in the engine; 0.25 is a quarter."""
        return statistics.median(self.by_hand) / statistics.median(self.engine) - 1


def measure(host: rig.Rig, name: str, *, turns: int, rounds: int) -> Rates:
    """Take turns between the engine and the shell."""
    uuid = host.add_model(name)
    host.juju('deploy', str(CHARMS / name))
    connection = host.connect(uuid)
    rates = Rates(engine=[], by_hand=[])
    try:
        watching = rig.Watching(connection)
        watching.until(lambda seen: seen.idle(1))
        for number in range(rounds):
            # A number of its own each round, so that config-changed runs.
            wanted = turns + number
            host.juju('config', name, f'turns={wanted}')
            rates.engine.append(_rate(_stamps(host, name, wanted)))
            host.juju('exec', '--unit', f'{name}/0', '--wait', '10m', BY_HAND.format(name=name, turns=wanted))
            rates.by_hand.append(_rate(_stamps(host, name, wanted)))
    finally:
        connection.close()
    return rates


def _stamps(host: rig.Rig, name: str, count: int) -> list[float]:
    """When each hook began, once all have; an exec waits its turn behind the hook that is running."""
    script = f'while [ "$(wc -l </var/lib/turns)" -lt {count} ]; do sleep 0.5; done; cat /var/lib/turns'
    return [float(line) for line in host.juju('exec', '--machine', '0', script).split()]


def _rate(stamps: list[float]) -> float:
    return (len(stamps) - 1) / (stamps[-1] - stamps[0])


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    print(f'{"charm":12}{"engine /s":>12}{"by hand /s":>12}{"overhead":>10}')
    with rig.rig() as host:
        for name in ('turns-ops', 'turns-sh'):
            rates = measure(host, name, turns=turns, rounds=rounds)
            engine, by_hand = statistics.median(rates.engine), statistics.median(rates.by_hand)
            print(f'{name:12}{engine:12.1f}{by_hand:12.1f}{rates.overhead:10.0%}')
    print('(target: at most 25% for a charm written with ops)')


if __name__ == '__main__':
    main()
