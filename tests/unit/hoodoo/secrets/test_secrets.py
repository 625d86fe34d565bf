"""Secrets are hidden in every form, and nothing else is."""

from __future__ import annotations

import base64
import json
import logging
import shlex
import time
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock import errors, process
from hoodoo.secrets import forms, logs, masker, pattern, values

SECRET = 'c0rrect\'horse/battery+"staple\u00e9'


def _knowing(*found: str) -> masker.Masker:
    mask = masker.Masker()
    mask.learn(found)
    return mask


@pytest.mark.parametrize(
    'said',
    [
        SECRET,
        f'password={SECRET}!',
        json.dumps({'password': SECRET}),
        json.dumps([SECRET], ensure_ascii=False),
        repr(SECRET),
        shlex.quote(SECRET),
        f'http://x/?p={urllib.parse.quote(SECRET, safe="")}',
        f'http://x/?p={urllib.parse.quote_plus(SECRET)}',
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip('='),
    ],
)
def test_a_secret_is_hidden_however_it_is_written(said: str) -> None:
    hidden = _knowing(SECRET)(said)
    assert masker.SHOWN in hidden
    for piece in ('horse', 'staple', base64.b64encode(SECRET.encode()).decode()[:8]):
        assert piece not in hidden


@pytest.mark.parametrize('before', ['', 'u', 'us', 'user:'])
def test_a_secret_inside_longer_base64_is_hidden_wherever_it_begins(before: str) -> None:
    whole = base64.b64encode(f'{before}opensesame99 and more'.encode()).decode()
    hidden = _knowing('opensesame99')(f'Authorization: Basic {whole}')
    assert masker.SHOWN in hidden
    inner = base64.b64encode(b'pensesame9').decode()[4:8]
    assert inner not in hidden


def test_base64_that_a_program_wrapped_is_hidden_line_by_line() -> None:
    content = 'a key of many bytes, ' * 12 + '42'
    mask = _knowing(content)
    for line in base64.encodebytes(content.encode()).decode().splitlines():
        assert mask(line).rstrip('=') == masker.SHOWN


@given(st.lists(st.text(min_size=4, max_size=12), min_size=1, max_size=40), st.text(max_size=5))
def test_whatever_is_known_is_found_in_whatever_surrounds_it(found: list[str], around: str) -> None:
    worth = [value for value in found if forms.worth(value.strip()) and not forms.whole_words_only(value)]
    mask = _knowing(*worth)
    for value in worth:
        assert value not in mask(f'{around}{value}{around}').replace(masker.SHOWN, '\0')


@given(st.lists(st.text('ab', min_size=1, max_size=6), min_size=1, max_size=30))
def test_the_longest_of_what_is_known_is_taken(found: list[str]) -> None:
    words = [f'{word}1' for word in found]
    whole = pattern.compiled(words)
    for word in words:
        match = whole.fullmatch(word)
        assert match is not None


@pytest.mark.parametrize('value', ['abc', '8080', '1.5', 'true', 'admin', 'Production', '----', '', 'aaaaaa'])
def test_short_and_common_values_are_left_alone(value: str) -> None:
    said = f'x {value} y'
    assert _knowing(value)(said) == said


def test_names_that_a_spec_publishes_are_never_hidden_whenever_they_are_told() -> None:
    mask = masker.Masker()
    mask.publish(['early-proxy'])
    mask.learn_content(b'- name: early-proxy\n- name: later-proxy\n- word: s3same-street\n')
    assert mask('later-proxy') == '***'
    mask.publish(['later-proxy'])
    assert (
        mask('deploy early-proxy, later-proxy/0: s3same-street') == 'deploy early-proxy, later-proxy/0: ***'
    )
    mask.learn(['later-proxy'])
    assert mask('later-proxy') == 'later-proxy'


def test_a_line_that_a_secret_ends_stays_a_line() -> None:
    mask = masker.Masker()
    mask.learn_content(b's3same-street\n')
    assert mask('word s3same-street\nnext') == 'word ***\nnext'


def test_debug_messages_lose_their_secrets_while_they_are_known(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger('bedrock.process')
    with caplog.at_level(logging.DEBUG), logs.hidden(_knowing('s3same-street')):
        logger.debug('run %s', 'fetch s3same-street')
    assert caplog.messages == ['run fetch ***']


def test_a_short_word_is_hidden_only_by_itself() -> None:
    mask = _knowing('sesam')
    assert mask('open sesam! sesamoid') == 'open ***! sesamoid'


def test_logins_in_urls_are_hidden_unknown_as_they_are() -> None:
    assert _knowing()('git+https://me:t0ken@host/x') == 'git+https://***@host/x'
    assert _knowing()('http://host:80/x@y') == 'http://host:80/x@y'


@pytest.mark.parametrize(
    ('name', 'secret'),
    [
        ('PASSWORD', True),
        ('db_pass', True),
        ('API_TOKEN', True),
        ('ssl-key', True),
        ('client_secret', True),
        ('KEYBOARD', False),
        ('URL', False),
        ('passenger', False),
        ('tls_secret_name', False),
        ('secret-names', False),
    ],
)
def test_names_tell_secrets(name: str, secret: bool) -> None:
    assert values.looks_secret(name) is secret


def test_a_path_is_not_secret_because_its_variable_is_called_key(tmp_path: Path) -> None:
    assert list(values.of_variables({'SSH_KEY': str(tmp_path), 'OTHER': 'x'})) == []


def test_a_file_gives_away_its_lines_what_they_assign_and_its_yaml(tmp_path: Path) -> None:
    folder = tmp_path / 'local'
    folder.mkdir()
    (folder / 'env').write_text('# comment line\nexport DB=p1ckle-jar\nplain-line-7\n')
    (folder / 'o.yaml').write_text('app:\n  options:\n    word: "s3same"\n    pin: 493771\n    on: true\n')
    (folder / 'binary').write_bytes(bytes(range(256)))
    (folder / 'cert').write_text('-----BEGIN KEY-----\nMIIBVgIBADANBgkq\n-----END KEY-----\n')
    mask = masker.Masker()
    mask.learn_folder(folder)
    said = 'p1ckle-jar plain-line-7 s3same 493771 MIIBVgIBADANBgkq'
    assert mask(said) == ' '.join([masker.SHOWN] * 5)
    assert mask('integrate options:a word:b') == 'integrate options:a word:b', (
        'the names of its keys are none'
    )
    assert mask('# comment line -----BEGIN KEY----- options word') == (
        '# comment line -----BEGIN KEY----- options word'
    )
    assert mask(base64.b64encode(bytes(range(256))).decode()) == masker.SHOWN


def test_a_file_that_comes_later_is_learned_too(tmp_path: Path) -> None:
    mask = masker.Masker()
    mask.learn_folder(tmp_path / 'local')
    assert mask('fresh-secret-1') == 'fresh-secret-1'
    (tmp_path / 'local').mkdir()
    (tmp_path / 'local' / 'made').write_text('fresh-secret-1\n')
    mask.learn_folder(tmp_path / 'local')
    assert mask('fresh-secret-1') == masker.SHOWN


def test_errors_lose_their_secrets_with_all_that_led_to_them() -> None:
    mask = _knowing('hunter2!')
    done = process.Completed(argv=('x', 'hunter2!'), returncode=1, stdout='hunter2!', stderr='hunter2!')
    cause = process.ProgramFault('said hunter2!', done=done, hint='not hunter2!')
    problem = errors.Problem(file='f', line=1, message='bad hunter2!', hint='hunter2!')
    fault = errors.Problems('hunter2! is wrong', [problem])
    fault.__cause__ = cause
    mask.mask_error(fault)
    assert 'hunter2' not in errors.render(fault)
    assert 'f:1: bad ***' in errors.render(fault)
    assert cause.done is not None
    assert 'hunter2' not in str(cause.done)


def test_many_secrets_cost_little_for_each_line() -> None:
    mask = _knowing(*(f'secret-{number:05}-{number * 7919 % 10007}' for number in range(2000)))
    mask('')
    lines = [f'line {number}: nothing to see here, move along please' for number in range(2000)]
    started = time.process_time()
    for line in lines:
        mask(line)
    assert time.process_time() - started < 2.0
