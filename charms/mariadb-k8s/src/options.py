"""The charm's options, typed; one that the server could not take is refused here with its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIZE = re.compile(r'([1-9][0-9]{0,15})([KMG]?)', re.ASCII | re.IGNORECASE)
_FACTORS = {'': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}
_LEAST_POOL = 5 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All options by their names in charmcraft.yaml."""

    max_connections: int
    innodb_buffer_pool_size: str

    def __post_init__(self) -> None:
        if not 10 <= self.max_connections <= 100_000:
            raise ValueError('max_connections must be between 10 and 100000')
        size = _SIZE.fullmatch(self.innodb_buffer_pool_size)
        if not size:
            raise ValueError('innodb_buffer_pool_size must be bytes, or a number with K, M or G')
        if int(size[1]) * _FACTORS[size[2].upper()] < _LEAST_POOL:
            raise ValueError('innodb_buffer_pool_size must be 5M or more')

    def file(self) -> str:
        """These options as the server reads them."""
        lines = (
            f'max-connections = {self.max_connections}',
            f'innodb-buffer-pool-size = {self.innodb_buffer_pool_size.upper()}',
        )
        return '\n'.join(('# Written by the charm.', '[mariadbd]', *lines, ''))
