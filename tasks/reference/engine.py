"""The engine contract: a structure, a spec and a place in, a label or a refusal out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...schemas.artifact import Refusal
from ...schemas.calculator_spec import CalculatorSpec
from ...schemas.errors import InputError
from ...schemas.gpaw_spec import GpawSpec
from ...schemas.label import DFT_ENGINES, Label
from ...schemas.pair_potential import PairPotential
from ...schemas.reference import AnySpec, PotentialSpec, VaspSpec, spec_key
from .place import Place

if TYPE_CHECKING:
    from ase import Atoms

ATTEMPTS = 3  # at one label that is refused for not converging: as is, then more robust settings, then given up
UNCONVERGED = ("not_converged", "unconverged")


def compute(structure: Atoms, spec: AnySpec, place: Place, potential: PairPotential | None = None) -> Label | Refusal:
    """
    Label one structure once with the engine that its spec names.

    Parameters
    ----------
    structure
        Rounded as in its key before it is computed.
    spec
        Physics and limits.
    place
        Where, and with what program.
    potential
        Of a `PotentialSpec`, loaded.

    Raises
    ------
    MissingToolError
        If the program or a licensed file is not there.
    EngineCrash, OutOfTime
        If it died, or ran out of time with a checkpoint: to be tried again in the same place.
    InputError
        If the spec leaves something open for these elements.
    """
    if isinstance(spec, VaspSpec):
        from .vasp import label_with_vasp

        return label_with_vasp(structure, spec, place)
    if isinstance(spec, GpawSpec):
        from .gpaw import label_with_gpaw

        return label_with_gpaw(structure, spec, place)
    if isinstance(spec, CalculatorSpec):
        from .ase_calculator import label_with_calculator_class

        return label_with_calculator_class(structure, spec)
    from .potential import label_with_potential

    if potential is None:
        raise ValueError(f"{spec.potential=} is not loaded")
    return label_with_potential(structure, spec, potential)


def compute_patiently(
    structure: Atoms, spec: AnySpec, place: Place, potential: PairPotential | None = None
) -> Label | Refusal:
    """
    Label one structure; what is refused for not converging is tried again with more robust settings, bounded.

    No physics changes between attempts (electronic minimiser, mixing, number of steps); the refusal that is left
    tells all attempts.
    """
    earlier: list[str] = []
    for attempt in range(place.attempt, place.attempt + ATTEMPTS):
        answer = compute(structure, spec, replace(place, attempt=attempt), potential)
        if not isinstance(answer, Refusal) or not retried(answer):
            break
        earlier.append(f"attempt {attempt + 1}: {'; '.join(answer.reasons)}")
    if isinstance(answer, Refusal) and len(earlier) > 1:
        return Refusal(answer.code, tuple(earlier), answer.data)
    return answer


def retried(refusal: Refusal) -> bool:
    """Whether another attempt may help: the calculation did not converge."""
    failed = refusal.data.get("failed", ())
    return refusal.code in UNCONVERGED or any(name in UNCONVERGED or "converge" in str(name) for name in failed)


def reference_key(spec: AnySpec, potential: PairPotential | None = None) -> str:
    """Hash of a spec's physics, the content of a potential included."""
    physics = spec.physics()
    if isinstance(spec, PotentialSpec):
        if potential is None:
            raise ValueError(f"{spec.potential=} is not loaded")
        physics["potential"] = potential.key
    return spec_key(physics)


def engine_name(spec: AnySpec, potential: PairPotential | None = None) -> str:
    """Name that the labels will carry."""
    if isinstance(spec, PotentialSpec):
        return f"potential:{spec.potential if potential is None else potential.name}"
    if isinstance(spec, CalculatorSpec):
        return f"calculator:{spec.calculator}"
    return "vasp-stand-in" if isinstance(spec, VaspSpec) and spec.stand_in else spec.engine


def is_dft(spec: AnySpec) -> bool:
    """Whether the labels of a spec are DFT."""
    return engine_name(spec) in DFT_ENGINES


def open_questions(spec: AnySpec, elements: Sequence[str], base: Path | None = None) -> list[str]:
    """
    What a spec leaves open for some elements, or cannot be had here: a sentence each.

    Programs and licensed files are looked for by `missing_tools`.
    """
    if isinstance(spec, VaspSpec):
        return spec.problems(elements)
    if isinstance(spec, GpawSpec):
        return [f"reference.spin: say true or false for {e}" for e in spec.unstated_spin(elements)]
    if isinstance(spec, CalculatorSpec):
        return []
    from ..potentials import load_potential

    try:
        load_potential(spec.potential, elements, base=base)
    except InputError as error:
        return [f"reference.potential: {error}"]
    return []


def missing_tools(spec: AnySpec, elements: Sequence[str], command: Sequence[str]) -> list[str]:
    """Programs and licensed files that a spec needs and this machine lacks, each with the mend."""
    import shutil

    if isinstance(spec, VaspSpec):
        from .potcar import missing_potcars

        missing = missing_potcars(spec, elements)
        if not spec.stand_in and not (command and shutil.which(command[0])):
            name = command[0] if command else "vasp_std"
            missing.append(f"VASP: no program {name!r}; set `vasp: {{command: [...]}}` in the settings file")
        return missing
    if isinstance(spec, GpawSpec):
        from .gpaw import INSTALL, gpaw_available

        return [] if gpaw_available(command) else [f"GPAW: {INSTALL}"]
    if isinstance(spec, CalculatorSpec):
        from .ase_calculator import load_calculator

        try:
            load_calculator(spec)
        except InputError as error:
            return [str(error)]
    return []
