"""The properties that every report shows, of one potential."""

from __future__ import annotations

from collections.abc import Sequence

from ...schemas.campaign import Material
from ...schemas.errors import SimulationError
from ...schemas.pair_potential import PairPotential
from ..pair_calculator import pair_calculator
from .elastic import elastic_constants
from .lattice import equilibrium
from .surface import surface_energy
from .vacancy import vacancy_energy


def properties(
    potential: PairPotential, material: Material, surfaces: Sequence[Sequence[int]]
) -> dict[str, float | str]:
    """
    Lattice constant, cohesive energy, elastic constants, vacancy and surface energies.

    Parameters
    ----------
    potential
        Any pair style.
    material
        The crystal.
    surfaces
        Miller indices.

    Returns
    -------
    dict
        Name with unit -> value rounded to 6 digits, or the reason why there is none.
    """
    with pair_calculator(potential) as calculator:
        try:
            a, energy = equilibrium(material, calculator)
        except SimulationError as error:
            return {"a_A": str(error)}
        out: dict[str, float | str] = {"a_A": a, "energy_per_atom_eV": energy}
        if material.structure != "hcp":
            out |= elastic_constants(material, a, calculator)
        out["vacancy_eV"] = vacancy_energy(material, a, energy, calculator)
        for miller in surfaces:
            name = "surface_" + "".join(str(i) for i in miller) + "_J_per_m2"
            out[name] = surface_energy(material, a, energy, miller, calculator)
    return {k: v if isinstance(v, str) else float(f"{v:.6g}") for k, v in out.items()}
