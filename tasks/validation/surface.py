"""Surface energies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...schemas.campaign import Material
from ..pair_calculator import PairCalculator
from .crystal import surface_slab
from .relax import relax

J_PER_M2 = 16.02176634  # J/m^2 in 1 eV/A^2


def surface_energy(
    material: Material, a: float, energy_per_atom: float, miller: Sequence[int], calculator: PairCalculator
) -> float:
    """
    Energy of a relaxed free surface, J/m^2.

    Parameters
    ----------
    material
        The crystal.
    a
        Lattice constant, A.
    energy_per_atom
        Of the perfect crystal, eV.
    miller
        Plane.
    calculator
        Of the potential.
    """
    slab = surface_slab(material, a, miller, thickness=16.0, vacuum=8.0)
    _, energy = relax(slab, calculator)
    area = float(np.linalg.norm(np.cross(slab.cell[0], slab.cell[1])))
    return (energy - len(slab) * energy_per_atom) / (2 * area) * J_PER_M2
