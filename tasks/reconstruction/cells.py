"""Cell geometry: reduction, lattice translations, distances between images."""

from __future__ import annotations

import itertools

import numpy as np

_NEIGHBOURS = np.array([p for p in itertools.product((-1, 0, 1), repeat=2) if p != (0, 0)])


def reduce_cell(cell: np.ndarray) -> np.ndarray:
    """
    Minkowski-reduce a cell and make it right-handed.

    Parameters
    ----------
    cell
        Rows are the cell vectors, A, shape (3, 3).

    Returns
    -------
    numpy.ndarray
        Shortest vectors of the same lattice, sorted by length.
    """
    h = np.array(cell, float)
    for _ in range(100):
        before = h.copy()
        h = h[np.argsort((h**2).sum(1), kind="stable")]
        h[1] -= np.round(h[1] @ h[0] / (h[0] @ h[0])) * h[0]
        if h[1] @ h[1] < h[0] @ h[0]:
            continue
        gram = h[:2] @ h[:2].T
        h[2] -= np.round(np.linalg.solve(gram, h[:2] @ h[2])) @ h[:2]
        around = h[2] + _NEIGHBOURS @ h[:2]
        lengths = (around**2).sum(1)
        k = int(np.argmin(lengths))
        if lengths[k] < h[2] @ h[2] - 1e-9:
            h[2] = around[k]
        if np.allclose(h, before, atol=1e-12):
            break
    return -h if np.linalg.det(h) < 0 else h


def heights(cell: np.ndarray) -> np.ndarray:
    """Distances between opposite faces, A, shape (3,)."""
    return 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)


def integer_grid(steps: np.ndarray | int) -> np.ndarray:
    """All integer triples from -steps to +steps in lexicographic order (zero in the middle), shape (n, 3)."""
    k = np.broadcast_to(steps, 3)
    axes = np.meshgrid(*(np.arange(-n, n + 1) for n in k), indexing="ij")
    return np.stack(axes, axis=-1).reshape(-1, 3)


def translations(cell: np.ndarray, cutoff: float) -> np.ndarray:
    """Lattice vectors shorter than the cutoff without zero, one of each pair +T, -T, nearest first, shape (n, 3)."""
    k = np.ceil(cutoff / heights(cell)).astype(int)
    grid = integer_grid(k)
    half = grid[len(grid) // 2 + 1 :]
    vectors = half @ cell
    squared = (vectors**2).sum(1)
    keep = np.flatnonzero(squared < cutoff**2)
    return vectors[keep[np.argsort(squared[keep], kind="stable")]]


def image_gap(core: np.ndarray, cell: np.ndarray, limit: float, line: np.ndarray | None = None) -> float:
    """
    Smallest distance of a core atom from a periodic image of a core atom.

    Parameters
    ----------
    core
        A, shape (n, 3).
    cell
        A, shape (3, 3).
    limit
        Gaps above this need not be exact: the limit is returned instead, A.
    line
        Images along a dislocation line belong to the environment and do not count.
    """
    reach = 2.0 * float(np.sqrt((core**2).sum(1).max()))
    vectors = translations(cell, reach + limit)
    if line is not None:
        vectors = vectors[np.linalg.norm(np.cross(vectors, line), axis=1) > 1e-3 * float(line @ line)]
    if not len(vectors):
        return limit
    differences = (core[:, None] - core[None]).reshape(-1, 3)
    squared = (differences**2).sum(1)[:, None] + 2.0 * differences @ vectors.T + (vectors**2).sum(1)
    return min(limit, float(np.sqrt(max(squared.min(), 0.0))))


def centred(positions: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Images with fractional coordinates in [-1/2, 1/2]: near the origin, not always the nearest."""
    fractional = positions @ np.linalg.inv(cell)
    return positions - np.round(fractional) @ cell


def count_within(positions: np.ndarray, cell: np.ndarray, radius: float) -> int:
    """Atoms, images included, closer to the origin than the radius (1e-7 A inside counts as outside)."""
    near = centred(positions, cell)
    k = np.maximum(np.ceil(radius / heights(cell) - 0.5), 0).astype(int)
    if k.any():
        shifts = integer_grid(k) @ cell
        near = (near[None] + shifts[:, None]).reshape(-1, 3)
    return int(np.count_nonzero((near**2).sum(1) < (radius - 1e-7) ** 2))


def close_pairs(positions: np.ndarray, cell: np.ndarray, distance: float) -> np.ndarray:
    """
    Pairs of atoms, images included, that are closer than a distance.

    Returns
    -------
    numpy.ndarray
        Index pairs, shape (n, 2); an atom too close to its own image appears as (i, i).
    """
    squared = (positions**2).sum(1)
    reach = 2.0 * float(np.sqrt(squared.max())) + distance
    inner = squared[:, None] + squared[None] - 2.0 * positions @ positions.T
    pairs = [np.argwhere(np.triu(inner < distance**2, 1))]
    vectors = translations(cell, reach)
    if len(vectors):
        images = (positions[None] + vectors[:, None]).reshape(-1, 3)
        outer = squared[:, None] + (images**2).sum(1)[None] - 2.0 * positions @ images.T
        found = np.argwhere(outer < distance**2)
        found[:, 1] %= len(positions)
        pairs.append(found)
    return np.concatenate(pairs)
