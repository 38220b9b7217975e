"""Crystals turned so that a plane lies flat: rotations and periods along orthogonal lattice directions."""

from __future__ import annotations

import itertools

import numpy as np

from ...schemas.campaign import Material
from ...schemas.errors import InputError
from .lattice import conventional_cell

_CENTRINGS: dict[str, list[tuple[float, float, float]]] = {
    "bcc": [(0.5, 0.5, 0.5)],
    "fcc": [(0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)],
    "diamond": [(0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)],
    "hcp": [(0.5, 0.5, 0)],
}


def oriented(material: Material, normal: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """
    Turn the crystal so that the normal of a lattice plane points along z.

    Parameters
    ----------
    material
        The crystal.
    normal
        Miller indices of the plane; for hcp only the basal plane (0, 0, 1).

    Returns
    -------
    tuple
        (rotation from crystal to box axes, shape (3, 3); periods of the crystal along x, y, z in A, shape (3,)).

    Raises
    ------
    InputError
        If the indices are all zero, or the plane is not known for hcp.
    """
    if not any(normal):
        raise InputError("plane (0 0 0): give Miller indices such as (1 1 0)")
    if material.structure == "hcp":
        if any(normal[:2]):
            raise InputError(f"plane {_name(normal)}: of hcp only the basal plane (0 0 1) is known")
        return np.eye(3), conventional_cell(material)[0]
    z = np.array(normal) // np.gcd.reduce(normal)
    x = _shortest_perpendicular(z)
    y = np.cross(z, x)
    y = y // np.gcd.reduce(y)
    axes = np.array([x, y, z], float)
    periods = np.array([_period(material, axis) for axis in (x, y, z)])
    return axes / np.linalg.norm(axes, axis=1, keepdims=True), periods


def lattice_vectors_in_plane(material: Material, normal: tuple[int, int, int], longest: float) -> list[np.ndarray]:
    """
    Lattice translations in a plane, in the axes of `oriented`, shortest first.

    Parameters
    ----------
    material
        The crystal.
    normal
        Miller indices of the plane.
    longest
        A.
    """
    rotation, _ = oriented(material, normal)
    lengths, _ = conventional_cell(material)
    reach = int(np.ceil(longest / lengths.min())) + 1
    cells = np.array(list(itertools.product(range(-reach, reach + 1), repeat=3)), float)
    points = np.concatenate([cells, *(cells + c for c in _CENTRINGS[material.structure])]) * lengths
    turned = points @ rotation.T
    size = np.linalg.norm(turned, axis=1)
    flat = turned[(np.abs(turned[:, 2]) < 1e-6) & (size > 1e-6) & (size <= longest)]
    order = sorted(range(len(flat)), key=lambda i: (round(float(np.linalg.norm(flat[i])), 6), *(-np.round(flat[i], 6))))
    return [flat[i] for i in order]


def _shortest_perpendicular(z: np.ndarray) -> np.ndarray:
    reach = int(np.abs(z).max())
    candidates = [
        np.array(v)
        for v in itertools.product(range(-reach, reach + 1), repeat=3)
        if any(v) and int(np.dot(v, z)) == 0 and np.gcd.reduce(v) == 1
    ]
    # of equally short ones the one with the largest components first: a choice that does not depend on the machine
    return min(candidates, key=lambda v: (int(v @ v), tuple(-v)))


def _period(material: Material, axis: np.ndarray) -> float:
    """Shortest lattice translation along a direction of a cubic crystal, A."""
    half = axis / 2
    length = float(np.linalg.norm(axis)) * material.lattice_constant
    for centring in _CENTRINGS[material.structure]:
        if np.allclose(np.mod(half - np.array(centring), 1.0), 0.0):
            return length / 2
    return length


def _name(normal: tuple[int, int, int]) -> str:
    return f"({normal[0]} {normal[1]} {normal[2]})"
