from __future__ import annotations

from pathlib import Path

import pytest

from pocket.substrate import sysctls


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc/sys with low values."""
    for name in sysctls.WANTED:
        path = tmp_path / 'proc' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('0\n')
    return tmp_path / 'proc'


def _values(proc: Path) -> dict[str, int]:
    return {name: int((proc / name).read_text()) for name in sysctls.WANTED}


def test_low_values_are_raised_and_put_back(proc: Path, tmp_path: Path) -> None:
    before = _values(proc)
    sysctls.ensure(proc=proc, kept=tmp_path)
    sysctls.ensure(proc=proc, kept=tmp_path)
    assert _values(proc) == sysctls.WANTED
    sysctls.restore(proc=proc, kept=tmp_path)
    assert _values(proc) == before


def test_high_values_are_left_alone(proc: Path, tmp_path: Path) -> None:
    for name in sysctls.WANTED:
        (proc / name).write_text('99999')
    sysctls.ensure(proc=proc, kept=tmp_path)
    sysctls.restore(proc=proc, kept=tmp_path)
    assert set(_values(proc).values()) == {99999}


def test_the_first_value_is_what_is_put_back(proc: Path, tmp_path: Path) -> None:
    sysctls.ensure(proc=proc, kept=tmp_path)
    lowered = next(iter(sysctls.WANTED))
    (proc / lowered).write_text('0')
    sysctls.ensure(proc=proc, kept=tmp_path)
    sysctls.restore(proc=proc, kept=tmp_path)
    assert set(_values(proc).values()) == {0}
