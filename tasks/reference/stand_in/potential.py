"""Energy, forces and stress of the stand-in, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..finnis_sinclair import PARAMETERS, FinnisSinclairParameters

BOND_ENERGY = 0.5  # eV: a pair of the Morse potential, which is for rehearsals of what has no Finnis-Sinclair one
BOND_STRETCH = 1.2  # 1/A
MORSE_CUTOFF = 6.0  # A


@dataclass(frozen=True)
class Pairs:
    """Directed pairs within a cutoff: atoms i and j, vectors from i to j (A), distances (A)."""

    i: np.ndarray
    j: np.ndarray
    vector: np.ndarray
    distance: np.ndarray


def evaluate(symbols: Sequence[str], cell: np.ndarray, fractional: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """
    Evaluate a periodic structure.

    A single element with Finnis-Sinclair parameters has that potential, all else a Morse potential between
    covalent radii, made up.

    Parameters
    ----------
    symbols
        Elements, N of them.
    cell
        Rows, A, shape (3, 3).
    fractional
        Positions in units of the cell, shape (N, 3).

    Returns
    -------
    tuple
        Energy (eV), forces (eV/A, shape (N, 3)), stress (eV/A^3, positive in tension, shape (3, 3)).
    """
    if len(set(symbols)) == 1 and symbols[0] in PARAMETERS:
        parameters = PARAMETERS[symbols[0]]
        pairs = find_pairs(cell, fractional, parameters.cutoff)
        energy, slope = finnis_sinclair(parameters, pairs, len(symbols))
    else:
        pairs = find_pairs(cell, fractional, MORSE_CUTOFF)
        energy, slope = morse(symbols, pairs)
    pull = (slope / pairs.distance)[:, None] * pairs.vector
    forces = np.zeros((len(symbols), 3))
    np.add.at(forces, pairs.i, pull)
    np.add.at(forces, pairs.j, -pull)
    return energy, forces, pull.T @ pairs.vector / abs(np.linalg.det(cell))


def find_pairs(cell: np.ndarray, fractional: np.ndarray, cutoff: float) -> Pairs:
    """Find all directed pairs of a periodic structure closer than the cutoff (A)."""
    inside = fractional - np.floor(fractional)
    positions = inside @ cell
    reach = np.ceil(cutoff * np.linalg.norm(np.linalg.inv(cell), axis=0)).astype(int)
    found = []
    for image in np.ndindex(*(2 * reach + 1)):
        shift = (np.array(image) - reach) @ cell
        vectors = positions[None, :, :] + shift - positions[:, None, :]
        squared = np.einsum("ijk,ijk->ij", vectors, vectors)
        if np.array_equal(image, reach):
            np.fill_diagonal(squared, np.inf)
        i, j = np.nonzero(squared < cutoff**2)
        found.append((i, j, vectors[i, j]))
    i, j, vector = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Pairs(i, j, vector, np.linalg.norm(vector, axis=1))


def finnis_sinclair(p: FinnisSinclairParameters, pairs: Pairs, n: int) -> tuple[float, np.ndarray]:
    """Energy (eV) and, for each directed pair, its derivative by the distance (eV/A)."""
    r = pairs.distance
    density = np.bincount(pairs.i, p.density(r), minlength=n)
    root = np.sqrt(np.maximum(density, 1e-12))
    energy = 0.5 * p.repulsion(r).sum() - p.A * np.where(density > 1e-12, root, 0.0).sum()
    x, y = np.minimum(r - p.d, 0.0), np.minimum(r - p.c, 0.0)
    core = np.maximum(p.b0 - r, 0.0)
    of_density = 2 * x + 3 * p.beta * x**2 / p.d
    of_repulsion = 2 * y * (p.c0 + p.c1 * r + p.c2 * r**2) + y**2 * (p.c1 + 2 * p.c2 * r)
    of_repulsion -= p.B * np.exp(-p.alpha * r) * (3 * core**2 + p.alpha * core**3)
    return float(energy), 0.5 * of_repulsion - 0.5 * p.A / root[pairs.i] * of_density


def morse(symbols: Sequence[str], pairs: Pairs) -> tuple[float, np.ndarray]:
    """Energy (eV) and, for each directed pair, its derivative by the distance (eV/A)."""
    from ase.data import atomic_numbers, covalent_radii

    radius = np.array([covalent_radii[atomic_numbers[s]] for s in symbols])
    rest, r = radius[pairs.i] + radius[pairs.j], pairs.distance
    decay = np.exp(-BOND_STRETCH * (r - rest))
    value = BOND_ENERGY * (decay**2 - 2 * decay)
    slope = -2 * BOND_STRETCH * BOND_ENERGY * (decay**2 - decay)
    t = np.clip(r / MORSE_CUTOFF, 0.0, 1.0)
    fade = (1 - t**6) ** 2
    of_fade = -12 * t**5 * (1 - t**6) / MORSE_CUTOFF
    return 0.5 * float((value * fade).sum()), 0.5 * (slope * fade + value * of_fade)
