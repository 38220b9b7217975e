"""An environment: one atom, its neighbours, and the context around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .keys import content_key, rounded


@dataclass(frozen=True)
class Environment:
    """
    Atoms around one centre, cut out of a large simulation.

    Attributes
    ----------
    positions
        A, relative to the centre, shape (N, 3), sorted by distance: atom 0 is the centre at the origin.
    symbols
        Chemical symbols, N of them.
    context_radius
        A; every atom of the simulation closer than this is here.
    line
        Period along a dislocation line, A, shape (3,), or None; along it the context is one period long.
    info
        Provenance, plain JSON: ``scenario``, ``step``, ``atom``, ``gamma``, ``temperature_K``, ...
    """

    positions: np.ndarray
    symbols: tuple[str, ...]
    context_radius: float
    line: np.ndarray | None = None
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Content id (16 hexadecimal digits): geometry and species, not provenance."""
        body = {
            "positions": rounded(self.positions),
            "symbols": list(self.symbols),
            "context_radius": self.context_radius,
            "line": None if self.line is None else rounded(self.line),
        }
        return content_key("environment", 1, body)[:16]

    def __len__(self) -> int:
        return len(self.positions)
