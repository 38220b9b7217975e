"""Elastic constants of cubic crystals, from the stress of strained cells."""

from __future__ import annotations

import numpy as np

from ...schemas.campaign import Material
from ..pair_calculator import PairCalculator
from .crystal import unit_cell

GPA = 160.2176634  # GPa in 1 eV/A^3
STRAIN = 1e-3


def elastic_constants(material: Material, a: float, calculator: PairCalculator) -> dict[str, float]:
    """
    C11, C12, C44 by central differences, GPa; atoms follow the strain (exact where each is a centre of inversion).

    Parameters
    ----------
    material
        A cubic crystal (diamond's C44 would need inner relaxation and is left out).
    a
        Lattice constant, A.
    calculator
        Of the potential.
    """
    cell = unit_cell(material, a)

    def stress(strain: np.ndarray) -> np.ndarray:
        strained = cell.copy()
        strained.set_cell(np.array(cell.cell) @ (np.eye(3) + strain), scale_atoms=True)
        return calculator.evaluate(strained).stress

    stretch, shear = np.zeros((3, 3)), np.zeros((3, 3))
    stretch[0, 0] = STRAIN
    shear[1, 2] = shear[2, 1] = STRAIN / 2
    by_stretch = (stress(stretch) - stress(-stretch)) / (2 * STRAIN) * GPA
    by_shear = (stress(shear) - stress(-shear)) / (2 * STRAIN) * GPA
    out = {"C11_GPa": float(by_stretch[0]), "C12_GPa": float(by_stretch[1])}
    if material.structure != "diamond":
        out["C44_GPa"] = float(by_shear[3])
    return out
