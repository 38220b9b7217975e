"""Lattice constant and cohesive energy."""

from __future__ import annotations

from ...schemas.campaign import Material
from ...schemas.errors import SimulationError
from ..pair_calculator import PairCalculator
from .crystal import unit_cell

SPAN = 0.06  # of the lattice constant that is searched


def equilibrium(material: Material, calculator: PairCalculator) -> tuple[float, float]:
    """
    Find the lattice constant near the material's.

    Returns
    -------
    tuple
        (a in A, energy per atom in eV).

    Raises
    ------
    SimulationError
        If there is no minimum within 6 %.
    """
    from scipy.optimize import minimize_scalar

    def energy(a: float) -> float:
        cell = unit_cell(material, a)
        return calculator.evaluate(cell).energy / len(cell)

    a0 = material.lattice_constant
    found = minimize_scalar(
        energy, bounds=(a0 * (1 - SPAN), a0 * (1 + SPAN)), method="bounded", options={"xatol": 1e-6}
    )
    if abs(found.x / a0 - 1) > SPAN * 0.98:
        raise SimulationError(f"no equilibrium within {SPAN:.0%} of a = {a0} A")
    return float(found.x), float(found.fun)
