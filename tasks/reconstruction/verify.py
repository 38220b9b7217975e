"""Check a finished cell against its environment, with nothing of what built it."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...schemas.cell import Cell
from ...schemas.environment import Environment
from .context import core_indices, one_period, surroundings

# the exact core may be 1e-6 A off; rounding positions and cell vectors to 1e-6 A adds up to 0.9e-6
CORE_TOLERANCE = 2e-6
MATCH_TOLERANCE = 1e-5  # A: the same neighbour
DISTANCE_TOLERANCE = 5e-6  # A
FAR = 6.0  # A: larger gaps are not told apart


@dataclass(frozen=True)
class Report:
    """
    What `verify` found.

    Attributes
    ----------
    verdict
        ``ok`` or ``refused``.
    codes
        ``over_cap``, ``core_moved``, ``lae_violated``, ``too_close``, ``core_overlap``: what does not hold.
    n_atoms, n_core
        Of the cell.
    core_displacement
        Largest distance of a core atom from where a rigid motion of the environment puts it, A.
    missing, extra, wrong_species
        Neighbours within the exact radius.
    dmin, dmin_allowed
        Smallest distance of two atoms, images included, and its limit, A.
    image_gap, gap_allowed
        Smallest distance of a core atom from an image of a core atom (6 A at most), and its limit, A.
    rotation
        The proper rotation found: ``environment.positions @ rotation``, shape (3, 3).
    """

    verdict: str
    codes: tuple[str, ...]
    n_atoms: int
    n_core: int
    core_displacement: float
    missing: int
    extra: int
    wrong_species: int
    dmin: float
    dmin_allowed: float
    image_gap: float
    gap_allowed: float
    rotation: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "codes": list(self.codes), "rotation": self.rotation.tolist()}


def verify(
    environment: Environment,
    cell: Cell,
    *,
    max_atoms: int,
    exact_radius: float,
    minimum_distance: float,
) -> Report:
    """
    Check the hard invariants of a reconstructed cell.

    Parameters
    ----------
    environment
        What the cell was made from.
    cell
        As it will be labelled.
    max_atoms
        Cap.
    exact_radius
        Within it every neighbour of the centre is there and none is extra, A.
    minimum_distance
        No two atoms are closer, unless two of the core are; nor is the core to its images, A.
    """
    h = np.asarray(cell.cell, float)
    n = min(cell.n_core, len(environment))
    chosen = core_indices(environment, n)
    original = one_period(environment)[chosen]
    rotation, displacement = fit_core(original, cell.positions[:n], h)
    same_species = cell.symbols[:n] == tuple(environment.symbols[i] for i in chosen)
    missing, extra, wrong = compare_neighbours(environment, cell, rotation, exact_radius)
    line = None if environment.line is None else environment.line @ rotation
    dmin = shortest_distance(cell.positions, h)
    gap = core_image_distance(original @ rotation, h, line)
    allowed = min(minimum_distance, _own_shortest(original))
    failed = {
        "over_cap": len(cell) > max_atoms,
        "core_moved": n == 0 or not (cell.core[:n].all() and same_species and displacement <= CORE_TOLERANCE),
        "lae_violated": missing + extra + wrong > 0,
        "too_close": dmin < allowed - DISTANCE_TOLERANCE,
        "core_overlap": gap < minimum_distance - DISTANCE_TOLERANCE,
    }
    codes = tuple(code for code, bad in failed.items() if bad)
    return Report(
        verdict="refused" if codes else "ok",
        codes=codes,
        n_atoms=len(cell),
        n_core=n,
        core_displacement=displacement,
        missing=missing,
        extra=extra,
        wrong_species=wrong,
        dmin=dmin,
        dmin_allowed=allowed,
        image_gap=gap,
        gap_allowed=minimum_distance,
        rotation=rotation,
    )


def fit_core(original: np.ndarray, found: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, float]:
    """
    Fit a rigid motion of the environment's core onto the cell's.

    Parameters
    ----------
    original
        Core of the environment, A, shape (n, 3); the centre first.
    found
        Core of the cell in the same order, wrapped into the cell or not, A, shape (n, 3).
    h
        Cell vectors, A.

    Returns
    -------
    tuple
        (proper rotation, largest displacement in A; infinite without atoms).
    """
    if not len(original):
        return np.eye(3), float("inf")
    rotation, displacement = _rigid(original, found)
    if displacement < MATCH_TOLERANCE:
        return rotation, displacement
    # perhaps wrapped: what is near the centre has one nearest image and tells the rotation
    y = _nearest_images(found - found[0], h)
    near = np.linalg.norm(original, axis=1) < 0.45 * float(np.linalg.norm(_lattice(h, 2), axis=1).min())
    rotation = _kabsch(original[near], y[near])
    for _ in range(2):
        off = y - original @ rotation
        y = y - np.round(off @ np.linalg.inv(h)) @ h
        rotation, displacement = _rigid(original, y)
    return rotation, displacement


def _rigid(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, float]:
    """Rotation that takes a to b, both about their centroids, and the largest distance left."""
    a, b = a - a.mean(0), b - b.mean(0)
    rotation = _kabsch(a, b)
    return rotation, float(np.linalg.norm(b - a @ rotation, axis=1).max())


def _kabsch(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Proper rotation R that takes a to b best in the least squares."""
    u, _, vt = np.linalg.svd(a.T @ b)
    return u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt


def _lattice(h: np.ndarray, k: int) -> np.ndarray:
    """All lattice vectors up to k steps but zero."""
    grid = np.array(list(itertools.product(range(-k, k + 1), repeat=3)))
    return grid[np.any(grid != 0, axis=1)] @ h


def _nearest_images(vectors: np.ndarray, h: np.ndarray) -> np.ndarray:
    vectors = vectors - np.round(vectors @ np.linalg.inv(h)) @ h
    shifts = np.vstack([np.zeros(3), _lattice(h, 1)])
    images = vectors[:, None] + shifts[None]
    best = np.argmin((images**2).sum(2), axis=1)
    return images[np.arange(len(vectors)), best]


def compare_neighbours(
    environment: Environment, cell: Cell, rotation: np.ndarray, radius: float
) -> tuple[int, int, int]:
    """Count neighbours of the centre within a radius that are missing, extra, or of another species."""
    x, symbols = surroundings(environment, radius + 0.1)
    x = x @ rotation
    h = np.asarray(cell.cell, float)
    vectors = cell.positions - cell.positions[0]
    vectors = vectors - np.round(vectors @ np.linalg.inv(h)) @ h
    reach = int(np.ceil((radius + 0.1) * np.linalg.norm(np.linalg.inv(h), axis=0).max())) + 1
    images = (vectors[:, None] + np.vstack([np.zeros(3), _lattice(h, reach)])[None]).reshape(-1, 3)
    species = np.repeat(np.array(cell.symbols), len(images) // len(vectors))
    near = np.linalg.norm(images, axis=1) < radius + 0.1
    images, species = images[near], species[near]
    separation = np.linalg.norm(x[:, None] - images[None], axis=2)
    match = separation < MATCH_TOLERANCE
    inner = np.linalg.norm(x, axis=1) < radius - MATCH_TOLERANCE
    missing = int(np.count_nonzero(inner & ~match.any(1)))
    inside = np.linalg.norm(images, axis=1) < radius - MATCH_TOLERANCE
    extra = int(np.count_nonzero(inside & (match.sum(0) != 1))) + int(np.count_nonzero(inner & (match.sum(1) > 1)))
    same = np.array(symbols)[:, None] == species[None]
    wrong = int(np.count_nonzero(inner & (match & ~same).any(1)))
    return missing, extra, wrong


def shortest_distance(positions: np.ndarray, h: np.ndarray) -> float:
    """Smallest distance of two atoms, images included, A (6 A at most)."""
    f = positions @ np.linalg.inv(h)
    x = (f - np.floor(f)) @ h
    shortest = min(FAR, _own_shortest(x))
    reach = np.ceil(shortest * np.linalg.norm(np.linalg.inv(h), axis=0)).astype(int)
    for vector in _lattice(h, int(reach.max())):
        shortest = min(shortest, float(np.linalg.norm(x[:, None] + vector - x[None], axis=2).min()))
    return shortest


def _own_shortest(x: np.ndarray) -> float:
    if len(x) < 2:
        return FAR
    separation = np.linalg.norm(x[:, None] - x[None], axis=2)
    return float(separation[np.triu_indices(len(x), 1)].min())


def core_image_distance(core: np.ndarray, h: np.ndarray, line: np.ndarray | None) -> float:
    """Smallest distance of a core atom from an image of one, but for images along a dislocation line, A."""
    reach = 2.0 * float(np.linalg.norm(core, axis=1).max()) + FAR
    steps = int(np.ceil(reach * np.linalg.norm(np.linalg.inv(h), axis=0).max()))
    shortest = FAR
    for vector in _lattice(h, steps):
        if line is not None and np.linalg.norm(np.cross(vector, line)) < 1e-4 * float(vector @ vector):
            continue
        if vector @ vector < reach**2:
            shortest = min(shortest, float(np.linalg.norm(core[:, None] + vector - core[None], axis=2).min()))
    return shortest
