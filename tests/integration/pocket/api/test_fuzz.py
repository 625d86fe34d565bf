"""Whatever a client sends, it is answered without our insides, and the connection goes on."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pocket.api import facades
from pocket.api.dispatch import Dispatcher
from pocket.api.facade import Controller, Scope, Session
from pocket.api.identity import PasswordHash, load_or_create
from pocket.settings import Settings, load
from pocket.state import State
from tests.unit.pocket.services.conftest import World

WATCHED = frozenset({'Next'})
"""They wait for news, and nobody is there to make any."""

_words = st.sampled_from(
    [
        *('', 'a', 'a/0', 'a/leader', 'm', 'alpha', 'pocket', '0', '-1', 'local:a-0', 'true', '5m', '1 = 2'),
        *(
            'application-a',
            'unit-a-0',
            'machine-0',
            'model-x',
            'user-admin',
            'cloud-pocket',
            'a:db',
            'unit--',
        ),
        *('\ud800', '\x00', '../..', 'é' * 300),
    ]
)
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _words
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=6,
)


def _fields() -> list[str]:
    """Names that methods look for; taken from their sources, so that new ones are tried as well."""
    folder = Path(facades.__file__).parent
    text = '\n'.join(path.read_text() for path in sorted(folder.glob('*.py')))
    reader = r"\.(?:text|number|flag|child|children|texts|map|values|text_map|tags)\('([\w-]+)'"
    return sorted(set(re.findall(reader, text)))


_structs = st.recursive(
    st.dictionaries(st.sampled_from(_fields()), _values, max_size=6),
    lambda inner: st.dictionaries(
        st.sampled_from(_fields()), st.lists(inner, max_size=2) | inner | _values, max_size=6
    ),
    max_leaves=8,
)
_methods = [
    (facade, version, method)
    for facade in facades.ALL.values()
    for version in facade.versions[-1:]
    for method in sorted(facade.methods)
    if method not in WATCHED
]


class Errors(logging.Handler):
    """What was logged as our own fault."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@contextmanager
def _no_faults() -> Generator[None]:
    errors, root = Errors(), logging.getLogger()
    root.addHandler(errors)
    try:
        yield
    finally:
        root.removeHandler(errors)
    assert errors.found == []


@asynccontextmanager
async def _server() -> AsyncGenerator[tuple[State, Controller, str]]:
    """A controller with a model that has an application."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        found: Settings = load({'POCKET_HOME': str(home / 'home'), 'JUJU_DATA': str(home / 'juju')})
        state = State(home / 'state.db')
        identity = load_or_create(found.home)
        controller = Controller(
            state=state,
            settings=found,
            identity=identity,
            password_hash=PasswordHash.of(identity.password),
            port=1,
            arch='amd64',
        )
        try:
            yield state, controller, await state.write(_fill)
        finally:
            state.close()


def _fill(tx: Any) -> str:
    world = World(tx)
    charm = world.make_charm('a', provides={'db': 'sql'}, peers={'cluster': 'ha'}, actions={'go': {}})
    world.deploy('a', charm, units=2)
    world.start('a/0')
    return world.uuid


def _checked(reply: str) -> dict[str, Any]:
    """A reply as every client can take it."""
    read = json.loads(reply)
    assert isinstance(read.get('response', read.get('Response')), dict)
    assert 'Traceback' not in reply
    assert 'internal error' not in reply
    assert '"error":null' not in reply
    return read


def _ask(facade: str, version: int, method: str, params: Mapping[str, Any], of: str = '') -> str:
    request = {'type': facade, 'version': version, 'request': method, 'id': of, 'params': params}
    return json.dumps({'request-id': 9, **request})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    messages=st.lists(st.binary(max_size=60) | st.text(max_size=60) | _values.map(json.dumps), max_size=20)
)
def test_whatever_is_sent_is_answered(messages: list[str | bytes]) -> None:
    async def converse() -> None:
        async with _server() as (_, controller, uuid):
            for user in ('', 'admin'):
                session = Session(controller, uuid)
                session.user = user
                dispatcher = Dispatcher(session, facades.ALL)
                for message in messages:
                    assert _checked(await dispatcher.answer(message))['error-code']
                await session.close()

    with _no_faults():
        asyncio.run(converse())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_method_is_given_it_answers(data: st.DataObject) -> None:
    async def converse() -> None:
        async with _server() as (_, controller, uuid):
            for facade, version, method in data.draw(
                st.lists(st.sampled_from(_methods), min_size=8, max_size=16)
            ):
                session = Session(controller, '' if facade.scope is Scope.CONTROLLER else uuid)
                session.user = 'admin'
                params = data.draw(_structs)
                reply = await Dispatcher(session, facades.ALL).answer(
                    _ask(facade.name, version, method, params)
                )
                assert _checked(reply)['request-id'] == 9
                await session.close()

    with _no_faults():
        asyncio.run(converse())


@pytest.mark.parametrize('method', [f'{facade.name}.{method}' for facade, _, method in _methods])
def test_no_method_answers_nonsense_with_our_insides(method: str) -> None:
    """Each of them once, with every field of a wrong type; it changes nothing that it should not."""
    facade, _, name = method.partition('.')
    wrong = {name: [[None, {'tag': 7}, 'x', -1]] for name in _fields()}

    async def converse() -> None:
        async with _server() as (_, controller, uuid):
            found = facades.ALL[facade]
            session = Session(controller, '' if found.scope is Scope.CONTROLLER else uuid)
            session.user = 'admin'
            reply = await Dispatcher(session, facades.ALL).answer(
                _ask(facade, found.versions[-1], name, wrong)
            )
            assert _checked(reply)['request-id'] == 9
            await session.close()

    with _no_faults():
        asyncio.run(converse())
