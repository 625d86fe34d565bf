"""What a client sees of a log."""

from __future__ import annotations

import json

import pytest
from starlette.datastructures import QueryParams

from pocket.api import loghttp
from pocket.services.errors import JujuError
from pocket.services.logs import LogRecord


def line(
    number: int, *, entity: str = 'unit-a-0', severity: str = 'INFO', module: str = 'unit.a/0'
) -> LogRecord:
    return LogRecord(
        number=number, at_ms=1, entity=entity, severity=severity, module=module, message=str(number)
    )


LINES = [
    line(1),
    line(2, severity='DEBUG'),
    line(3, entity='machine-0', module='juju.worker'),
    line(4, entity='unit-b-0', severity='ERROR', module='unit.b/0.juju-log'),
    line(5),
]


@pytest.mark.parametrize(
    ('query', 'numbers'),
    [
        ('', [1, 2, 3, 4, 5]),
        ('level=INFO', [1, 3, 4, 5]),
        ('level=error', [4]),
        ('includeEntity=unit-a-0', [1, 2, 5]),
        ('includeEntity=unit-*', [1, 2, 4, 5]),
        ('includeEntity=unit-a-0&includeEntity=machine-0', [1, 2, 3, 5]),
        ('excludeEntity=unit-a-*', [3, 4]),
        ('includeModule=unit.b/0', [4]),
        ('includeModule=unit', [1, 2, 4, 5]),
        ('includeModule=uni', []),
        ('excludeModule=juju', [1, 2, 4, 5]),
        ('maxLines=2', [4, 5]),
        ('backlog=2', [4, 5]),
        ('maxLines=2&replay=true', [1, 2]),
        ('maxLines=1&level=ERROR', [4]),
        ('includeLabel=http', []),
        ('excludeLabel=http', [1, 2, 3, 4, 5]),
        ('startTime=1970-01-01T00:00:00.001Z', [1, 2, 3, 4, 5]),
        ('startTime=1970-01-01T00:00:00.002000001Z', []),
        ('startTime=1970-01-01T01:00:00.000000001+01:00', [1, 2, 3, 4, 5]),
    ],
)
def test_filters_and_counts_choose_the_first_lines(query: str, numbers: list[int]) -> None:
    request = loghttp.parse(QueryParams(query))

    assert [record.number for record in request.first(LINES)] == numbers


@pytest.mark.parametrize(
    'query', ['level=LOUD', 'maxLines=-1', 'backlog=x', 'maxLines=10001', 'startTime=noon']
)
def test_a_wrong_question_is_refused(query: str) -> None:
    with pytest.raises(JujuError):
        loghttp.parse(QueryParams(query))


def test_a_line_is_one_json_document() -> None:
    text = loghttp.encode(line(4, severity='ERROR'))

    assert text.endswith('\n')
    assert json.loads(text) == {
        'tag': 'unit-a-0',
        'ts': '1970-01-01T00:00:00.001Z',
        'sev': 'ERROR',
        'mod': 'unit.a/0',
        'loc': '',
        'msg': '4',
        'lab': None,
    }
