"""A guard: `pair_style pod` corrupts memory for atoms with fewer than two neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...schemas.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

MINIMUM = 2  # https://github.com/lammps/lammps/issues/5114


def neighbour_counts(atoms: Atoms, cutoff: float) -> np.ndarray:
    """Count the neighbours of each atom closer than a cutoff (A), shape (N,)."""
    from matscipy.neighbours import neighbour_list

    if not any(atoms.pbc):  # a cluster needs no cell, matscipy wants one
        from scipy.spatial import cKDTree

        tree = cKDTree(atoms.get_positions())
        return tree.query_ball_point(atoms.get_positions(), cutoff, return_length=True) - 1
    return np.bincount(neighbour_list("i", atoms, cutoff), minlength=len(atoms))


def check_neighbours(atoms: Atoms, cutoff: float, name: str) -> None:
    """
    Refuse a structure that POD cannot evaluate.

    Parameters
    ----------
    atoms
        The structure.
    cutoff
        Of the potential, A.
    name
        Of the structure, for the message.

    Raises
    ------
    InputError
        If an atom has fewer than two neighbours.
    """
    counts = neighbour_counts(atoms, cutoff)
    lonely = np.flatnonzero(counts < MINIMUM)
    if len(lonely):
        raise InputError(
            f"{name}: atom {lonely[0]} has {counts[lonely[0]]} neighbours within {cutoff} A "
            f"({len(lonely)} such atoms); POD needs at least {MINIMUM} for each"
        )
