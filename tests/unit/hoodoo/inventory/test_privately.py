"""What no version control may see."""

from __future__ import annotations

import yaml

from hoodoo import model
from hoodoo.inventory import privately
from hoodoo.juju import particulars

URI, OTHER = 'secret:cq1', 'secret://model/cq2'


def _settings(**types: str) -> model.Settings:
    return model.Settings(
        options={key: model.OptionValue(value='', type=kind, source='user') for key, kind in types.items()}
    )


def test_secrets_are_told_apart_from_what_anybody_may_see() -> None:
    private = privately.Private({})
    options = {'words': 'secret', 'password': 'p', 'credit': 'c', 'secret_name': 'n'}
    assert private.public('web', options, _settings(credit='secret')) == {
        'words': 'secret',
        'secret_name': 'n',
    }
    assert private.names == ('web: password', 'web: credit')
    told = {'web': {'options': {'password': 'p', 'credit': 'c'}}}
    assert yaml.safe_load(private.files['secrets.yaml']) == {'applications': told}
    assert private.left == []


def test_without_secrets_there_is_no_file() -> None:
    private = privately.Private({})
    assert private.public('web', {'words': 'x'}, _settings()) == {'words': 'x'}
    assert (private.files, private.names) == ({}, ())


def test_what_an_option_leads_to_is_carried_or_told() -> None:
    secret = particulars.Secret(label='the account/1', content={'user': 'u', 'password': 'p\nq'})
    private = privately.Private({URI: secret, OTHER: particulars.Secret(label='', content={'k': 'v'})})
    private.public('web', {'account': URI, 'other': OTHER, 'gone': 'secret:cq3'}, _settings())
    files = private.files
    assert list(files) == ['secrets.yaml', 'juju-secrets/the-account-1.yaml', 'juju-secrets/cq2.yaml']
    assert yaml.safe_load(files['juju-secrets/the-account-1.yaml']) == {'user': 'u', 'password': 'p\nq'}
    assert len(private.left) == 3
    assert 'cannot be seen' in private.left[2]
    assert 'p\nq' not in repr(secret)
