"""Resources: files and images that a charm wants beside itself."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_RESOURCE_BYTES = 4 * 2**30
"""A larger one is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of an application, or as a unit was given it."""

    application: str
    name: str
    type: str
    """file or oci-image."""
    path: str
    """The name that the file gets."""
    description: str = ''
    origin: str = 'upload'
    """upload or store."""
    revision: int = -1
    """-1 for what was uploaded."""
    fingerprint: str = ''
    """SHA-384 in hex; empty while nobody has supplied it."""
    size: int = 0
    username: str = ''
    source: str = ''
    """Where a store has it; empty for what was uploaded."""
    pending_id: str = ''
    at_ms: int = 0
    image: str = field(default='', repr=False)
    """Of an oci-image that is here: where it is, as JSON like `pocket.model.pods.OciReference`."""

    @property
    def is_placeholder(self) -> bool:
        """Whether only its name is known."""
        return not self.fingerprint

    @property
    def file_name(self) -> str:
        """The name of the file that resource-get prints the path of."""
        return 'content.yaml' if self.type == 'oci-image' else self.path
