"""Object storage for uploads and backups: Swift by an option, S3 by a relation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import config
import related

ENDPOINT = 's3-credentials'
_UPLOADS = 'wp-content/uploads/'


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """A bucket and how to get into it."""

    bucket: str
    access_key: str
    secret_key: str
    endpoint: str
    region: str
    path: str
    path_style: bool
    ca: str


def ask(others: related.Related, *, app: str) -> None:
    """Ask for a bucket, as providers of either generation want to be asked."""
    for relation in others.relations(ENDPOINT):
        wanted = {'bucket': f'relation-{relation.id}', 'requested-secrets': '["access-key", "secret-key"]'}
        others.publish_app(relation, wanted)


def related_s3(others: related.Related) -> S3 | None:
    """Return the bucket that the relation gives, once it is all there."""
    for relation in others.relations(ENDPOINT):
        if found := understood(others.opened(others.app_bag(relation))):
            return found
    return None


def understood(bag: Mapping[str, str]) -> S3 | None:
    """Return what a provider says, its secrets opened; nothing while something is missing."""
    bucket, access, secret = (bag.get(key, '') for key in ('bucket', 'access-key', 'secret-key'))
    if not bucket or not access or not secret:
        return None
    chain = [str(part) for part in related.json_list(bag.get('tls-ca-chain', ''))]
    return S3(
        bucket=bucket,
        access_key=access,
        secret_key=secret,
        endpoint=bag.get('endpoint', '').rstrip('/'),
        region=bag.get('region') or 'us-east-1',
        path=bag.get('path', '').strip('/'),
        # Amazon alone prefers the bucket in the host's name.
        path_style=bag.get('s3-uri-style', '') != 'host',
        ca='\n'.join(chain) or bag.get('tls-ca', ''),
    )


def for_site(s3: S3 | None, swift: config.Swift | None) -> Mapping[str, object] | None:
    """Return the object storage of uploads, as the image's ``site.json`` wants it; S3 comes first."""
    if s3:
        found: dict[str, object] = {
            'kind': 's3',
            'bucket': s3.bucket,
            'access_key': s3.access_key,
            'secret_key': s3.secret_key,
            'region': s3.region,
            'path_style': s3.path_style,
            'prefix': f'{s3.path}/{_UPLOADS}' if s3.path else _UPLOADS,
            'ca': s3.ca,
        }
        return {**found, 'endpoint': s3.endpoint} if s3.endpoint else found
    return _swift(swift) if swift else None


def _swift(swift: config.Swift) -> Mapping[str, object]:
    prefix = f'{swift.prefix.strip("/")}/' if swift.prefix.strip('/') else ''
    public = f'{swift.url.rstrip("/")}/{swift.container}/' if swift.url else ''
    return {
        'kind': 'swift',
        'container': swift.container,
        'auth_url': swift.auth_url,
        'username': swift.username,
        'password': swift.password,
        'project': swift.project,
        'user_domain': swift.domain,
        'project_domain': swift.domain,
        'region': swift.region,
        'prefix': prefix,
        'public_url': public,
        'serve': 'proxy' if swift.serve else 'local',
        'copy': swift.copy,
        'remove_local': swift.remove_local,
    }
