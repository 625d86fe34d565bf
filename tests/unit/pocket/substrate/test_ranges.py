"""Which users of the host machines get."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock import errors
from pocket.substrate import ranges
from pocket.substrate.idmap import SIZE

FIRSTS = range(ranges.FIRST, ranges.END, SIZE)
ANY_FIRST = st.integers(0, len(FIRSTS) - 1).map(lambda number: FIRSTS[number])


@st.composite
def reserved_users(draw: st.DrawFn) -> range:
    start = draw(st.integers(ranges.FIRST - 10**6, ranges.END))
    return range(start, start + draw(st.integers(1, 10**7)))


@given(name=st.text(), taken=st.sets(ANY_FIRST), reserved=st.lists(reserved_users(), max_size=3))
def test_a_range_meets_no_other(name: str, taken: set[int], reserved: list[range]) -> None:
    first = ranges.choose(name, taken=taken, reserved=reserved)
    assert first in FIRSTS
    assert first not in taken
    assert not any(one.start < first + SIZE and first < one.stop for one in reserved)
    assert first == ranges.choose(name, taken=taken, reserved=reserved)


def test_when_none_is_left_it_says_so() -> None:
    last = FIRSTS[17]
    assert ranges.choose('x', taken=set(FIRSTS) - {last}) == last
    with pytest.raises(errors.Fault, match='ranges are in use'):
        ranges.choose('x', taken=set(FIRSTS))
    with pytest.raises(errors.Fault, match='ranges are in use'):
        ranges.choose('x', taken=(), reserved=[range(ranges.END + 1)])


def test_the_numbers_are_those_that_nobody_else_gives_out() -> None:
    """systemd's containers end below them, its foreign users begin above; useradd stays far below."""
    assert (ranges.FIRST, ranges.END) == (1879048191 + 1, 2147352576)
    assert ranges.FIRST % SIZE == ranges.END % SIZE == 0


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('', ()),
        ('a:100000:65536\nb:165536:65536\n', (range(100000, 165536), range(165536, 231072))),
        ('nonsense\n\nx:y:z\n# c\nroot:5:1\n', (range(5, 6),)),
    ],
)
def test_subordinate_users_are_read_and_nonsense_is_left_out(text: str, found: tuple[range, ...]) -> None:
    assert ranges.subordinate(text) == found


def _machine(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_homes_do_not_meet_and_a_machine_keeps_its_range(tmp_path: Path) -> None:
    one, two = tmp_path / 'one' / 'm' / 'a', tmp_path / 'two' / 'm' / 'a'
    here, there = ranges.Ranges(tmp_path / 'users'), ranges.Ranges(tmp_path / 'users')
    with here.claim(one) as first:
        _machine(one)
    with there.claim(two) as second:
        _machine(two)
    assert first != second
    with there.claim(one) as again:
        assert again == first
    here.release(one)
    with there.claim(two) as again:
        assert again == second
    there.release(tmp_path / 'two' / 'm')
    assert not (tmp_path / 'users').exists()
    there.release(two)


def test_what_a_crash_left_of_a_claim_counts_for_nothing(tmp_path: Path) -> None:
    given_out = ranges.Ranges(tmp_path / 'users')
    machine = tmp_path / 'm' / 'a'
    with given_out.claim(machine) as first:
        pass  # killed before the folder was there
    with given_out.claim(machine) as again:
        _machine(machine)
    assert again == first
    assert [link.name for link in (tmp_path / 'users').iterdir()] == [str(first)]
    machine.rmdir()  # by hand
    given_out.release(tmp_path / 'another')
    assert not (tmp_path / 'users').exists()
