"""Text for people."""

from __future__ import annotations

import pytest

from hoodoo import wording


@pytest.mark.parametrize(
    ('printed', 'left'),
    [
        ('plain', 'plain'),
        ('Reading ... 5%\rReading ... 100%\rReading ... done', 'Reading ... done'),
        ('Reading ... 100%\rok', 'okading ... 100%'),
        ('windows\r', 'windows'),
        ('\x1b[1;31mred\x1b[0m \x1b]0;title\x07text', 'red text'),
        ('bell\a and back\b', 'bell and back'),
        ('a\tb  ', 'a\tb'),
    ],
)
def test_a_line_looks_as_a_terminal_would_have_left_it(printed: str, left: str) -> None:
    assert wording.as_left(printed) == left


def test_what_somebody_else_wrote_is_one_line_that_acts_on_no_terminal() -> None:
    assert wording.on_a_line(' a\nb\x1b[2J\tc é 東京\u202e ') == 'a b [2J c é 東京'


def test_a_count_agrees_with_its_noun() -> None:
    assert [wording.counted(number, 'unit') for number in (0, 1, 2)] == ['0 units', '1 unit', '2 units']


def test_a_guess_is_made_only_when_a_word_is_near() -> None:
    assert wording.guess('colect', ['collect', 'deploy']) == 'Did you mean "collect"?'
    assert wording.guess('xyz', ['collect', 'deploy']) == ''
