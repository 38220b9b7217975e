"""Candidate cells around a dislocation line: the line's period is kept, the other two vectors are searched."""

from __future__ import annotations

import numpy as np

from .cells import image_gap, integer_grid, reduce_cell
from .crystal import Crystal

MAX_VECTORS = 400  # lattice vectors across the line that host cells are built from
TILTS = (0.0, 0.0, 1 / 3, -1 / 3, 0.5)  # of the period: shifts along the line from image to image


def line_cells(
    core: np.ndarray,
    line: np.ndarray,
    orientations: list[np.ndarray],
    crystal: Crystal,
    sizes: tuple[int, int],
    counts: tuple[int, int],
    gap: float,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], int]:
    """
    Cells that repeat the line exactly and in which the core keeps clear of its other images.

    Parameters
    ----------
    core
        A, relative to the centre, shape (n, 3).
    line
        Period along the line, A, shape (3,).
    orientations, crystal
        Of the grains, see `host_orientations`, and what they are made of.
    sizes
        Smallest and largest number of atoms.
    counts
        Host cells an orientation, and random cells.
    gap
        Smallest allowed distance of a core atom from an image of a core atom, A.
    rng
        Random stream.

    Returns
    -------
    tuple
        (cells, how many were tried).
    """
    cells: list[np.ndarray] = []
    for rotation in orientations:
        cells += _host_cells(line, crystal.primitive @ rotation * crystal.lattice_constant, crystal, sizes)[: counts[0]]
    atoms = rng.integers(sizes[0], sizes[1], size=counts[1], endpoint=True)
    cells += [_random_cell(line, n * crystal.atomic_volume, i, rng) for i, n in enumerate(atoms)]
    return [h for h in cells if image_gap(core, h, gap + 0.01, line) >= gap], len(cells)


def across(vectors: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Vectors without their part along the line."""
    axis = line / np.linalg.norm(line)
    return vectors - np.outer(vectors @ axis, axis)


def _host_cells(line: np.ndarray, primitive: np.ndarray, crystal: Crystal, sizes: tuple[int, int]) -> list[np.ndarray]:
    """Cells of the line and two lattice vectors of the host, roundest section first."""
    period = float(np.linalg.norm(line))
    low, high = (np.sqrt(n * crystal.atomic_volume / period) for n in sizes)
    reach = int(np.ceil((1.2 * high + period) * np.linalg.norm(np.linalg.inv(primitive), axis=0).max()))
    vectors = integer_grid(reach) @ primitive
    along = vectors @ line / period**2
    flat = across(vectors, line)
    length = np.linalg.norm(flat, axis=1).round(6)
    near = np.flatnonzero((np.abs(along) <= 0.501) & (length > 0.8 * low) & (length < 1.2 * high))
    near = near[np.argsort(length[near], kind="stable")][:MAX_VECTORS]
    vectors, flat, length = vectors[near], flat[near], length[near]
    i, j = np.nonzero(np.abs(flat @ flat.T) < 0.505 * np.minimum.outer(length, length) ** 2)
    area = np.cross(flat[i], flat[j]) @ line / period
    atoms = area * period / crystal.atomic_volume
    fits = (atoms > sizes[0] - 0.5) & (atoms < sizes[1] + 0.5)
    i, j, area = i[fits], j[fits], area[fits]
    roundness = (np.minimum(length[i], length[j]) / np.sqrt(area)).round(4)
    best = np.lexsort((j, i, area.round(3), -roundness))
    return [reduce_cell(np.stack([line, vectors[i[k]], vectors[j[k]]])) for k in best[: 4 * MAX_VECTORS : 4]]


def _random_cell(line: np.ndarray, volume: float, number: int, rng: np.random.Generator) -> np.ndarray:
    """Orthogonal, hexagonal and oblique sections in turn."""
    axis = line / np.linalg.norm(line)
    x = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    x /= np.linalg.norm(x)
    frame = np.stack([x, np.cross(axis, x)])
    angle, stretch = rng.random() * 2 * np.pi, np.exp(rng.normal(0.0, 0.12))
    shear = (0.0, 0.5, rng.uniform(-0.5, 0.5))[number % 3]
    section = np.array([[stretch, 0.0], [shear, (1 / stretch if number % 3 != 1 else np.sqrt(0.75))]])
    section *= np.sqrt(volume / np.linalg.norm(line) / abs(np.linalg.det(section)))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    vectors = section @ turn @ frame + np.outer(rng.choice(TILTS, 2), line)
    return reduce_cell(np.vstack([line, vectors]))
