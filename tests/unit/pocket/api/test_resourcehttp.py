from __future__ import annotations

import pytest

from pocket.api import resourcehttp
from pocket.services.errors import JujuError


@pytest.mark.parametrize(
    ('disposition', 'name'),
    [
        ('form-data; filename=words.txt', 'words.txt'),
        ('form-data; filename="my words.txt"', 'my words.txt'),
        ('multipart/form-data; filename="docker.io/x:1"', 'docker.io/x:1'),
        ('form-data; filename="=?utf-8?b?d8O2cnRlci50eHQ=?="', 'wörter.txt'),
        ("form-data; filename*=utf-8''w%C3%B6rter.txt", 'wörter.txt'),
    ],
)
def test_a_file_name_is_found_however_it_is_written(disposition: str, name: str) -> None:
    assert resourcehttp.file_name_of(disposition) == name


@pytest.mark.parametrize(
    'disposition', ['', 'form-data', 'form-data; filename=""', 'x; filename="=?nope?b?x?="']
)
def test_a_missing_file_name_is_refused(disposition: str) -> None:
    with pytest.raises(JujuError, match='filename in resource upload request'):
        resourcehttp.file_name_of(disposition)
