"""The engine `potential`: a classical potential as the reference, for rehearsals; its labels are never DFT."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ...schemas.artifact import Refusal
from ...schemas.errors import SimulationError
from ...schemas.label import Label
from ...schemas.pair_potential import PairPotential
from ...schemas.reference import PotentialSpec, spec_key
from ..frames import round_structure
from ..lammps import load_library
from ..pair_calculator import PairCalculator, pair_calculator
from .gate import Results, judge

if TYPE_CHECKING:
    from ase import Atoms


def potential_spec_key(spec: PotentialSpec, potential: PairPotential) -> str:
    """Hash of the physics: the engine and the content of the potential, whatever it is called."""
    return spec_key({**spec.physics(), "potential": potential.key})


def label_with_potential(structure: Atoms, spec: PotentialSpec, potential: PairPotential) -> Label | Refusal:
    """
    Label one structure.

    Parameters
    ----------
    structure
        Rounded as in its key before it is computed.
    spec
        Its limits are the gate's.
    potential
        What the spec names, loaded.
    """
    with pair_calculator(potential) as calculator:
        return label_with_calculator(structure, spec, potential, calculator)


def label_with_calculator(
    structure: Atoms, spec: PotentialSpec, potential: PairPotential, calculator: PairCalculator
) -> Label | Refusal:
    """Label one structure with a calculator that is open already, see `label_with_potential`."""
    rounded = round_structure(structure)
    unknown = sorted(set(rounded.get_chemical_symbols()) - set(potential.elements))
    if unknown:
        return Refusal("unknown_element", (f"potential {potential.name} has no {' '.join(unknown)}",))
    started = time.process_time()
    try:
        result = calculator.evaluate(rounded)
    except SimulationError as error:
        return Refusal("engine_failed", (str(error),))
    answer = judge(rounded, rounded, Results(result.energy, result.forces, result.stress), spec.limits)
    if not answer.accepted:
        return answer.refusal()
    return Label(
        energy=result.energy,
        energy_sigma0=result.energy,
        forces=result.forces,
        stress=result.stress,
        engine=f"potential:{potential.name}",
        spec_key=potential_spec_key(spec, potential),
        engine_version=f"LAMMPS {load_library().__version__}",
        gate=dict(answer.criteria),
        cost={"cpu_seconds": time.process_time() - started},
    )
