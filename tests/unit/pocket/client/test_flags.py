"""The command line is read as Juju's own client reads it."""

from __future__ import annotations

import pytest

from pocket.client import faults, flags
from pocket.client.flags import Flag

COMMAND = flags.Command(
    name='try',
    summary='Try the parser.',
    flags=(
        flags.MODEL,
        Flag('config', 'Settings', value='KEY=VALUE'),
        Flag('force', 'Force it'),
        Flag('num-units,n', 'How many', value='N', default='1'),
    ),
    least=1,
    most=2,
    missing='nothing to try',
    run=lambda ctx, given: 0,
)


def test_flags_and_positionals_come_in_any_order() -> None:
    given = flags.parse(COMMAND, ['--model', 'm', 'a', '--force', 'b', '-n', '3'])
    assert given.args == ('a', 'b')
    assert given.text('model') == 'm'
    assert given.on('force')
    assert given.number('num-units') == 3


@pytest.mark.parametrize('words', [['--num-units=4'], ['-n', '4'], ['-n4'], ['-n=4'], ['--num-units', '4']])
def test_a_value_may_be_attached_or_not(words: list[str]) -> None:
    assert flags.parse(COMMAND, words).number('num-units') == 4


def test_a_repeated_flag_keeps_every_value_and_text_gives_the_last() -> None:
    given = flags.parse(COMMAND, ['--config', 'a=1', '--config=b=2,c'])
    assert given.many('config') == ('a=1', 'b=2,c')
    assert given.listed('config') == ['a=1', 'b=2', 'c']
    assert given.text('config') == 'b=2,c'


def test_a_flag_that_is_not_given_has_its_default() -> None:
    given = flags.parse(COMMAND, [])
    assert (given.text('num-units'), given.text('model'), given.on('force')) == ('1', '', False)
    assert not given.was_given('num-units')


@pytest.mark.parametrize(('word', 'expected'), [('--force=false', False), ('--force=true', True)])
def test_a_switch_may_be_given_a_boolean(word: str, expected: bool) -> None:
    assert flags.parse(COMMAND, [word]).on('force') is expected


def test_letters_of_switches_may_be_joined() -> None:
    given = flags.parse(COMMAND, ['-qvn', '2'])
    assert given.on('quiet')
    assert given.on('verbose')
    assert given.number('num-units') == 2


def test_two_dashes_end_the_flags() -> None:
    assert flags.parse(COMMAND, ['a', '--', '--force', '-x']).args == ('a', '--force', '-x')


def test_a_lone_dash_is_a_positional() -> None:
    assert flags.parse(COMMAND, ['-']).args == ('-',)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--bogus'], 'option provided but not defined: --bogus'),
        (['--bogus=1'], 'option provided but not defined: --bogus'),
        (['-z'], 'option provided but not defined: -z'),
        (['--m', 'x'], 'option provided but not defined: --m'),
        (['--model'], 'option needs an argument: --model'),
        (['--force=perhaps'], 'invalid boolean value "perhaps" for option --force'),
    ],
)
def test_a_wrong_flag_is_named(words: list[str], message: str) -> None:
    with pytest.raises(faults.WrongUsage, match=f'^{message}$'):
        flags.parse(COMMAND, words)


@pytest.mark.parametrize(
    ('words', 'message'), [([], 'nothing to try'), (['a', 'b', 'c', 'd'], r'unrecognized args: \["c" "d"\]')]
)
def test_the_number_of_positionals_is_checked(words: list[str], message: str) -> None:
    with pytest.raises(faults.WrongUsage, match=f'^{message}$'):
        flags.check_count(COMMAND, flags.parse(COMMAND, words))


def test_a_command_that_passes_flags_on_ends_at_its_first_positional() -> None:
    ssh = flags.Command(
        name='ssh', summary='', flags=(flags.MODEL,), interspersed=False, run=lambda ctx, given: 0
    )
    given = flags.parse(ssh, ['--model', 'm', 'app/0', '-v', '--model', 'x', '--', 'y'])
    assert given.args == ('app/0', '-v', '--model', 'x', '--', 'y')
    assert given.text('model') == 'm'
