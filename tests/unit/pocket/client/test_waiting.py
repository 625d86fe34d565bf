"""The query language of wait-for, what queries see, and the command itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocket.client.waiting import grammar, query, scopes
from pocket.client.waiting.grammar import QueryFault

if TYPE_CHECKING:
    from .conftest import Client, FakeController

SCOPE: dict[str, Any] = {
    'name': 'mysql',
    'life': 'alive',
    'exposed': True,
    'workload-message': 'all "good"',
    'count': 3,
    'units': [{'name': 'mysql/0', 'status': 'active'}, {'name': 'mysql/1', 'status': 'blocked'}],
    'none': [],
    'config': {'port': 80},
}


@pytest.mark.parametrize(
    ('text', 'answer'),
    [
        ('name == "mysql"', True),
        ("name=='mysql'", True),
        ('name != "mysql"', False),
        ('exposed', True),
        ('!exposed', False),
        ('exposed == true && !false', True),
        ('false && missing', False),
        ('true || missing', True),
        ('life=="dead" || name=="mysql" && count == 3', True),
        ('(life=="dead" || name=="mysql") && count == 4', False),
        ('count > 2 && count <= 3 && count < 3.5 && count >= -1', True),
        ('name < "n"', True),
        ('name == 3', False),
        ('name != 3', True),
        ('workload-message == "all \\"good\\""', True),
        ('len(units) == 2', True),
        ('len(name) == 5', True),
        ('startsWith(name, "my") && endsWith(name, "sql")', True),
        ('forEach(units, unit => startsWith(unit.name, "mysql"))', True),
        ('forEach(units, unit => unit.status == "active")', False),
        ('forEach(none, x => false)', True),
        ('units[1].status == "blocked"', True),
        ('config["port"] == 80', True),
        ('config.port == 80', True),
        ('print(name)', True),
    ],
)
def test_a_query_is_true_or_false_of_a_scope(text: str, answer: bool) -> None:
    assert query.holds(grammar.parse(text), SCOPE) is answer


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('', 'it ends too early'),
        ('name ==', 'it ends too early'),
        ('name = 3', 'unexpected = at column 6'),
        ('name == "x" extra', 'unexpected extra at column 13'),
        ('len(units', 'it ends too early'),
        ('a.3', 'unexpected 3 at column 3'),
        ('(' * 500 + 'a', 'nested too deeply'),
        ('"open', 'unexpected " at column 1'),
    ],
)
def test_what_is_no_query_is_an_error_with_its_place(text: str, error: str) -> None:
    with pytest.raises(QueryFault, match=r'cannot read query|nested') as caught:
        grammar.parse(text)
    assert error in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('nme == "x"', 'identifier "nme" not found'),
        ('name', 'query result is not true or false but text'),
        ('name > 3', 'cannot compare text with number'),
        ('exposed > exposed', 'cannot compare boolean with boolean'),
        ('name.first == 1', 'cannot look up "first" on text'),
        ('units[2]', 'there is no item 2 in a list of 2'),
        ('len(count) == 1', 'len needs a list or a text, not number'),
        ('forEach(name, x => true)', 'forEach needs a list, not text'),
        ('forEach(units)', 'forEach cannot be called like this'),
        ('length(units)', 'function "length" does not exist'),
        ('name && true', 'expected true or false, got text'),
    ],
)
def test_a_query_that_does_not_fit_the_scope_is_an_error(text: str, error: str) -> None:
    with pytest.raises(QueryFault) as caught:
        query.holds(grammar.parse(text), SCOPE)
    assert str(caught.value) == error


@st.composite
def _questions(draw: st.DrawFn, depth: int = 3) -> tuple[str, bool]:
    """A query and its answer."""
    kind = draw(st.sampled_from(['compare', 'literal'] + (['and', 'or', 'not', 'each'] if depth else [])))
    if kind == 'literal':
        answer = draw(st.booleans())
        return str(answer).lower(), answer
    if kind == 'compare':
        wanted = draw(st.text(alphabet='abc"\\ \'é', max_size=5))
        quoted = wanted.replace('\\', '\\\\').replace('"', '\\"')
        sign = draw(st.sampled_from(['==', '!=']))
        return f'name {sign} "{quoted}"', (wanted == SCOPE['name']) is (sign == '==')
    left, first = draw(_questions(depth=depth - 1))
    if kind == 'not':
        return f'!({left})', not first
    if kind == 'each':
        return f'forEach(units, u => {left})', first
    right, second = draw(_questions(depth=depth - 1))
    return (
        (f'({left}) && ({right})', first and second)
        if kind == 'and'
        else (f'({left})||({right})', first or second)
    )


@given(_questions())
def test_any_question_gets_its_answer(question: tuple[str, bool]) -> None:
    text, answer = question
    assert query.holds(grammar.parse(text), SCOPE) is answer


@given(st.text(alphabet='ab."\'()[]=!&|<>,03- \\é\n'))
def test_any_text_is_a_query_or_an_error_made_on_purpose(text: str) -> None:
    try:
        query.holds(grammar.parse(text), SCOPE)
    except QueryFault:
        pass


# --- what is seen


def _status(current: str, message: str = '') -> dict[str, str]:
    return {'current': current, 'message': message}


def _unit(number: int, workload: str) -> list[Any]:
    return [
        'unit',
        'change',
        {
            'name': f'web/{number}',
            'application': 'web',
            'life': 'alive',
            'machine-id': str(number),
            'workload-status': _status(workload, 'a message'),
            'agent-status': _status('idle'),
        },
    ]


MODEL = [
    'model',
    'change',
    {'model-uuid': 'u', 'name': 'm1', 'life': 'alive', 'status': _status('available')},
]
APPLICATION = ['application', 'change', {'name': 'web', 'life': 'alive', 'status': _status('unset')}]
MACHINE = [
    'machine',
    'change',
    {
        'id': '0',
        'life': 'alive',
        'agent-status': _status('started'),
        'instance-status': _status('running'),
    },
]


def _found(*deltas: list[Any]) -> dict[tuple[str, str], dict[str, Any]]:
    keys = {'model': 'model-uuid', 'machine': 'id'}
    return {(kind, document[keys.get(kind, 'name')]): document for kind, _, document in deltas}


@pytest.mark.parametrize(
    ('kind', 'name', 'text'),
    [
        ('model', 'm1', 'life=="alive" && status=="available"'),
        ('model', 'm1', 'forEach(applications, a => len(a.units) == 2) && len(machines) == 1'),
        ('application', 'web', 'status=="blocked" && len(units) == 2 && len(machines) == 1'),
        ('application', 'web', 'forEach(units, unit => unit.workload-message == "a message")'),
        ('unit', 'web/0', 'workload-status=="active" && agent-status=="idle" && len(machines) == 1'),
        ('machine', '0', 'status=="started" && instance-status=="running" && len(units) == 1'),
    ],
)
def test_each_kind_of_entity_shows_itself_and_what_belongs_to_it(kind: str, name: str, text: str) -> None:
    found = _found(MODEL, APPLICATION, _unit(0, 'active'), _unit(1, 'blocked'), MACHINE)
    seen = scopes.scope(found, kind, name)
    assert seen is not None
    assert query.holds(grammar.parse(text), seen)


def test_an_application_that_set_a_status_shows_that() -> None:
    own = ['application', 'change', {'name': 'web', 'life': 'alive', 'status': _status('maintenance')}]
    seen = scopes.scope(_found(own, _unit(0, 'blocked')), 'application', 'web')
    assert seen is not None
    assert seen['status'] == 'maintenance'


# --- the command


def _stream(controller: FakeController, *answers: list[list[Any]]) -> None:
    left = list(answers)
    controller.answers['Client.WatchAll'] = lambda params: {'watcher-id': '1'}
    controller.answers['AllWatcher.Next'] = lambda params: {'deltas': left.pop(0)}


def test_it_waits_until_the_query_holds(client: Client, controller: FakeController) -> None:
    _stream(controller, [MODEL], [APPLICATION, _unit(0, 'waiting')], [_unit(0, 'active')])
    done = client.run('wait-for', 'application', 'web')
    assert done.code == 0
    assert done.err == (
        'application "web": life alive, status active\n  unit "web/0": active, agent idle (a message)\n'
    )
    assert len(controller.asked('AllWatcher.Next')) == 3


def test_without_summary_it_says_nothing(client: Client, controller: FakeController) -> None:
    _stream(controller, [APPLICATION, _unit(0, 'active')])
    done = client.run('wait-for', 'application', 'web', '--summary=false')
    assert (done.code, done.out, done.err) == (0, '', '')


def test_what_is_removed_is_dead(client: Client, controller: FakeController) -> None:
    gone = ['unit', 'remove', {'name': 'web/0'}]
    _stream(controller, [APPLICATION, _unit(0, 'active')], [gone])
    assert client.run('wait-for', 'unit', 'web/0', '--query', 'life=="dead"').code == 0


def test_time_is_over_without_an_answer(client: Client, controller: FakeController) -> None:
    _stream(controller, [APPLICATION, _unit(0, 'active')])
    done = client.run('wait-for', 'unit', 'web/1', '--timeout', '0s')
    assert done.code == 1
    assert done.err == (
        'unit "web/1" was not found\nERROR timed out waiting for "web/1" to reach goal state\n'
    )


@pytest.mark.parametrize(
    ('words', 'code', 'error'),
    [
        (['planet', 'x'], 2, 'unrecognized command: juju wait-for planet'),
        (['unit'], 2, 'unit name must be supplied when waiting for a unit'),
        (['unit', 'web'], 2, '"web" is not a valid unit name'),
        (['machine', '0', '--query', '=='], 1, 'cannot read query: unexpected == at column 1: =='),
        (['machine', '0', '--timeout', 'soon'], 2, 'invalid value "soon" for option --timeout'),
    ],
)
def test_wrong_words_are_refused_before_anything_is_asked(
    client: Client, controller: FakeController, words: list[str], code: int, error: str
) -> None:
    done = client.run('wait-for', *words)
    assert done.code == code
    assert done.err.startswith(f'ERROR {error}')
    assert controller.calls == []
