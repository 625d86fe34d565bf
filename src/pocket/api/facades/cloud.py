"""Cloud: the one cloud there is, this machine, which needs no credential."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, Scope, each, one_result
from pocket.api.fields import untag
from pocket.api.identity import ADMIN
from pocket.api.rpc import Json
from pocket.services.errors import NOT_FOUND, JujuError

NAME = 'pocket'
"""The cloud's name, and its type."""
REGION = 'default'
_TAG = f'cloud-{NAME}'
_CLOUD: Json = {
    'type': NAME,
    'auth-types': ['empty'],
    'regions': [{'name': REGION}],
    'is-controller-cloud': True,
}


def check(name: str) -> None:
    """Make sure that *name* is the cloud.

    Raises:
        JujuError: there is no such cloud.
    """
    if name != NAME:
        raise JujuError(f'cloud "{name}" not found', NOT_FOUND)


async def get_clouds(_call: Call) -> Json:
    """Cloud.Clouds."""
    return {'clouds': {_TAG: _CLOUD}}


async def get_cloud(call: Call) -> Json:
    """Cloud.Cloud."""

    async def one(entity_tag: str) -> Json:
        check(untag('cloud', entity_tag))
        return {'cloud': _CLOUD}

    return {'results': await each(_tags(call), one)}


async def get_cloud_info(call: Call) -> Json:
    """Cloud.CloudInfo."""

    async def one(entity_tag: str) -> Json:
        check(untag('cloud', entity_tag))
        shown = {key: _CLOUD[key] for key in ('type', 'auth-types', 'regions')}
        user = {'user': ADMIN, 'display-name': ADMIN, 'access': 'admin'}
        return one_result({**shown, 'users': [user]})

    return {'results': await each(_tags(call), one)}


async def list_cloud_info(_call: Call) -> Json:
    """Cloud.ListCloudInfo."""
    shown = {key: _CLOUD[key] for key in ('type', 'auth-types', 'regions')}
    return {'results': [one_result({**shown, 'user-access': 'admin'})]}


async def user_credentials(call: Call) -> Json:
    """Cloud.UserCredentials: none, because none is needed."""
    return {'results': [{'result': []} for _ in call.params.children('user-clouds')]}


async def credential_contents(_call: Call) -> Json:
    """Cloud.CredentialContents."""
    return {'results': []}


def _tags(call: Call) -> list[str]:
    return [entity.text('tag') for entity in call.params.children('entities')]


FACADE = Facade(
    name='Cloud',
    versions=(7,),
    scope=Scope.CONTROLLER,
    methods={
        'Cloud': get_cloud,
        'CloudInfo': get_cloud_info,
        'Clouds': get_clouds,
        'CredentialContents': credential_contents,
        'ListCloudInfo': list_cloud_info,
        'UserCredentials': user_credentials,
    },
)
