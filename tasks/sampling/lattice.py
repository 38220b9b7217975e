"""Points of perfect crystals, in any orientation."""

from __future__ import annotations

import itertools
import math

import numpy as np

from ...schemas.campaign import Material

# fractional coordinates in the conventional cell; hcp in its orthogonal cell of 4 atoms (a, sqrt(3) a, c)
_BASIS: dict[str, list[tuple[float, float, float]]] = {
    "bcc": [(0, 0, 0), (1 / 2, 1 / 2, 1 / 2)],
    "fcc": [(0, 0, 0), (0, 1 / 2, 1 / 2), (1 / 2, 0, 1 / 2), (1 / 2, 1 / 2, 0)],
    "hcp": [(0, 0, 0), (1 / 2, 1 / 2, 0), (1 / 2, 5 / 6, 1 / 2), (0, 1 / 3, 1 / 2)],
}
_BASIS["diamond"] = [(x + s, y + s, z + s) for s in (0, 1 / 4) for x, y, z in _BASIS["fcc"]]

# keeps lattice planes off the faces of a commensurate box, where rounding would decide on which side they are
EDGE = 1e-3


def conventional_cell(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """
    Orthogonal conventional cell.

    Returns
    -------
    tuple
        (edge lengths in A, shape (3,); fractional basis, shape (n, 3)).
    """
    a = material.lattice_constant
    basis = np.array(_BASIS[material.structure], float)
    if material.structure == "hcp":
        return np.array([a, a * math.sqrt(3), a * material.c_over_a]), basis
    return np.full(3, a), basis


def nearest_neighbour(material: Material) -> float:
    """Distance of nearest neighbours, A."""
    a = material.lattice_constant
    if material.structure == "hcp":
        return min(a, a * math.sqrt(1 / 3 + material.c_over_a**2 / 4))
    return a * {"bcc": math.sqrt(3) / 2, "fcc": math.sqrt(1 / 2), "diamond": math.sqrt(3) / 4}[material.structure]


def crystal_points(
    material: Material,
    lower: np.ndarray,
    upper: np.ndarray,
    rotation: np.ndarray | None = None,
    origin: np.ndarray | None = None,
) -> np.ndarray:
    """
    Points of a crystal in a box.

    Parameters
    ----------
    material
        The crystal.
    lower, upper
        Corners of the box, A; a point on the upper face is left out.
    rotation
        Crystal to box axes (columns are the crystal's axes in the box), shape (3, 3).
    origin
        Where a lattice point lies, A; by default ``EDGE`` inside the lower corner.

    Returns
    -------
    numpy.ndarray
        A, shape (N, 3).
    """
    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    rotation = np.eye(3) if rotation is None else np.asarray(rotation, float)
    origin = lower + EDGE if origin is None else np.asarray(origin, float)
    lengths, basis = conventional_cell(material)
    corners = np.array(list(itertools.product(*zip(lower, upper, strict=True)))) - origin
    indices = corners @ rotation / lengths  # rotation is orthogonal: x @ R is the inverse rotation
    first, last = np.floor(indices.min(axis=0)).astype(int) - 1, np.ceil(indices.max(axis=0)).astype(int) + 1
    grid = np.stack(np.meshgrid(*(np.arange(f, e + 1) for f, e in zip(first, last, strict=True)), indexing="ij"), -1)
    cells = grid.reshape(-1, 3)
    points = [((cells + site) * lengths) @ rotation.T + origin for site in basis]
    kept = [p[((p >= lower) & (p < upper)).all(axis=1)] for p in points]
    return np.concatenate(kept)


def bulk_block(material: Material, repeats: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """
    Repeat the conventional cell.

    Returns
    -------
    tuple
        (positions in A, shape (N, 3); cell in A, shape (3, 3)).
    """
    lengths, basis = conventional_cell(material)
    cells = np.array(list(itertools.product(*(range(n) for n in repeats))), float)
    positions = (cells[:, None, :] + basis[None]).reshape(-1, 3) * lengths
    return positions, np.diag(lengths * repeats)


def repeats_for(material: Material, edge: float) -> tuple[int, int, int]:
    """Repetitions of the conventional cell that come nearest to a cube of some edge, A."""
    lengths, _ = conventional_cell(material)
    nx, ny, nz = (max(1, round(edge / length)) for length in lengths)
    return nx, ny, nz
