"""Results of requests for several things: each is there, or an error stands in its place."""

from __future__ import annotations

from pocket.client import faults, shape
from pocket.client.shape import Json


def checked(result: Json) -> Json:
    """*result* itself.

    Raises:
        Refused: it is an error.
    """
    error = shape.mapping(result.get('error'))
    if error:
        raise faults.Refused(str(error.get('message')), code=str(error.get('code') or ''))
    return result


def only(answer: Json, name: str = 'results') -> Json:
    """The one result of a request for one thing; empty when there is none.

    Raises:
        Refused: it is an error.
    """
    return checked(shape.first(answer.get(name)))


def every(answer: Json) -> list[Json]:
    """The results of a request.

    Raises:
        Refused: some are errors; the message has a line for each.
    """
    results = shape.objects(answer.get('results'))
    failed = [str(result['error'].get('message')) for result in results if result.get('error')]
    if failed:
        raise faults.Refused('\n'.join(failed))
    return results
