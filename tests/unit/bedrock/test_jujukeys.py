from __future__ import annotations

from pathlib import Path

from bedrock import jujukeys


def test_the_key_pair_is_made_once_and_made_whole(tmp_path: Path) -> None:
    private = jujukeys.ensure(tmp_path)
    public = private.with_suffix('.pub')
    before = private.read_text(), public.read_text().split()[:2]
    assert before[1][0] == 'ssh-rsa'
    assert private.stat().st_mode & 0o777 == 0o600

    public.unlink()
    assert jujukeys.ensure(tmp_path) == private
    assert (private.read_text(), public.read_text().split()[:2]) == before
