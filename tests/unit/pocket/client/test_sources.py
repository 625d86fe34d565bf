"""Where a charm is that a word of the command line names."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from pocket.client import sources


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ('charms/web', 'specs/mirror', 'wordpress'):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'charms/web/charmcraft.yaml').touch()
    return tmp_path


@pytest.mark.parametrize(
    ('text', 'kind', 'name'),
    [
        ('charms/web', 'local', ''),
        ('./charms/web', 'local', ''),
        ('wordpress', 'store', 'wordpress'),
        ('ch:wordpress', 'store', 'wordpress'),
        ('jammy/wordpress', 'store', 'wordpress'),
    ],
)
def test_a_folder_with_a_charm_comes_before_a_store(here: Path, text: str, kind: str, name: str) -> None:
    found = sources.find(text)
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    ('text', 'why'),
    [
        ('specs/mirror', 'the folder has neither a charm nor a bundle'),
        ('./nope', 'there is no such file or folder'),
        ('nope.charm', 'there is no such file or folder'),
        ('No_Name', 'it is neither a file or folder nor the name of a charm'),
    ],
)
def test_what_names_nothing_is_told_without_asking_a_store(here: Path, text: str, why: str) -> None:
    with pytest.raises(errors.Fault) as caught:
        sources.find(text)
    assert caught.value.message == f'cannot deploy "{text}": {why}'
