"""Images in registries, as skopeo reads them: what a tag means now, and the image of a digest as a layout."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import ipaddress
import json
import os
import re
import shutil
from collections.abc import Generator, Sequence
from pathlib import Path

from bedrock import errors, process
from bedrock.oci import documents
from bedrock.oci.model import ImageFault
from pocket import keptimages
from pocket.model.pods import OciReference

_ASK_S = 60.0
_COPY_S = 1800.0
_MOST_SAID = 300
_LOGGED = re.compile(r'level=fatal msg="((?:[^"\\]|\\.)*)"')
_NAMED = re.compile(r'^[^"]*"docker://[^"]*": ')
"""How skopeo begins most of what it says: the name of the image, which ours has, too."""

_PLAIN = (
    'the registry speaks plain HTTP, which is for those on the loopback of this host; '
    'another has to be in /etc/containers/registries.conf as insecure'
)
_NO_CERTIFICATE = (
    'the certificate of the registry is not trusted here: '
    'its CA belongs into /etc/containers/certs.d/{registry}/ca.crt'
)
_NO_ACCESS = 'the registry refuses the username and the password of the resource'
_NO_USER = 'the registry has no such image, or wants the username and the password that the resource lacks'
_NO_IMAGE = 'the registry has no such image'
_OTHER_MACHINES = 'it is not for machines like this one'
_SILENT = 'the registry does not answer'

_REASONS = (
    (re.compile(r'HTTP response to HTTPS client'), _PLAIN),
    (re.compile(r'x509:|certificate'), _NO_CERTIFICATE),
    (re.compile(r'unauthorized|authentication required|denied|username/password|status 40[13]'), _NO_ACCESS),
    (re.compile(r'no image found in .* for architecture'), _OTHER_MACHINES),
    (re.compile(r'manifest unknown|name unknown|not found'), _NO_IMAGE),
    (re.compile(r'dial tcp|connection re|no such host|timeout|deadline exceeded|EOF'), _SILENT),
)
"""What skopeo's words mean; the first that fits."""


def is_open(reference: OciReference) -> bool:
    """Whether nobody has said yet which image of a registry *reference* means."""
    place = keptimages.read(reference.path)
    return not (place.kind or place.digest or reference.digest)


async def resolve(reference: OciReference) -> str:
    """Return the digest that the registry has for the tag of *reference* now.

    Of a list of images for several machines it is the list's, as container tools show it.

    Raises:
        Fault: the registry does not say, or it is no image that can be used.
    """
    place = keptimages.read(reference.path)
    name = f'{place.path}:{place.tag}' if place.tag else place.path
    raw = await _skopeo(['inspect', '--raw'], [f'docker://{name}'], reference, timeout_s=_ASK_S)
    return digest_of(raw, name=reference.path)


async def fetch(reference: OciReference, digest: str, folder: Path) -> None:
    """Make *folder*, which is not there yet, a layout with what *digest* is for this machine.

    Raises:
        Fault: the registry does not give it.
    """
    place = keptimages.read(reference.path)
    # By the digest alone: skopeo refuses a name that has a tag, too.
    words = [f'docker://{place.path}@{digest}', f'oci:{folder}:image']
    await _skopeo(['copy', '--quiet', '--retry-times=3'], words, reference, timeout_s=_COPY_S, prefix='src-')


def digest_of(raw: bytes, *, name: str) -> str:
    """The digest of the manifest, or list of manifests, *raw*.

    Raises:
        ImageFault: it is none, or of a kind that has no such digest.
    """
    version = documents.parse(raw, where=name).get('schemaVersion')
    if version != 2:
        raise ImageFault(
            f'cannot use the image {name}: its manifest is of schema {version}, not 2',
            hint='Push it again with a tool of today.',
        )
    return f'sha256:{hashlib.sha256(raw).hexdigest()}'


def registry_of(name: str) -> str:
    """The registry of the image *name*, as container tools find it."""
    host, slash, _ = name.partition('/')
    known = slash and ('.' in host or ':' in host or host == 'localhost')
    return host if known else 'docker.io'


def is_loopback(registry: str) -> bool:
    """Whether what is said to *registry* never leaves this host.

    Such a one may have no certificate, as for containerd and Docker: clusters on one machine bring a
    registry at ``localhost:32000``, say.
    """
    host = registry.rpartition(':')[0] if ':' in registry else registry
    try:
        return host == 'localhost' or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def credentials(reference: OciReference) -> dict[str, object]:
    """What container tools read of the user of *reference*, for the registry of its image alone."""
    pair = base64.b64encode(_pair(reference)).decode()
    return {'auths': {registry_of(reference.path): {'auth': pair}}}


def explain(output: str, reference: OciReference) -> str:
    """Why skopeo failed, of what it printed, in words that hold no password."""
    found = _LOGGED.findall(output)
    lines = output.strip().splitlines()
    said = _unquoted(found[-1]) if found else lines[-1].strip() if lines else 'skopeo said nothing'
    for secret in (reference.password, base64.b64encode(_pair(reference)).decode()):
        if reference.password:
            said = said.replace(secret, '***')
    said = _NAMED.sub('', said)
    said = said if len(said) <= _MOST_SAID else f'{said[:_MOST_SAID]}...'
    reason = next((reason for pattern, reason in _REASONS if pattern.search(said)), '')
    if reason == _NO_ACCESS and not reference.username:
        reason = _NO_USER
    return f'{reason.format(registry=registry_of(reference.path))} ({said})' if reason else said


async def _skopeo(
    command: Sequence[str],
    words: Sequence[str],
    reference: OciReference,
    *,
    timeout_s: float,
    prefix: str = '',
) -> bytes:
    """Run skopeo and return what it printed; *prefix* is what its options of the source begin with."""
    what = f'cannot fetch the image {reference.path}'
    if shutil.which('skopeo') is None:
        raise errors.Fault(
            f'{what}: there is no skopeo on this host; it is in the package skopeo',
            hint='Run "apt-get install skopeo", or copy the image here and name it as oci:/folder.',
        )
    # Killed with us, it writes nothing any more where the next one does.
    argv = ['setpriv', '--pdeathsig=KILL', '--', 'skopeo', *command]
    if is_loopback(registry_of(reference.path)):
        argv.append(f'--{prefix}tls-verify=false')
    with contextlib.ExitStack() as stack:
        fds: list[int] = []
        if reference.username:
            fds.append(stack.enter_context(_in_memory(json.dumps(credentials(reference)).encode())))
            argv.append(f'--{prefix}authfile=/proc/self/fd/{fds[0]}')
        child = await process.start([*argv, *words], env={**os.environ, 'LANG': 'C.UTF-8'}, pass_fds=fds)
        try:
            async with asyncio.timeout(timeout_s):
                out, err = await child.communicate()
        except TimeoutError:
            await asyncio.shield(process.stop(child))
            raise errors.Fault(f'{what} within {timeout_s:g} s') from None
        except BaseException:
            await asyncio.shield(process.stop(child))
            raise
    if child.returncode != 0:
        raise process.ProgramFault(f'{what}: {explain(err.decode(errors="replace"), reference)}')
    return out


@contextlib.contextmanager
def _in_memory(content: bytes) -> Generator[int]:
    """A file for a program that inherits it; it is in no folder, so whoever dies leaves none behind."""
    fd = os.memfd_create('auth.json')
    try:
        os.fchmod(fd, 0o600)
        os.write(fd, content)
        yield fd
    finally:
        os.close(fd)


def _pair(reference: OciReference) -> bytes:
    return f'{reference.username}:{reference.password}'.encode()


def _unquoted(text: str) -> str:
    """What a program in Go has quoted."""
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text
