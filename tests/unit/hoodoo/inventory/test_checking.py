"""What only looks like a mistake is found, too."""

from __future__ import annotations

from pathlib import Path

from hoodoo.inventory import checking, reading

FILE = """\
service: blog
controller: "{cloud}"
spec: specs/blog
credentials: {file: secrets/account.yaml}
environments:
- {cloud: aws, region: eu-west-1, stage: ci}
- {cloud: aws, region: eu-wst-1, stage: ci}
- {cloud: own, region: anywhere, stage: ci, model: other}
"""


def _found(folder: Path) -> list[tuple[str, int, str]]:
    found = checking.check(reading.read(folder))
    return [(one.severity, one.problem.line, one.problem.message) for one in found]


def test_findings(tmp_path: Path) -> None:
    (tmp_path / 'blog.yaml').write_text(FILE)
    account = tmp_path / 'secrets' / 'account.yaml'
    spec = tmp_path / 'specs' / 'blog'
    same = 'blog/aws/eu-wst-1/ci is in the same model as blog/aws/eu-west-1/ci: aws:blog-ci'
    always = [
        ('warning', 7, 'aws has no region "eu-wst-1" that is known here'),
        ('warning', 7, same),
    ]
    assert _found(tmp_path) == [
        ('warning', 3, f'there is no directory {spec}'),
        ('warning', 4, f'cannot read {account}: No such file or directory'),
        *always,
    ]
    spec.mkdir(parents=True)
    account.parent.mkdir()
    account.write_text('user: x\n')
    account.chmod(0o640)
    assert _found(tmp_path) == [('error', 4, f'others can read {account}, which holds an account'), *always]
    account.chmod(0o600)
    assert _found(tmp_path) == always


def test_problems_of_files_are_errors(tmp_path: Path) -> None:
    (tmp_path / 'blog.yaml').write_text('contoller: x\n')
    assert _found(tmp_path) == [('error', 1, '"contoller" is unknown')]
