"""The files that Kubernetes clients in pods log in with."""

from __future__ import annotations

from pathlib import Path

from pocket.agents.pods import serviceaccount


def test_each_file_is_for_all_to_read_and_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / 'account'
    serviceaccount.put(folder, {'token': 'old', 'namespace': 'blog'})
    before = (folder / 'token').stat().st_ino
    serviceaccount.put(folder, {'token': 'new', 'namespace': 'blog'})
    assert sorted(path.name for path in folder.iterdir()) == ['namespace', 'token']
    token = (folder / 'token').stat()
    assert ((folder / 'token').read_text(), oct(token.st_mode & 0o777)) == ('new', '0o644')
    assert token.st_ino != before
