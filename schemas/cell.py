"""A reconstructed cell: a small periodic crystal that holds one environment unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Cell:
    """
    A periodic cell around one environment; atom 0 is the centre.

    Positions and cell vectors are rounded as structure keys are, so that what was verified is what is labelled.

    Attributes
    ----------
    cell
        Rows are the cell vectors, A, lower triangular, shape (3, 3).
    positions
        A, shape (N, 3); the core comes first, in the order of the environment, unwrapped around the centre.
    symbols
        Chemical symbols, N of them.
    core
        Which atoms are the held core, shape (N,), bool.
    environment
        Id of the environment.
    rotation
        Proper rotation with ``core positions = environment.positions @ rotation``, shape (3, 3).
    energy_per_atom
        With the sampling potential, eV.
    excess_energy
        E minus the perfect crystal's energy of as many atoms, eV.
    dmin
        Smallest distance of two atoms, images included, A.
    image_gap
        Smallest distance of a core atom from a periodic image of a core atom, A.
    centre_force_error
        Magnitude of (force on the centre here minus in the context), sampling potential, eV/A.
    neighbour_force_error
        The same, mean over the centre's first shells, eV/A: those environments are not exact.
    status
        ``ok``, or a failure code.
    seed
        Of the search.
    info
        Provenance, plain JSON.
    """

    cell: np.ndarray
    positions: np.ndarray
    symbols: tuple[str, ...]
    core: np.ndarray
    environment: str
    rotation: np.ndarray
    energy_per_atom: float
    excess_energy: float
    dmin: float
    image_gap: float
    centre_force_error: float
    neighbour_force_error: float
    status: str
    seed: int
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_core(self) -> int:
        """Number of core atoms."""
        return int(np.count_nonzero(self.core))

    @property
    def centre(self) -> int:
        """Index of the centre."""
        return 0

    def __len__(self) -> int:
        return len(self.positions)
