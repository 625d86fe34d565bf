"""What keys do to the picker's list, and what is drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from rich import cells

from hoodoo.cli import keyboard, picker

_ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')
NAMES = [f'blog/{number}' for number in range(100)]


class Entries:
    """Numbered ones; what is typed is part of a name."""

    def __init__(self, names: Sequence[str] = NAMES) -> None:
        self.names = names
        self.total = len(names)
        self.asked: list[str] = []

    def find(self, text: str) -> Sequence[str]:
        self.asked.append(text)
        return [name for name in self.names if text in name]

    def describe(self, name: str) -> picker.Shown:
        return picker.Shown(
            name=name, note='ready', warn=name.endswith('7'), details=(('DNS', f'{name}.example'),)
        )


class Screen:
    """A terminal on which these keys are pressed, some of them at once."""

    def __init__(self, *keys: list[str], size: tuple[int, int] = (40, 10)) -> None:
        self._keys = list(keys)
        self._size = size
        self.drawn: list[str] = []

    def size(self) -> tuple[int, int]:
        return self._size

    def draw(self, text: str) -> None:
        self.drawn.append(text)

    def keys(self) -> list[str]:
        if not self._keys:
            raise EOFError
        return self._keys.pop(0)


def lines(frame: str) -> list[str]:
    return [_ESCAPES.sub('', line).rstrip() for line in frame.split('\r\n')]


@pytest.mark.parametrize(
    ('keys', 'picked'),
    [
        ([['enter']], 'blog/0'),
        ([['down'], ['ctrl-n'], ['up'], ['enter']], 'blog/1'),
        ([['down', 'down', 'down', 'ctrl-p', 'enter']], 'blog/2'),
        ([['up'], ['enter']], 'blog/0'),
        ([['page-down'], ['enter']], 'blog/8'),
        ([['end'], ['page-up'], ['enter']], 'blog/91'),
        ([['end'], ['down'], ['enter']], 'blog/99'),
        ([['end'], ['home'], ['enter']], 'blog/0'),
        ([['4'], ['enter']], 'blog/4'),
        ([['4', 'down', 'enter']], 'blog/14'),
        ([['down'], ['4'], ['enter']], 'blog/4'),
        ([['4'], ['2'], ['backspace'], ['down'], ['enter']], 'blog/14'),
        ([[*'/7', 'ctrl-u', 'enter']], 'blog/0'),
        ([['x'], ['enter'], ['backspace'], ['enter']], 'blog/0'),
        ([['escape']], None),
        ([['4', 'ctrl-c']], None),
        ([['tab'], ['tab'], ['ctrl-l'], ['left'], ['enter']], 'blog/0'),
        ([['']], None),
    ],
)
def test_keys_choose(keys: list[list[str]], picked: str | None) -> None:
    assert picker.pick(Screen(*keys), Entries()) == picked


def test_a_word_is_taken_back_at_a_time() -> None:
    texts = ['archive mirror  ', 'archive ', '']
    state = picker.State(text=texts[0])
    for text in texts[1:]:
        state = picker.press(state, 'ctrl-w', 1, 1)
        assert state.text == text


def test_what_is_typed_at_once_is_looked_for_once() -> None:
    entries = Entries()
    picker.pick(Screen(list('blog/42'), ['enter']), entries)
    assert entries.asked == ['', 'blog/42']


def test_a_frame_has_the_text_the_list_and_help() -> None:
    screen = Screen(['down'], list('/1'))
    picker.pick(screen, Entries(NAMES[:9]), action='print')
    first, second, third = (lines(drawn) for drawn in screen.drawn)
    assert first[0] == '>                                 9 of 9'
    assert first[1:3] == ['>  blog/0  ready', '   blog/1  ready']
    assert second[1:3] == ['   blog/0  ready', '>  blog/1  ready']
    assert second[8].startswith(' ! blog/7')
    assert third[0].startswith('> /1')
    assert third[1:3] == ['>  blog/1  ready', '']
    assert first[9].startswith('enter: print')
    assert all(len(drawn) == 10 for drawn in (first, second, third))


def test_details_are_of_the_chosen_one() -> None:
    screen = Screen(['end'], ['tab'])
    picker.pick(screen, Entries())
    shown = lines(screen.drawn[-1])
    assert '>  blog/99  ready' in shown
    assert '   DNS  blog/99.example' in shown
    assert len(shown) == 10


@pytest.mark.parametrize('size', [(80, 24), (40, 10), (12, 4), (5, 3), (2, 2), (1, 1)])
@pytest.mark.parametrize('details', [False, True])
def test_no_frame_is_larger_than_the_terminal(size: tuple[int, int], details: bool) -> None:
    names = ['博客/東京/production', 'blog/e\u0301/staging', 'a' * 200, 'b\x1b[2Jc/\t']
    entries = Entries(names)
    for at in range(4):
        state = picker.State(text='東京 tokyo ' * 5, at=at, details=details)
        state = picker.scrolled(state, picker.room(state, size[1]), 4)
        shown = lines(picker.frame(state, names, entries, *size, colour=True))
        assert len(shown) <= size[1]
        assert all(cells.cell_len(line) <= max(size[0], 2) for line in shown), shown
        assert not any('\x1b' in line or '\t' in line for line in shown)


def test_a_name_that_is_too_long_keeps_its_stage() -> None:
    names = [f'archive-mirror/azure/australiasoutheast/{stage}' for stage in ('staging', 'testing')]
    shown = lines(picker.frame(picker.State(), names, Entries(names), 40, 10))
    assert shown[1:3] == [
        '>  archive-mirr~straliasoutheast/staging',
        '   archive-mirr~straliasoutheast/testing',
    ]


def test_without_colour_there_is_none() -> None:
    frame = picker.frame(picker.State(), NAMES, Entries(), 40, 10, colour=False)
    assert re.findall(r'\x1b\[[0-9;]*m', frame) == []


@pytest.mark.parametrize(
    ('sent', 'keys'),
    [
        ([b'ab'], ['a', 'b']),
        (['é東'.encode()], ['é', '東']),
        (['東'.encode()[:1], '東'.encode()[1:]], ['東']),
        ([b'\x1b[A\x1b[B\x1bOA'], ['up', 'down', 'up']),
        ([b'\x1b[', b'5~'], ['page-up']),
        (
            [b'\r\n\t\x7f\x08\x03\x17\x15'],
            ['enter', 'enter', 'tab', 'backspace', 'backspace', 'ctrl-c', 'ctrl-w', 'ctrl-u'],
        ),
        ([b'\x1b[1;5C\x1b[200~tokyo\nprod\x1b[201~\r'], [*'tokyo prod', 'enter']),
        ([b'\x1bx'], ['escape', 'x']),
        ([b'\x1b\x1b[A'], ['escape', 'up']),
        ([b'\x00\xff'], []),
    ],
)
def test_keys_are_taken_from_what_a_terminal_sends(sent: list[bytes], keys: list[str]) -> None:
    taken = keyboard.Keys()
    assert [key for piece in sent for key in taken.feed(piece)] == keys
    assert not taken.waiting


def test_an_escape_alone_is_one_when_nothing_follows() -> None:
    taken = keyboard.Keys()
    assert taken.feed(b'\x1b') == []
    assert taken.waiting
    assert taken.flush() == ['escape']
    assert not taken.waiting
