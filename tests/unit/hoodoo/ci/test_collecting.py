"""What is kept of a failure holds no secrets."""

from __future__ import annotations

import json
from pathlib import Path

from bedrock import errors
from hoodoo.ci import collecting
from hoodoo.secrets import masker


def test_values_of_keys_that_are_called_like_secrets_are_left_out() -> None:
    said = {
        'db/0': {
            'relation-info': [{'application-data': {'password': 'hunter22', 'host': 'a'}, 'api-token': 'x'}],
            'secrets': {'key': {'inner': 'kept'}},
        }
    }
    assert json.loads(collecting.scrubbed(json.dumps(said))) == {
        'db/0': {
            'relation-info': [{'application-data': {'password': '***', 'host': 'a'}, 'api-token': '***'}],
            'secrets': {'key': {'inner': 'kept'}},
        }
    }


def test_what_cannot_be_had_is_noted_and_fails_nothing(tmp_path: Path) -> None:
    mask = masker.Masker()
    mask.learn(['hunter22'])
    kept = collecting.Collection(folder=tmp_path, mask=mask)
    with kept.noted('the log'):
        raise errors.Fault('cannot run "juju": exit status 1\n    ERROR password hunter22')
    assert kept.notes == ['the log could not be had: cannot run "juju": exit status 1 ERROR password ***']
