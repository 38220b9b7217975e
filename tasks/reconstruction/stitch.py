"""Stitch: cut what surrounds the core out of the context, so that it fits a periodic cell."""

from __future__ import annotations

import numpy as np

from .cells import centred, close_pairs, count_within, translations
from .engine import Configuration
from .line_candidates import across

SLACK = 6  # atoms above the cap that trimming may remove


def stitch(
    context: np.ndarray,
    symbols: tuple[str, ...],
    n_core: int,
    cell: np.ndarray,
    max_atoms: int,
    overlap: float,
    line: np.ndarray | None = None,
) -> Configuration | None:
    """
    Fill a cell with the core and as much of its real surroundings as fits.

    Parameters
    ----------
    context
        Positions relative to the centre, sorted by distance, A, shape (N, 3).
    symbols
        Of the context: kept.
    n_core
        The leading atoms are the core and stay, whatever they touch.
    cell
        Reduced, A, shape (3, 3).
    max_atoms
        Cap.
    overlap
        Of two atoms closer than this one goes, A.
    line
        Period along a dislocation line, A: the context is one period long, and the cell repeats it.

    Returns
    -------
    Configuration or None
        None when too many atoms, or atoms of the core, are left over.
    """
    inside = wigner_seitz(context, cell, line)
    inside[:n_core] = True
    chosen = np.flatnonzero(inside)
    chosen = chosen[uncover(context[chosen], n_core, close_pairs(context[chosen], cell, overlap))]
    if len(chosen) > max_atoms + SLACK or n_core > max_atoms:
        return None
    chosen = chosen[:max_atoms]
    return Configuration(cell, context[chosen], tuple(symbols[i] for i in chosen), n_core)


def wigner_seitz(positions: np.ndarray, cell: np.ndarray, line: np.ndarray | None = None) -> np.ndarray:
    """Whether positions lie closer to the origin (or line) than to any of its images, shape (N,), bool."""
    vectors = translations(cell, 2.0 * float(np.linalg.norm(cell, axis=1).max()))
    if line is not None:
        flat = across(vectors, line)
        vectors = flat[np.linalg.norm(flat, axis=1) > 1e-3 * np.linalg.norm(line)]
    along = np.abs(positions @ vectors.T)
    return (along <= 0.5 * (vectors**2).sum(1) + 1e-6).all(1)


def uncover(positions: np.ndarray, n_core: int, pairs: np.ndarray) -> np.ndarray:
    """
    Choose atoms to keep so that no pair stays: a greedy vertex cover that spares the core.

    The atom with the most conflicts goes first; of equals, the one farther from the centre.

    Returns
    -------
    numpy.ndarray
        Indices of the atoms kept, in order.
    """
    conflicts: dict[int, set[int]] = {}
    for i, j in pairs.tolist():
        conflicts.setdefault(i, set()).add(j)
        conflicts.setdefault(j, set()).add(i)
    distance = np.linalg.norm(positions, axis=1).round(6)
    keep = np.ones(len(positions), bool)
    open_atoms = {i for i in conflicts if i >= n_core}
    while open_atoms:
        worst = max(open_atoms, key=lambda i: (len(conflicts[i]), distance[i], i))
        if not conflicts[worst]:
            break
        keep[worst] = False
        for j in conflicts.pop(worst):
            if j != worst:
                conflicts[j].discard(worst)
        open_atoms.discard(worst)
    return np.flatnonzero(keep)


def is_exact(configuration: Configuration, radius: float, expected: int) -> bool:
    """Whether exactly the expected atoms, images included, lie within a radius of the centre."""
    return count_within(configuration.positions, configuration.cell, radius) == expected


def insert_atom(configuration: Configuration, place: np.ndarray, symbol: str) -> Configuration:
    """Copy with one more mobile atom."""
    positions = np.vstack([configuration.positions, centred(place[None], configuration.cell)])
    return Configuration(configuration.cell, positions, (*configuration.symbols, symbol), configuration.n_core)


def delete_atom(configuration: Configuration, index: int) -> Configuration:
    """
    Copy without one mobile atom.

    Raises
    ------
    ValueError
        If it belongs to the core.
    """
    if index < configuration.n_core:
        raise ValueError(f"{index=} belongs to the core of {configuration.n_core} atoms")
    positions = np.delete(configuration.positions, index, axis=0)
    symbols = configuration.symbols[:index] + configuration.symbols[index + 1 :]
    return Configuration(configuration.cell, positions, symbols, configuration.n_core)
