"""Cloud: this machine as a cloud, clouds to rehearse on, and credentials that nothing asks for."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, Scope, each, one_result
from pocket.api.fields import Fields, untag
from pocket.api.identity import ADMIN
from pocket.api.rpc import Json
from pocket.services import clouds, credentials
from pocket.services.clouds import Cloud
from pocket.services.credentials import Credential

_INFO = ('auth-types', 'endpoint', 'identity-endpoint', 'storage-endpoint', 'regions')


async def get_clouds(call: Call) -> Json:
    """Cloud.Clouds, the machine's own first: libjuju takes the first for the controller's."""
    return {'clouds': {f'cloud-{cloud.name}': _cloud(cloud) for cloud in call.read(clouds.list_)}}


async def get_cloud(call: Call) -> Json:
    """Cloud.Cloud."""

    async def one(name: str) -> Json:
        return {'cloud': _cloud(call.read(clouds.get, name))}

    return {'results': await each(_names(call), one)}


async def get_cloud_info(call: Call) -> Json:
    """Cloud.CloudInfo."""

    async def one(name: str) -> Json:
        user = {'user': ADMIN, 'display-name': ADMIN, 'access': 'admin'}
        return one_result({**_info(call.read(clouds.get, name)), 'users': [user]})

    return {'results': await each(_names(call), one)}


async def list_cloud_info(call: Call) -> Json:
    """Cloud.ListCloudInfo."""
    found = call.read(clouds.list_)
    return {'results': [one_result({**_info(cloud), 'user-access': 'admin'}) for cloud in found]}


async def add_cloud(call: Call) -> Json:
    """Cloud.AddCloud."""
    await call.write(clouds.add, call.params.text('name'), call.params.child('cloud').all())
    return {}


async def update_cloud(call: Call) -> Json:
    """Cloud.UpdateCloud."""

    async def one(request: Fields) -> Json:
        await call.write(clouds.update, request.text('name'), request.child('cloud').all())
        return {}

    return {'results': await each(call.params.children('clouds'), one)}


async def remove_clouds(call: Call) -> Json:
    """Cloud.RemoveClouds."""

    async def one(name: str) -> Json:
        await call.write(clouds.remove, name)
        return {}

    return {'results': await each(_names(call), one)}


async def user_credentials(call: Call) -> Json:
    """Cloud.UserCredentials."""

    async def one(wanted: Fields) -> Json:
        cloud, owner = untag('cloud', wanted.text('cloud-tag')), untag('user', wanted.text('user-tag'))
        found = call.read(credentials.list_, owner=owner, cloud=cloud)
        return {'result': [_tag(credential) for credential in found]}

    return {'results': await each(call.params.children('user-clouds'), one)}


async def get_credential(call: Call) -> Json:
    """Cloud.Credential: without what is secret."""

    async def one(tag: str) -> Json:
        found = call.read(credentials.get, tag)
        shown, hidden = _split(found)
        return one_result({'auth-type': found.auth_type, 'attrs': shown, 'redacted': hidden})

    return {'results': await each(_tags(call), one)}


async def credential_contents(call: Call) -> Json:
    """Cloud.CredentialContents: of the named ones, or of all that the user has."""
    wanted = [
        f'cloudcred-{one.text("cloud-name")}_{ADMIN}_{one.text("credential-name")}'
        for one in call.params.children('credentials')
    ]
    tags = wanted or [_tag(one) for one in call.read(credentials.list_, owner=ADMIN)]
    secrets = call.params.flag('include-secrets')

    async def one(tag: str) -> Json:
        found = call.read(credentials.get, tag)
        content: Json = {
            'name': found.name,
            'cloud': found.cloud,
            'auth-type': found.auth_type,
            'valid': True,
            'attrs': dict(found.attributes) if secrets else _split(found)[0],
        }
        users = call.read(credentials.models_of, found.id)
        models = [{'model': name, 'access': 'admin'} for _, name in users]
        return one_result({'content': content, 'models': models})

    return {'results': await each(tags, one)}


async def add_credentials(call: Call) -> Json:
    """Cloud.AddCredentials."""

    async def one(request: Fields) -> Json:
        await _put(call, request, new=True)
        return {}

    return {'results': await each(call.params.children('credentials'), one)}


async def update_credentials(call: Call) -> Json:
    """Cloud.UpdateCredentialsCheckModels."""

    async def one(request: Fields) -> Json:
        models = await _put(call, request, new=False)
        return {'tag': request.text('tag'), 'models': [{'uuid': uuid, 'name': name} for uuid, name in models]}

    return {'results': await each(call.params.children('credentials'), one)}


async def revoke_credentials(call: Call) -> Json:
    """Cloud.RevokeCredentialsCheckModels."""

    async def one(request: Fields) -> Json:
        await call.write(credentials.revoke, request.text('tag'), force=request.flag('force'))
        return {}

    return {'results': await each(call.params.children('credentials'), one)}


async def _put(call: Call, request: Fields, *, new: bool) -> list[tuple[str, str]]:
    credential = request.child('credential')
    return await call.write(
        credentials.put,
        request.text('tag'),
        auth_type=credential.text('auth-type'),
        attributes=credential.text_map('attrs'),
        new=new,
    )


def _cloud(cloud: Cloud) -> Json:
    shown: Json = {'type': cloud.type, **cloud.definition}
    return {**shown, 'is-controller-cloud': True} if cloud.name == clouds.OWN else shown


def _info(cloud: Cloud) -> Json:
    return {'type': cloud.type, **{key: cloud.definition[key] for key in _INFO if key in cloud.definition}}


def _tag(credential: Credential) -> str:
    return f'cloudcred-{credential.cloud}_{credential.owner}_{credential.name}'


def _split(credential: Credential) -> tuple[dict[str, str], list[str]]:
    """What may be shown, and the names of the rest."""
    shown = {key: value for key, value in credential.attributes.items() if key not in credentials.HIDDEN}
    return shown, sorted(credential.attributes.keys() - shown.keys())


def _tags(call: Call) -> list[str]:
    return [entity.text('tag') for entity in call.params.children('entities')]


def _names(call: Call) -> list[str]:
    return call.params.tags('cloud')


FACADE = Facade(
    name='Cloud',
    versions=(7,),
    scope=Scope.CONTROLLER,
    methods={
        'AddCloud': add_cloud,
        'AddCredentials': add_credentials,
        'Cloud': get_cloud,
        'CloudInfo': get_cloud_info,
        'Clouds': get_clouds,
        'Credential': get_credential,
        'CredentialContents': credential_contents,
        'ListCloudInfo': list_cloud_info,
        'RemoveClouds': remove_clouds,
        'RevokeCredentialsCheckModels': revoke_credentials,
        'UpdateCloud': update_cloud,
        'UpdateCredentialsCheckModels': update_credentials,
        'UserCredentials': user_credentials,
    },
)
