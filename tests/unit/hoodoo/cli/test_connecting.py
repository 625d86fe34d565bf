"""What `hoodoo env connect` takes from its command line."""

from __future__ import annotations

import pytest

from bedrock import errors
from hoodoo.cli import connecting


def _given(reason: str, *, write: bool = True) -> connecting.Given:
    return connecting.Given(name='mirror', write=write, reason=reason, revision='', no_spec=False)


@pytest.mark.parametrize(
    ('typed', 'kept'), [(' ticket\n4711 ', 'ticket 4711'), ('a\x1b[2Jé', 'a [2Jé'), ('東京', '東京')]
)
def test_a_reason_is_one_line_that_acts_on_no_terminal(typed: str, kept: str) -> None:
    assert connecting.reason(_given(typed)) == kept


def test_who_may_change_things_says_why() -> None:
    assert connecting.reason(_given(' ', write=False)) == ''
    with pytest.raises(errors.UsageFault, match='without a reason'):
        connecting.reason(_given(' \x1b '))
