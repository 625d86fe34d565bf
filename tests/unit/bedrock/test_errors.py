from __future__ import annotations

from bedrock import errors


def test_an_error_is_shown_with_place_causes_problems_and_hint() -> None:
    inner = errors.Fault('cannot read x', where='x:1')
    outer = errors.Problems(
        'cannot run the spec: 1 problem',
        [
            errors.Problem(
                file='manifest', line=3, column=2, message='unknown phase "colect"', hint='Say "collect".'
            )
        ],
    )
    outer.__cause__ = inner
    assert errors.render(outer).splitlines() == [
        'ERROR cannot run the spec: 1 problem',
        '  because: cannot read x (x:1)',
        '  manifest:3:2: unknown phase "colect"',
        '      Say "collect".',
    ]


def test_a_cause_that_leads_back_to_itself_ends() -> None:
    first = errors.Fault('a')
    first.__cause__ = second = errors.Fault('b')
    second.__cause__ = first
    assert [str(link) for link in errors.chain(first)] == ['a', 'b']
