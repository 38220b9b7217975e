"""The perfect host crystal: lattice, shells, symmetry and the scales that the search measures by."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...schemas.campaign import Structure

_ATOMS_PER_POINT = {"bcc": 1, "fcc": 1, "hcp": 2, "diamond": 2}
_SHELL_SIZE = {"bcc": 14, "fcc": 12, "hcp": 12, "diamond": 16}


@dataclass(frozen=True)
class Crystal:
    """
    The perfect crystal with the sampling potential at 0 K.

    Attributes
    ----------
    structure
        ``bcc``, ``fcc``, ``hcp`` or ``diamond``.
    lattice_constant
        a, A.
    cohesive_energy
        Energy per atom, eV, negative.
    c_over_a
        For hcp only.
    reference_energies
        Element -> eV per atom, where an alloy needs more than one number.
    """

    structure: Structure
    lattice_constant: float
    cohesive_energy: float
    c_over_a: float = math.sqrt(8 / 3)
    reference_energies: Mapping[str, float] = field(default_factory=dict)

    @property
    def primitive(self) -> np.ndarray:
        """Primitive vectors of the Bravais lattice, rows, in units of a."""
        if self.structure == "bcc":
            return np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / 2.0
        if self.structure == "hcp":
            return np.array([[1, 0, 0], [0.5, math.sqrt(3) / 2, 0], [0, 0, self.c_over_a]])
        return np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2.0

    @property
    def atoms_per_point(self) -> int:
        """Atoms of one primitive cell."""
        return _ATOMS_PER_POINT[self.structure]

    @property
    def basis(self) -> np.ndarray:
        """Atoms of one lattice point, in units of a, shape (atoms_per_point, 3)."""
        if self.structure == "diamond":
            return np.array([[0, 0, 0], [0.25, 0.25, 0.25]])
        if self.structure == "hcp":
            return np.array([[0, 0, 0], [0.5, math.sqrt(3) / 6, self.c_over_a / 2]])
        return np.zeros((1, 3))

    @property
    def atomic_volume(self) -> float:
        """A^3."""
        volume = abs(float(np.linalg.det(self.primitive))) * self.lattice_constant**3
        return volume / self.atoms_per_point

    @property
    def shell(self) -> np.ndarray:
        """Vectors to the neighbours that tell the orientation, in units of a, nearest first, shape (n, 3)."""
        points = np.array(list(itertools.product(range(-3, 4), repeat=3))) @ self.primitive
        vectors = (points[:, None] + self.basis[None]).reshape(-1, 3)
        distance = np.linalg.norm(vectors, axis=1).round(9)
        order = np.argsort(distance, kind="stable")[1 : 1 + _SHELL_SIZE[self.structure]]
        return vectors[order]

    @property
    def neighbour_distance(self) -> float:
        """Nearest-neighbour distance, A."""
        return float(np.linalg.norm(self.shell[0])) * self.lattice_constant

    @property
    def void_radius(self) -> float:
        """Radius of the largest empty sphere of the perfect crystal, A."""
        ratio = {"bcc": math.sqrt(5) / 4, "fcc": 0.5, "hcp": math.sqrt(0.5), "diamond": math.sqrt(3) / 4}
        return ratio[self.structure] * self.lattice_constant

    @property
    def rotations(self) -> np.ndarray:
        """Proper rotations of the Bravais lattice, shape (n, 3, 3)."""
        from scipy.spatial.transform import Rotation

        return Rotation.create_group("D6" if self.structure == "hcp" else "O").as_matrix()

    @property
    def minimum_distance(self) -> float:
        """Two atoms of an acceptable cell are no closer, A (2.2 A in tungsten)."""
        return 0.803 * self.neighbour_distance

    @property
    def energy_scale(self) -> float:
        """The search's energy thresholds were found for tungsten (8.76 eV/atom) and scale with this."""
        return abs(self.cohesive_energy) / 8.76

    @property
    def stiffness(self) -> float:
        """Step size of the box relaxation, eV/A^3 (2.0 in tungsten, about the bulk modulus of a metal)."""
        return 3.62 * abs(self.cohesive_energy) / self.atomic_volume

    def reference_energy(self, symbols: tuple[str, ...]) -> float:
        """Energy of as many atoms in their perfect crystals, eV."""
        return sum(self.reference_energies.get(s, self.cohesive_energy) for s in symbols)
