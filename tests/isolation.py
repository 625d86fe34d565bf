"""Many connected shells and runs at once, and whether each was where it should be."""

from __future__ import annotations

import concurrent.futures
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bedrock import process

BIN = Path(sys.executable).parent
_LOCKED = re.compile(r'lock(?!ed by)|database is|Errno', re.IGNORECASE)
_LONGEST_S = 900.0

# In its own files, without our guard and JUJU_MODEL, a shell selects another model: nobody else is to notice.
_ROUND = """
echo "ANSWER $(juju show-model --format json)"
env -u JUJU_MODEL "$HOODOO_SESSION/bin/.behind" switch {other} 2>/dev/null
echo "SELECTED $(env -u JUJU_MODEL "$HOODOO_SESSION/bin/.behind" switch)"
juju remove-application nothing
echo "REFUSED $?"
echo "ANSWER $(juju show-model --format json)"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An environment as the inventory has it, and where its commands are to arrive."""

    name: str
    controller: str
    model: str
    uuid: str
    other: str
    """Another model of the same controller."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What was seen of all."""

    answers: int = 0
    runs: int = 0
    strays: list[str] = field(default_factory=list[str])
    """Commands that reached another environment."""
    locks: list[str] = field(default_factory=list[str])
    failures: list[str] = field(default_factory=list[str])


def spec(folder: Path) -> Path:
    """A repository with a spec of one script, which asks its model who it is."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / 'live').mkdir(parents=True)
    (folder / 'live' / 'stage').touch()
    (folder / 'manifest').write_text('script config=ask\n')
    ask = folder / 'ask'
    ask.write_text('#!/bin/sh\necho "ANSWER $(juju show-model --format json)"\n')
    ask.chmod(0o755)
    author = ('-c', 'user.name=T', '-c', 'user.email=t@example.com')
    process.run(['git', 'init', '--quiet', '--initial-branch=main', '.'], cwd=folder)
    process.run(['git', 'add', '--all'], cwd=folder)
    process.run(['git', *author, 'commit', '--quiet', '--message', 'one'], cwd=folder)
    return folder


def inventory(folder: Path, spec_at: Path, models: Mapping[str, Sequence[str]]) -> None:
    """Write an inventory of the service ``shop``: *models* by controller, each an environment."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [
        {
            'name': f'shop/{controller}/{model}',
            'cloud': controller,
            'region': model,
            'stage': 'live',
            'controller': controller,
            'model': model,
        }
        for controller, named in models.items()
        for model in named
    ]
    document = {'service': 'shop', 'spec': f'git+file://{spec_at}', 'environments': entries}
    (folder / 'shop.yaml').write_text(json.dumps(document))


def stormed(env: Mapping[str, str], places: Sequence[Place], *, rounds: int, until_s: float = 0.0) -> Seen:
    """A shell and a run in each of *places*, all at once; *rounds* of each, and more for *until_s*."""
    deadline = time.monotonic() + until_s
    seen = Seen()
    with concurrent.futures.ThreadPoolExecutor(2 * len(places)) as pool:
        shells = [pool.submit(_shell, env, place, rounds, until_s) for place in places]
        runs = [pool.submit(_runs, env, place, rounds, deadline) for place in places]
        for place, done in zip(places, shells, strict=True):
            _judge(seen, place, done.result())
        for place, each in zip(places, runs, strict=True):
            for done in each.result():
                seen.runs += done.returncode == 0
                _judge(seen, place, done)
    return seen


def strays_of_journal(env: Mapping[str, str], places: Sequence[Place]) -> tuple[int, list[str]]:
    """How many commands the audit journal has; what in it is of another model, or has not ended."""
    said = process.run([BIN / 'hoodoo', 'audit', '--format', 'json'], env=env, timeout_s=60).stdout
    entries: list[dict[str, Any]] = json.loads(said)
    where = {place.name: f'{place.controller}:{place.model}' for place in places}
    commands = [entry for entry in entries if entry['event'] == 'command']
    strays = [
        json.dumps(entry)
        for entry in entries
        if entry['outcome'] in ('running', 'unfinished')
        or where[entry['environment']] != f'{entry["controller"]}:{entry["model"]}'
    ]
    return len(commands), strays


def _shell(env: Mapping[str, str], place: Place, rounds: int, until_s: float) -> process.Completed:
    body = _ROUND.format(other=place.other)
    text = f"""n=0; end=$(( $(date +%s) + {int(until_s)} ))
while [ $n -lt {rounds} ] || [ $(date +%s) -lt $end ]; do n=$((n + 1)){body}done
exit 0
"""
    own = {**env, 'SHELL': '/bin/sh', 'TERM': 'dumb'}
    argv = [BIN / 'hoodoo', 'env', 'connect', place.name]
    return _fed(argv, own, text)


def _fed(argv: Sequence[str | Path], env: Mapping[str, str], text: str) -> process.Completed:
    return process.run(argv, env=env, stdin=text, timeout_s=_LONGEST_S, check=False)


def _runs(env: Mapping[str, str], place: Place, rounds: int, deadline: float) -> list[process.Completed]:
    words = ('env', 'exec', place.name, '--write', '--reason', 'isolation', '--', 'hoodoo', 'run')
    done: list[process.Completed] = []
    while len(done) < rounds or time.monotonic() < deadline:
        done.append(process.run([BIN / 'hoodoo', *words], env=env, timeout_s=_LONGEST_S, check=False))
    return done


def _judge(seen: Seen, place: Place, done: process.Completed) -> None:
    printed = f'{done.stdout}\n{done.stderr}'
    if done.returncode != 0:
        seen.failures.append(f'{place.name}: {done.returncode}: {printed[-2000:]}')
    answers = re.findall(r'ANSWER (\{.*\})', printed)
    for answer in answers:
        ((name, facts),) = json.loads(answer).items()
        seen.answers += 1
        if (facts['model-uuid'], facts['short-name']) != (place.uuid, place.model):
            seen.strays.append(f'{place.name}: reached {name}')
    for selected in re.findall(r'SELECTED (.*)', printed):
        if selected.strip().rpartition('/')[2].rpartition(':')[2] != place.other:
            seen.strays.append(f'{place.name}: selected {place.other}, and somebody made it {selected}')
    for code in re.findall(r'REFUSED (.*)', printed):
        if code.strip() != '2':
            seen.failures.append(f'{place.name}: a change was not refused: {code}')
    if not answers:
        seen.failures.append(f'{place.name}: no answer: {printed[-2000:]}')
    seen.locks += [f'{place.name}: {line}' for line in printed.splitlines() if _LOCKED.search(line)]


def places(env: Mapping[str, str], models: Mapping[str, Sequence[str]]) -> list[Place]:
    """The environments of `inventory`, with the identities that their models have."""
    found: list[Place] = []
    for controller, named in models.items():
        for index, model in enumerate(named):
            shown = process.run(
                [env['JUJU'], 'show-model', '--format', 'json', f'{controller}:{model}'],
                env=env,
                timeout_s=60,
            )
            ((_, facts),) = json.loads(shown.stdout).items()
            found.append(
                Place(
                    name=f'shop/{controller}/{model}',
                    controller=controller,
                    model=model,
                    uuid=facts['model-uuid'],
                    other=named[(index + 1) % len(named)],
                )
            )
    return found


def variables(folder: Path) -> dict[str, str]:
    """An environment of a host of one's own."""
    strange = ('MOJO_', 'JUJU_', 'POCKET_', 'HOODOO_')
    kept = {key: value for key, value in os.environ.items() if not key.startswith(strange)}
    return {
        **kept,
        'PATH': f'{BIN}:{os.environ["PATH"]}',
        'JUJU_DATA': str(folder / 'juju'),
        'MOJO_ROOT': str(folder / 'mojo'),
        'HOODOO_INVENTORY': str(folder / 'inventory'),
        'XDG_STATE_HOME': str(folder / 'state'),
        'XDG_CACHE_HOME': str(folder / 'cache'),
        'COLUMNS': '150',
    }
