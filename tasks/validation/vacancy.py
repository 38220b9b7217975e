"""Vacancy formation energy."""

from __future__ import annotations

import math

from ...schemas.campaign import Material
from ..pair_calculator import PairCalculator
from .crystal import unit_cell
from .relax import relax


def vacancy_energy(material: Material, a: float, energy_per_atom: float, calculator: PairCalculator) -> float:
    """
    Formation energy of a vacancy, relaxed at fixed volume, eV.

    Parameters
    ----------
    material
        The crystal.
    a
        Lattice constant, A.
    energy_per_atom
        Of the perfect crystal, eV.
    calculator
        Of the potential.
    """
    cell = unit_cell(material, a)
    supercell = cell * tuple(math.ceil(11.0 / length) for length in cell.cell.lengths())
    del supercell[0]
    _, energy = relax(supercell, calculator)
    return energy - len(supercell) * energy_per_atom
