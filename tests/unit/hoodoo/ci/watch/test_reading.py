"""The file that says what is watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.ci.watch import config, reading

WHOLE = """
poll: 5m
concurrency: 3
stage: ci
keep: {count: 30}
env: {A: all, B: all}
repositories:
  - name: mirrors
    url: git+https://git.example.com/specs.git
    branches: [main, 'release/*']
    every: true
    poll: 30
    timeout: 2h
    keep: {age: 7d}
    env: {B: repository}
    specs:
      - {path: specs/mirror/, also: [charms], cloud: aws, env: {C: 1}}
      - {path: specs/mirror, name: mirror-gce, stage: ci-gce, controller: gce, timeout: 90, keep: {count: all,
          age: all}}
    secret: {command: [pass, show, hook]}
  - url: ../beside
  - url: git@git.example.com:team/web.git
webhooks:
  listen: 8085
  secret: {file: secret}
notify:
  - {name: team, url: {file: secret}, on: [failure], repositories: ['mir*']}
  - {name: log, url: {command: [cat, address]}}
"""


def _load(folder: Path, text: str) -> config.Config:
    (folder / 'secret').write_text('x')
    file = folder / 'ci.yaml'
    file.write_text(text)
    return reading.load(file)


def test_all_of_a_file_is_read(tmp_path: Path) -> None:
    read = _load(tmp_path, WHOLE)
    mirrors, beside, web = read.repositories
    assert (read.concurrency, read.listen) == (3, ('127.0.0.1', 8085))
    assert (mirrors.name, mirrors.url) == ('mirrors', 'https://git.example.com/specs.git')
    assert (mirrors.branches, mirrors.every, mirrors.poll_s) == (('main', 'release/*'), True, 30.0)
    assert mirrors.specs == (
        config.Spec(
            name='specs/mirror',
            path='specs/mirror',
            also=('charms',),
            stage='ci',
            cloud='aws',
            timeout_s=7200.0,
            env=(('A', 'all'), ('B', 'repository'), ('C', '1')),
            keep=config.Keep(count=30, age_s=7 * 86400.0),
        ),
        config.Spec(
            name='mirror-gce',
            path='specs/mirror',
            stage='ci-gce',
            controller='gce',
            timeout_s=90.0,
            env=(('A', 'all'), ('B', 'repository')),
            keep=config.Keep(count=None, age_s=None),
        ),
    )
    assert (read.keep, beside.specs[0].keep) == (config.Keep(count=30), config.Keep(count=30))
    assert mirrors.keep == config.Keep(count=30, age_s=7 * 86400.0)
    assert mirrors.secret == config.Source(command=('pass', 'show', 'hook'))
    assert (beside.name, beside.url) == ('beside', f'file://{tmp_path}/../beside')
    assert (beside.poll_s, beside.branches, beside.every) == (300.0, (), False)
    assert [(spec.name, spec.path) for spec in beside.specs] == [('spec', '')]
    assert (web.name, web.url) == ('web', 'git@git.example.com:team/web.git')
    assert web.secret == config.Source(file=tmp_path / 'secret')
    assert [(one.name, one.on, one.repositories) for one in read.targets] == [
        ('team', ('failure',), ('mir*',)),
        ('log', ('failure', 'recovery', 'error'), ('*',)),
    ]


WRONG = """
polls: 3
poll: 0.2
concurrency: none
repositories:
  - {url: x, every: perhaps, branches: {}}
  - {url: "https://me:hunter2@git.example.com/x"}
  - {name: "a/b", url: lp:x, specs: [{path: ../up, timeout: soon}, 7]}
  - {url: "https://git.example.com/x;branch=main"}
  - {url: "https://git.example.com/y", env: {"A-B": 1}, stage: [ci], keep: {count: ², age: 5m, days: 3}}
  - {url: "https://hunter2@git.example.com/z"}
  - {}
webhooks: {listen: "127.0.0.1:http", secret: hunter2}
notify:
  - {name: team, url: "mailto://hunter2@example.com", on: [failures]}
  - {name: team, url: {file: nowhere}}
  - {url: {file: secret, command: [x]}}
"""


def test_every_problem_is_found_at_once_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(errors.Problems) as caught:
        _load(tmp_path, WRONG)
    found = [(problem.line, problem.message.replace(str(tmp_path), '')) for problem in caught.value.problems]
    password = 'cannot use a password in the address of a spec, at git.example.com: each run would keep it'
    assert found == [
        (2, '"polls" is unknown here'),
        (3, '"poll" is shorter than 1 s'),
        (4, '"concurrency" is no number from 1: "none"'),
        (6, '"branches" is not a list of texts'),
        (6, '"every" is neither true nor false: "perhaps"'),
        (7, password),
        (8, '"../up" leads out of the repository'),
        (8, '"a/b" is no name of a repository'),
        (8, '"lp:x" is no git repository'),
        (8, '"timeout" is no duration: "soon"'),
        (8, 'this entry of "specs" is not a mapping'),
        (9, '"https://git.example.com/x;branch=main" names a branch or a revision'),
        (9, 'there are two of repository "x"'),
        (10, '"A-B" is no name of a variable'),
        (10, '"age" is shorter than 3600 s'),
        (10, '"count" is no number from 1: "²"'),
        (10, '"days" is unknown here'),
        (10, '"stage" is not a text'),
        (11, 'the address of a repository at git.example.com holds a token'),
        (12, '"url" is missing in a repository'),
        (13, '"listen" is no address: "127.0.0.1:http"'),
        (13, '"secret" does not say where to read it'),
        (15, '"url" does not say where to read it'),
        (15, 'there is no event "failures"'),
        (16, 'there are two of target "team"'),
        (16, 'there is no file /nowhere'),
        (17, '"name" is missing in a target of "notify"'),
        (17, '"url" names two sources'),
    ]
    assert 'hunter2' not in errors.render(caught.value)


@pytest.mark.parametrize(
    ('text', 'line', 'message'),
    [
        ('', 1, '"repositories" is missing'),
        ('repositories: []', 1, '"repositories" is empty'),
        ('repositories: {url: x}', 1, '"repositories" is not a list'),
        ('- url: x', 1, 'this is not a mapping'),
        ('a: [', 2, 'not valid YAML: did not find expected node content'),
        ('repositories: [{url: x}]\nwebhooks: {listen: 1}', 1, 'the webhook of "x" has no secret'),
        (
            'repositories: [{url: x}]\nwebhooks: {secret: {file: secret}}',
            2,
            '"listen" is missing in "webhooks"',
        ),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(errors.Problems) as caught:
        _load(tmp_path, text)
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [(line, message)]
