"""The charm's options, typed; one that no Ingress could have is refused here with its name."""

from __future__ import annotations

from dataclasses import dataclass

import routes


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All options by their names in charmcraft.yaml, with underscores."""

    service_hostname: str
    tls_secret_name: str
    path_routes: str
    max_body_size: int
    ingress_class: str

    def __post_init__(self) -> None:
        """Refuse values that cannot work; ops shows the message as the unit's blocked status."""
        if self.service_hostname:
            routes.check_host(self.service_hostname, 'service-hostname')
        if self.tls_secret_name:
            routes.check_name(self.tls_secret_name, 'tls-secret-name')
        if self.ingress_class:
            routes.check_name(self.ingress_class, 'ingress-class')
        routes.paths(self.path_routes, 'path-routes')
        if self.max_body_size < 0:
            raise ValueError('max-body-size must be a number of MiB, or 0')
