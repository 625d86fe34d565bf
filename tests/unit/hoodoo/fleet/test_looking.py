from __future__ import annotations

import asyncio
import dataclasses
import socket
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.fleet import looking
from hoodoo.inventory.environment import Credentials, Environment, Kind, Place
from hoodoo.inventory.state import Health, State
from hoodoo.juju import clientfiles, listing

TIMEOUT_S = 1.0


class Kept(dict[str, State]):
    def change(self, name: str, change: Callable[[State], State]) -> State:
        self[name] = change(self.get(name, State()))
        return self[name]


def environment(name: str, controller: str, **more: Credentials) -> Environment:
    made = Environment(
        name=name,
        service='s',
        cloud='c',
        region='r',
        stage='p',
        controller=controller,
        model='m',
        spec='',
        place=Place(file=Path('s.yaml'), line=1),
    )
    return dataclasses.replace(made, **more)


@pytest.fixture
def mute() -> Generator[int]:
    """A port where connections are taken, and nothing is ever said."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def nobody() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


def at(ports: dict[str, int]) -> looking.Account:
    def account(one: Environment) -> clientfiles.Controller:
        if one.controller not in ports:
            raise errors.UnreachableFault(f'controller "{one.controller}" is not registered here')
        return clientfiles.Controller(
            name=one.controller,
            endpoints=(f'127.0.0.1:{ports[one.controller]}',),
            ca='',
            cloud='c',
            user='admin',
            password='x',
        )

    return account


def test_those_that_do_not_answer_are_asked_side_by_side_and_for_no_longer_than_allowed(
    mute: int, nobody: int
) -> None:
    ports = {f'mute{number}': mute for number in range(20)} | {'nobody': nobody}
    wanted = [environment(name, name) for name in (*ports, 'unknown')]
    told: list[tuple[str, float]] = []
    kept = Kept({'nobody': State(health=Health.READY, run=3, units=9)})
    began = time.monotonic()
    states = looking.look(
        wanted,
        kept,
        looking.Manner(account=at(ports), timeout_s=TIMEOUT_S, now_ms=lambda: 7),
        lambda one, _: told.append((one.name, time.monotonic() - began)),
    )
    assert time.monotonic() - began < 10 * TIMEOUT_S  # one after the other it would be 20 times as long
    assert {state.health for state in states.values()} == {Health.UNREACHABLE}
    assert states == kept
    assert states['mute3'].why == f'controller "mute3" gave no answer within {TIMEOUT_S:g} s'
    assert states['unknown'].why == 'controller "unknown" is not registered here'
    assert states['nobody'].why.endswith(f':{nobody}: Connection refused')
    assert (states['nobody'].run, states['nobody'].units, states['nobody'].seen_ms) == (3, 0, 7)
    # Nobody waited for the mute ones.
    assert {name for name, _ in told[:2]} == {'nobody', 'unknown'}


def test_whoever_has_a_budget_waits_for_it_and_that_is_no_silence(nobody: int) -> None:
    paid: list[tuple[str, int]] = []

    def meter(controller: str) -> looking.Meter:
        async def wait(requests: int) -> None:
            paid.append((controller, requests))
            await asyncio.sleep(1.2 * TIMEOUT_S)

        return wait

    manner = looking.Manner(account=at({'a': nobody}), timeout_s=TIMEOUT_S, meter=meter)
    wanted = [environment('e', 'a'), environment('f', 'a')]
    states = looking.look(wanted, Kept(), manner, lambda _one, _state: None)
    assert states['e'].why.startswith('cannot reach controller "a"')
    assert paid == [('a', 2)]


def test_environments_of_one_account_on_one_controller_are_asked_for_together() -> None:
    read = Credentials(kind=Kind.FILE, path='read.yaml')
    other = Credentials(kind=Kind.FILE, path='other.yaml')
    wanted = [
        environment('a', 'one', credentials=other, read_credentials=read),
        environment('b', 'one', credentials=read),
        environment('c', 'one', credentials=other),
        environment('d', 'two', credentials=read),
    ]
    assert [[one.name for one in group] for group in looking.grouped(wanted)] == [['a', 'b'], ['c'], ['d']]


@pytest.mark.parametrize(
    ('name', 'uuid'),
    [
        ('m', 'mine'),
        ('admin/m', 'mine'),
        ('eve/m', 'hers'),
        ('only', 'only'),
        ('both', None),
        ('none', None),
        ('eve/none', None),
    ],
)
def test_a_model_is_found_by_its_name_its_owner_or_as_the_only_one(name: str, uuid: str | None) -> None:
    named = {'admin/m': 'mine', 'eve/m': 'hers', 'eve/only': 'only', 'eve/both': 'x', 'bob/both': 'y'}
    models = {full: listing.Listed(uuid=uuid) for full, uuid in named.items()}
    found = listing.find(models, name, 'admin')
    assert (found.uuid if found else None) == uuid


def test_a_list_of_models_is_read_whoever_owns_them_and_one_that_went_away_is_left_out() -> None:
    answer = {
        'results': [
            {'result': {'name': 'm', 'uuid': 'u', 'owner-tag': 'user-admin', 'life': 'dying'}},
            {'error': {'message': 'model not found', 'code': 'not found'}},
            {'result': {'name': 'n', 'uuid': 'v', 'owner-tag': 'user-eve@external', 'life': 'alive'}},
        ]
    }
    assert listing.decode(answer) == {
        'admin/m': listing.Listed(uuid='u', life='dying'),
        'eve@external/n': listing.Listed(uuid='v'),
    }
    assert listing.decode({}) == {}


def test_whoever_stops_listening_is_told_so_and_nothing_else_is_raised(nobody: int) -> None:
    def told(_environment: Environment, _state: State) -> None:
        raise BrokenPipeError

    wanted = [environment('e', 'a'), environment('f', 'b')]
    with pytest.raises(BrokenPipeError):
        looking.look(wanted, Kept(), looking.Manner(account=at({'a': nobody, 'b': nobody})), told)


def test_files_that_cannot_be_read_are_the_trouble_of_their_environments_alone(nobody: int) -> None:
    reachable = at({'a': nobody})

    def account(one: Environment) -> clientfiles.Controller:
        if one.controller == 'b':
            raise PermissionError(13, 'Permission denied', 'accounts.yaml')
        return reachable(one)

    wanted = [environment('e', 'a'), environment('f', 'b')]
    manner = looking.Manner(account=account)
    states = looking.look(wanted, Kept(), manner, lambda _one, _state: None)
    assert states['f'].why == "[Errno 13] Permission denied: 'accounts.yaml'"
    assert states['e'].why.startswith('cannot reach')
