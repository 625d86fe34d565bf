from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from bedrock import errors
from pocket.model import secretcontent
from pocket.model.secrets import Rotate, find_id, is_uri, new_id, uri

ID = '9m4e2mr0ui3e8a215n4g'
UUID = '0a2e3f96-9521-43c4-9bcf-ae7a5415477f'


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        (ID, ID),
        (f'secret:{ID}', ID),
        (f'secret://{UUID}/{ID}', ID),
        (f'secret:/{ID}', None),
        (f'http:{ID}', None),
        (f'{ID}x', None),
        (f'secret:{ID[:-1]}w', None),
        (f'secret:{ID[:-1]}', None),
        ('', None),
    ],
)
def test_the_id_in_a_uri(text: str, found: str | None) -> None:
    assert find_id(text) == found


def test_new_ids_are_ids_and_differ() -> None:
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(is_uri(uri(secret_id)) for secret_id in made)
    assert not is_uri(ID), 'a whole URI has its scheme'


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ('policy', 'at', 'next_at'),
    [
        ('hourly', '2026-11-22T09:00', '2026-11-22T10:00'),
        ('daily', '2026-12-31T09:00', '2027-01-01T09:00'),
        ('weekly', '2026-11-22T09:00', '2026-11-29T09:00'),
        ('monthly', '2026-12-22T09:00', '2027-01-22T09:00'),
        ('monthly', '2026-01-31T09:00', '2026-03-03T09:00'),
        ('quarterly', '2026-11-22T09:00', '2027-02-22T09:00'),
        ('yearly', '2024-02-29T09:00', '2025-03-01T09:00'),
    ],
)
def test_when_the_next_rotation_is(policy: str, at: str, next_at: str) -> None:
    assert Rotate(policy).after(_ms(at)) == _ms(next_at)


def test_never_has_no_next_rotation() -> None:
    assert Rotate.NEVER.after(0) is None


def test_content_comes_from_words_and_files() -> None:
    files = {'/f': b'\xff\x00'}
    found = secretcontent.from_words(['word=a=b', 'key#base64=b25l', 'raw#file=/f'], files.__getitem__)
    assert {key: base64.b64decode(value) for key, value in found.items()} == {
        'word': b'a=b',
        'key': b'one',
        'raw': b'\xff\x00',
    }


def test_content_comes_from_a_document() -> None:
    found = secretcontent.from_document('word: 007\nkey#base64: b25l\ntext: |\n  two\n  lines\n')
    assert {key: secretcontent.decoded(value) for key, value in found.items()} == {
        'word': '007',
        'key': 'one',
        'text': 'two\nlines\n',
    }


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({}, 'empty secret value not valid'),
        ({'A': 'b25l'}, 'key "A" not valid'),
        ({'word': 'hush'[:3]}, 'value of key "word" not valid: it is not base64'),
        ({'word': 'A' * 1_000_004}, 'secret content too large: 1000004 bytes not valid'),
    ],
)
def test_content_that_is_refused(content: dict[str, str], message: str) -> None:
    with pytest.raises(errors.UsageFault) as caught:
        secretcontent.check(content)
    assert caught.value.message == message


def test_the_checksum_is_of_the_content_whatever_its_order() -> None:
    assert secretcontent.checksum({'a': 'x', 'b': 'y'}) == secretcontent.checksum({'b': 'y', 'a': 'x'})
    assert secretcontent.checksum({'a': 'x'}) != secretcontent.checksum({'a': 'y'})
