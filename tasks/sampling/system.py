"""What a scenario builds: atoms ready for a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...schemas.keys import derive_seed


@dataclass(frozen=True)
class System:
    """
    Atoms, ordered so that the mobile ones come first.

    Attributes
    ----------
    positions
        A, shape (N, 3), inside the cell along periodic directions; the cell's origin is at 0.
    cell
        Rows are the cell vectors, lower triangular, A, shape (3, 3); with room along free directions.
    pbc
        Periodicity.
    types
        Index into ``elements``, shape (N,).
    elements
        Chemical symbols by type, those of the material.
    frozen
        Atoms that are held, shape (N,); all of them after the mobile ones.
    centres
        Atoms that may become the centre of an environment, shape (N,); False near artificial surfaces.
    """

    positions: np.ndarray
    cell: np.ndarray
    pbc: tuple[bool, bool, bool]
    types: np.ndarray
    elements: tuple[str, ...]
    frozen: np.ndarray
    centres: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def n_mobile(self) -> int:
        """Number of atoms that are not held."""
        return int(len(self) - self.frozen.sum())


def make_system(
    positions: np.ndarray,
    cell: np.ndarray,
    pbc: tuple[bool, bool, bool],
    elements: Sequence[str],
    seed: int,
    *,
    frozen: np.ndarray | None = None,
    centres: np.ndarray | None = None,
) -> System:
    """
    Occupy sites with the elements in equal shares at random, and order the atoms.

    Parameters
    ----------
    positions
        A, shape (N, 3).
    cell
        A, shape (3, 3).
    pbc
        Periodicity.
    elements
        Chemical symbols.
    seed
        Decides the occupation.
    frozen
        Atoms that are held; none by default.
    centres
        Atoms that may be centres; all by default.
    """
    n = len(positions)
    frozen = np.zeros(n, bool) if frozen is None else frozen
    centres = np.ones(n, bool) if centres is None else centres
    types = occupy(n, len(elements), seed)
    order = np.argsort(frozen, kind="stable")
    return System(positions[order], cell, pbc, types[order], tuple(elements), frozen[order], centres[order])


def occupy(n_sites: int, n_elements: int, seed: int) -> np.ndarray:
    """Random occupation of sites with equal shares of each element: types, shape (n_sites,)."""
    types = np.arange(n_sites) % n_elements
    if n_elements > 1:
        np.random.default_rng(derive_seed(seed, "occupation")).shuffle(types)
    return types
