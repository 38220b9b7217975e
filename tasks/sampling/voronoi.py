"""Periodic Voronoi polycrystals."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.spatial import Voronoi, cKDTree
from scipy.spatial.transform import Rotation

from ...schemas.campaign import Material
from ...schemas.keys import derive_seed
from ..lammps import wrap
from .lattice import crystal_points, nearest_neighbour

# share of the nearest-neighbour distance below which one of two atoms of different grains is taken out
# (2.0 A for W)
CLOSEST = 0.73


def polycrystal_points(material: Material, box: float, n_grains: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """
    Fill a periodic cube with randomly oriented grains around random seeds.

    Parameters
    ----------
    material
        The crystal.
    box
        Edge of the cube, A.
    n_grains
        Number of grains.
    seed
        Decides the seeds' positions and the orientations.

    Returns
    -------
    tuple
        (positions in A, shape (N, 3); grain of each atom, shape (N,)).
    """
    rng = np.random.default_rng(derive_seed(seed, "grains"))
    centres = rng.random((n_grains, 3)) * box
    rotations = Rotation.from_quat(rng.normal(size=(n_grains, 4))).as_matrix()
    shifts = np.array(list(itertools.product((0, -1, 1), repeat=3)), float)
    images = (centres[:, None, :] + shifts[None] * box).reshape(-1, 3)  # image 27 g is grain g itself
    diagram, tree = Voronoi(images), cKDTree(images)
    points, grains = [], []
    for g in range(n_grains):
        corners = diagram.vertices[diagram.regions[diagram.point_region[27 * g]]]
        margin = nearest_neighbour(material)
        found = crystal_points(
            material, corners.min(axis=0) - margin, corners.max(axis=0) + margin, rotations[g], centres[g]
        )
        found = found[tree.query(found)[1] == 27 * g]
        points.append(found)
        grains.append(np.full(len(found), g))
    cell = np.eye(3) * box
    positions, grain = wrap(np.concatenate(points), cell, (True, True, True)), np.concatenate(grains)
    kept = without_overlap(positions, box, CLOSEST * nearest_neighbour(material))
    return positions[kept], grain[kept]


def without_overlap(positions: np.ndarray, box: float, closest: float) -> np.ndarray:
    """
    Choose atoms to keep so that no two in a periodic cube are closer than a distance.

    Greedy: atoms with most such neighbours go first, so that few are lost.

    Returns
    -------
    numpy.ndarray
        True for atoms that stay, shape (N,).
    """
    pairs = cKDTree(positions, boxsize=box).query_pairs(closest, output_type="ndarray")
    neighbours: dict[int, list[int]] = {}
    for i, j in sorted(map(tuple, pairs.tolist())):
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)
    keep = np.ones(len(positions), bool)
    for i in sorted(neighbours, key=lambda k: (-len(neighbours[k]), k)):
        keep[i] = not any(keep[j] for j in neighbours[i])
    for i in sorted(neighbours):  # whom a neighbour pushed out that went later itself comes back
        keep[i] |= not any(keep[j] for j in neighbours[i])
    return keep
