"""The engine `calculator`: any ASE calculator, named by its import path; its labels are never DFT."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.artifact import Refusal
from ...schemas.calculator_spec import CalculatorSpec
from ...schemas.errors import InputError
from ...schemas.label import Label
from ...schemas.reference import spec_key
from ..frames import round_structure
from .gate import Results, judge, too_close

if TYPE_CHECKING:
    from ase import Atoms


def label_with_calculator_class(structure: Atoms, spec: CalculatorSpec, calculator: Any = None) -> Label | Refusal:
    """
    Label one structure in this process.

    Parameters
    ----------
    structure
        Rounded as in its key before it is computed.
    spec
        Names the calculator; its limits are the gate's.
    calculator
        What `load_calculator` made of the spec, to be used again; made here by default.

    Raises
    ------
    InputError
        If the calculator cannot be imported or made.
    """
    asked = round_structure(structure)
    if near := too_close(asked, spec.limits.min_distance):
        return Refusal("gate", (near,), {"failed": ["distance"]})
    tool = load_calculator(spec) if calculator is None else calculator
    started = time.process_time()
    computed = asked.copy()
    computed.info.clear()
    computed.calc = tool
    try:
        results, energy = _results(computed)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - what a stranger's code raises is unknown
        return Refusal("engine_failed", (f"{spec.calculator}: {type(error).__name__}: {error}",))
    answer = judge(asked, computed, results, spec.limits)
    if not answer.accepted or results.energy is None or results.forces is None:
        return answer.refusal()
    return Label(
        energy=results.energy,
        energy_sigma0=energy,
        forces=results.forces,
        stress=results.stress,
        engine=f"calculator:{spec.calculator}",
        spec_key=spec_key(spec.physics()),
        engine_version=_version(spec.calculator),
        gate=dict(answer.criteria),
        cost={"cpu_seconds": time.process_time() - started},
    )


def load_calculator(spec: CalculatorSpec) -> Any:
    """
    Import and make the calculator of a spec; nothing but what the spec names is imported.

    Raises
    ------
    InputError
        If there is no such module or class, or it does not take the arguments.
    """
    make = _imported(spec.calculator)
    try:
        calculator = make(**spec.arguments)
    except Exception as error:
        raise InputError(
            f"reference.arguments: {spec.calculator} cannot be made with {spec.arguments}: "
            f"{type(error).__name__}: {error}"
        ) from error
    missing = [name for name in ("get_potential_energy", "get_forces") if not hasattr(calculator, name)]
    if missing:
        raise InputError(f"reference.calculator: {spec.calculator} is no ASE calculator (it has no {missing[0]})")
    return calculator


def _imported(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:  # a module may raise anything while it is imported
        raise InputError(
            f"reference.calculator: {module} cannot be imported ({type(error).__name__}: {error}); "
            "give package.module:Class of what is installed in this environment"
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise InputError(f"reference.calculator: {module} has no {name}; give package.module:Class")
        found = getattr(found, part)
    if not callable(found):
        raise InputError(f"reference.calculator: {path} is no class and no function")
    return found


def _results(computed: Atoms) -> tuple[Results, float]:
    """Ask for everything: (what the gate judges, energy at zero smearing)."""
    from ase.calculators.calculator import PropertyNotImplementedError

    energy = float(computed.get_potential_energy())
    try:
        free = float(computed.get_potential_energy(force_consistent=True))
    except PropertyNotImplementedError:
        free = energy
    stress = None
    if any(computed.pbc):
        try:
            stress = np.array(computed.get_stress(), float)
        except PropertyNotImplementedError:
            stress = None  # the gate says so
    return Results(free, np.array(computed.get_forces(), float), stress), energy


def _version(path: str) -> str:
    """Name and version of the distribution that the calculator comes with."""
    package = path.partition(":")[0].partition(".")[0]
    found: Sequence[str] = metadata.packages_distributions().get(package, [])
    return f"{found[0]} {metadata.version(found[0])}" if found else package
