"""Kinds of scenarios: how each is built and run, and one call that samples it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...schemas.campaign import Material
from ...schemas.errors import InputError
from ...schemas.keys import derive_seed
from ...schemas.pair_potential import PairPotential
from ...schemas.scenario import ScenarioBase, Trajectory, label, rates
from ...schemas.snapshot import Snapshot
from . import deformation, dislocation, indentation, points, polycrystal
from .protocol import Protocol
from .simulation import RunReport, simulate, take_snapshot
from .system import System

MINIMISE_STEPS = 200


@dataclass(frozen=True)
class Kind:
    """
    How a kind of scenario is built and run.

    Attributes
    ----------
    build
        (scenario, material, seed) -> System.
    protocol
        (scenario, system, material, minimise_steps) -> Protocol.
    check
        (scenario, material) raises InputError for a contradiction; parameters may still be None.
    """

    build: Callable[[Any, Material, int], System]
    protocol: Callable[[Any, System, Material, int], Protocol]
    check: Callable[[Any, Material], None] | None = None


KINDS: dict[str, Kind] = {
    "polycrystal": Kind(polycrystal.build, polycrystal.protocol, polycrystal.check),
    "polycrystal_tension": Kind(deformation.build, deformation.protocol, polycrystal.check),
    "nanoindentation": Kind(indentation.build, indentation.protocol, indentation.check),
    "screw_dislocation": Kind(dislocation.build, dislocation.protocol),
    "vacancies": Kind(points.build, points.protocol),
}


@dataclass(frozen=True)
class SampleResult:
    """
    What sampling a scenario gives.

    Attributes
    ----------
    snapshots
        Frames along the run, in its order.
    report
        Plain JSON: ``scenario``, ``kind``, ``atoms``, ``steps``, ``ps``, ``temperature_K``, ``rates``, ...;
        ``cpu_s`` is provenance, everything else is content.
    """

    snapshots: list[Snapshot]
    report: dict[str, Any]


def prepare(
    scenario: ScenarioBase, material: Material, seed: int, *, minimise_steps: int = MINIMISE_STEPS
) -> tuple[System, Protocol]:
    """
    Build a scenario's atoms and its protocol, for sampling and for exploration alike.

    Parameters
    ----------
    scenario
        One run, resolved (`schemas.scenario.resolve`, `single_runs`).
    material
        The crystal.
    seed
        Decides the atoms.
    minimise_steps
        Bound on the relaxation before the dynamics: small with an expensive potential.

    Raises
    ------
    InputError
        If the scenario cannot be built for this material, or is no simulation.
    """
    kind = scenario.kind  # type: ignore[attr-defined]
    if kind not in KINDS:
        raise InputError(f"scenario {kind}: is no simulation; those that are: {', '.join(KINDS)}")
    check_scenario(scenario, material)
    system = KINDS[kind].build(scenario, material, derive_seed(seed, "build", kind))
    return system, KINDS[kind].protocol(scenario, system, material, minimise_steps)


def check_scenario(scenario: ScenarioBase, material: Material) -> None:
    """
    Check that a scenario is known for a crystal, and whatever of it is already said for contradictions.

    Parameters
    ----------
    scenario
        Resolved, or as the user wrote it.
    material
        The crystal.

    Raises
    ------
    InputError
        If it is not; the message says what would be right.
    """
    kind = scenario.kind  # type: ignore[attr-defined]
    if material.structure not in scenario.structures:
        known = ", ".join(scenario.structures)
        raise InputError(f"scenario {kind}: not known for {material.structure}, only for {known}")
    check = KINDS[kind].check if kind in KINDS else None
    if check is not None:
        check(scenario, material)


def sample(
    scenario: ScenarioBase,
    material: Material,
    potential: PairPotential,
    seed: int,
    directory: Path,
    files: Sequence[Path] | None = None,
) -> SampleResult:
    """
    Run one scenario and take snapshots along it; the same inputs give the same snapshots.

    Parameters
    ----------
    scenario
        One run, resolved.
    material
        The crystal.
    potential
        Loaded for the material's elements in their order.
    seed
        Decides atoms and velocities.
    directory
        Scratch: the potential's files and LAMMPS' log.
    files
        A trajectory's files; by default its patterns from the working directory.

    Raises
    ------
    InputError
        If the scenario does not fit the material, or a trajectory's file is not readable.
    SimulationError
        If the run went wrong.
    """
    if isinstance(scenario, Trajectory):
        return _sample_trajectory(scenario, material, files)
    system, protocol = prepare(scenario, material, seed)
    count = scenario.snapshots or 1
    steps = sum(s.steps for s in protocol.stages if s.sampled and not s.minimises)
    collected = _Collector(scenario, system, protocol)
    report = simulate(
        system,
        protocol,
        potential,
        directory,
        seed=derive_seed(seed, "dynamics", label(scenario)),
        every=max(1, steps // count),
        observe=collected.look,
    )
    return SampleResult(collected.snapshots, _summary(scenario, report, collected.snapshots))


class _Collector:
    """Observer that keeps the frames of the sampled stages."""

    def __init__(self, scenario: ScenarioBase, system: System, protocol: Protocol) -> None:
        self._scenario, self._system, self._protocol = scenario, system, protocol
        self.snapshots: list[Snapshot] = []

    def look(self, lmp: Any, step: int, time_ps: float, stage: str) -> bool:
        """Take a frame."""
        where = self._protocol.stage(stage)
        if where.sampled:
            info: dict[str, Any] = {
                "scenario": label(self._scenario),
                "kind": self._scenario.kind,  # type: ignore[attr-defined]
                "stage": stage,
                "step": step,
                "time_ps": time_ps,
                "temperature_K": 0.0 if where.minimises else round(float(lmp.get_thermo("temp")), 3),
            }
            info |= {k: round(v, 9) for k, v in self._protocol.progress(stage, time_ps).items()}
            self.snapshots.append(take_snapshot(lmp, self._system, info))
        return True


def _summary(scenario: ScenarioBase, run: RunReport, snapshots: list[Snapshot]) -> dict[str, Any]:
    return {
        "scenario": label(scenario),
        "kind": scenario.kind,  # type: ignore[attr-defined]
        "atoms": run.atoms,
        "steps": run.steps,
        "minimise_steps": run.minimise_steps,
        "ps": run.ps,
        "temperature_K": round(run.temperature, 3),
        "energy_per_atom": round(run.energy_per_atom, 9),
        "energy_drift_mev_per_atom": None if run.energy_drift is None else round(1e3 * run.energy_drift, 6),
        "snapshots": len(snapshots),
        "rates": rates(scenario),
        "cpu_s": round(run.cpu_s, 3),
    }


def _sample_trajectory(scenario: Trajectory, material: Material, files: Sequence[Path] | None) -> SampleResult:
    from .trajectory import find_files, read_trajectory

    paths = find_files(scenario.files, Path()) if files is None else list(files)
    snapshots = list(read_trajectory(paths, material.elements, stride=scenario.stride, scenario=label(scenario)))
    report = {
        "scenario": label(scenario),
        "kind": scenario.kind,
        "atoms": max((len(s) for s in snapshots), default=0),
        "steps": 0,
        "minimise_steps": 0,
        "ps": 0.0,
        "temperature_K": None,
        "energy_per_atom": None,
        "energy_drift_mev_per_atom": None,
        "snapshots": len(snapshots),
        "rates": {},
        "cpu_s": 0.0,
    }
    return SampleResult(snapshots, report)
