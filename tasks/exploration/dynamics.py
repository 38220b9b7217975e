"""Molecular dynamics with a new potential, gamma watched: what it does not know is collected."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.campaign import Material
from ...schemas.errors import SimulationError
from ...schemas.pair_potential import PairPotential
from ...schemas.scenario import ScenarioBase, label
from ...schemas.snapshot import Snapshot
from ..sampling.registry import prepare
from ..sampling.simulation import Protocol, RunReport, simulate, take_snapshot
from ..sampling.system import System
from ..selection.active_set import ActiveSet
from ..selection.descriptors import DescriptorCalculator, descriptor_calculator
from ..selection.grading import snapshot_gamma
from ..selection.preselect import Candidates, preselect
from ..selection.spectra import GAMMA_EDGES, gamma_spectrum

MINIMISE_STEPS = 30  # removes the overlaps of a built structure; the dynamics does the rest
MIN_NEIGHBOURS = 4  # `pair_style pod` corrupts memory below 2 (lammps/lammps#5114): end the run well before
CLOSEST = 0.7  # of the neighbour distance: nearer atoms are the work of a potential that does not know them
ALONE = 1e6  # gamma that stands in a report for an atom without neighbours
MAX_KEPT = 20  # snapshots above gamma_select that are searched for environments


@dataclass(frozen=True)
class Exploration:
    """
    What a run found.

    Attributes
    ----------
    candidates
        Environments above gamma_select.
    report
        Plain JSON: ``ended`` (``finished``, ``gamma_break``, ``exploded``), ``gamma_max``, ``gamma_p99`` of the
        last look, ``trace`` ([ps, gamma_max] of each look), ``atoms``, ``steps``, ``ps``, ``temperature_K``.
    """

    candidates: Candidates
    report: dict[str, Any]


def explore(
    scenario: ScenarioBase,
    material: Material,
    potential: PairPotential,
    active_set: ActiveSet,
    *,
    gamma_select: float,
    gamma_break: float,
    check_every: int,
    context_radius: float,
    max_candidates: int,
    seed: int,
    directory: Path,
) -> Exploration:
    """
    Run a scenario with a machine-learned potential and watch the extrapolation grade.

    Parameters
    ----------
    scenario
        One resolved run.
    material
        The crystal.
    potential
        The potential under test.
    active_set
        Of its training structures.
    gamma_select
        Environments above are collected.
    gamma_break
        The run ends when an atom is above.
    check_every
        MD steps between looks.
    context_radius
        Of the environments, A.
    max_candidates
        Environments at most.
    seed
        Of the structure and the velocities.
    directory
        Scratch.

    Raises
    ------
    SimulationError
        If the run broke down before it showed anything to learn from.
    """
    system, protocol = prepare(scenario, material, seed, minimise_steps=MINIMISE_STEPS)
    protocol = replace(protocol, setup=(*protocol.setup, *guard(float(potential.info["cutoff"]))))
    closest = CLOSEST * material.neighbour_distance
    with descriptor_calculator(active_set.descriptors, active_set.elements) as calculator:
        watch = _Watch(scenario, system, protocol, calculator, active_set, gamma_select, gamma_break, closest)
        ended, run = _run(system, protocol, potential, directory, seed, check_every, watch)
    candidates = preselect(
        watch.kept,
        active_set,
        gamma_select=gamma_select,
        context_radius=context_radius,
        max_candidates=max_candidates,
    )
    report = {
        "ended": ended,
        "gamma_max": watch.gamma_max,
        "gamma_p99": watch.gamma_p99,
        "histogram": {"counts": watch.counts.tolist()},
        "n_graded": watch.n_graded,
        "n_above_select": watch.n_above,
        "trace": watch.trace,
        "atoms": len(system),
        "steps": watch.step if run is None else run.steps,
        "ps": watch.time_ps if run is None else run.ps,
        "temperature_K": getattr(scenario, "temperatures", (getattr(scenario, "temperature", 0.0),))[0],
        "candidates": len(candidates),
    }
    return Exploration(candidates, report)


def guard(cutoff: float) -> tuple[str, ...]:
    """LAMMPS commands that end a run before an atom has too few neighbours for `pair_style pod`."""
    return (
        f"compute guard_count all coord/atom cutoff {cutoff}",
        "compute guard_least all reduce min c_guard_count",
        "variable guard_least equal c_guard_least",
        f"fix guard all halt 1 v_guard_least < {MIN_NEIGHBOURS} error hard",
    )


def _run(
    system: System,
    protocol: Protocol,
    potential: PairPotential,
    directory: Path,
    seed: int,
    every: int,
    watch: _Watch,
) -> tuple[str, RunReport | None]:
    try:
        run = simulate(system, protocol, potential, directory, seed=seed, every=every, observe=watch.look)
    except SimulationError:
        if not watch.kept:
            raise
        return "exploded", None
    return ("finished" if run.completed else "gamma_break"), run


@dataclass
class _Watch:
    """Observer that grades every atom and keeps the frames that show something new."""

    scenario: ScenarioBase
    system: System
    protocol: Protocol
    calculator: DescriptorCalculator
    active_set: ActiveSet
    gamma_select: float
    gamma_break: float
    closest: float
    kept: list[Snapshot] = field(default_factory=list)
    trace: list[list[float]] = field(default_factory=list)
    gamma_max: float = 0.0
    gamma_p99: float = 0.0
    counts: np.ndarray = field(default_factory=lambda: np.zeros(len(GAMMA_EDGES) - 1, int))
    n_graded: int = 0
    n_above: int = 0
    step: int = 0
    time_ps: float = 0.0

    def look(self, lmp: Any, step: int, time_ps: float, stage: str) -> bool:
        """Grade the frame; False ends the run."""
        info = {
            "scenario": label(self.scenario),
            "kind": self.scenario.kind,  # type: ignore[attr-defined]
            "stage": stage,
            "step": step,
            "time_ps": time_ps,
            "temperature_K": 0.0 if self.protocol.stage(stage).minimises else float(lmp.get_thermo("temp")),
        }
        snapshot = take_snapshot(lmp, self.system, info, energies=False)
        graded = snapshot_gamma(snapshot, self.calculator, self.active_set)
        grades = np.minimum(np.nan_to_num(graded, nan=ALONE), ALONE)  # an atom without neighbours has no descriptors
        gamma = grades[snapshot.centres]
        spectrum = gamma_spectrum(gamma, np.ones(len(gamma), bool), self.gamma_select)
        self.counts += spectrum.centres
        self.n_graded += spectrum.n_centres
        self.n_above += spectrum.n_above_select
        top = float(gamma.max(initial=0.0))
        self.step, self.time_ps = step, time_ps
        self.gamma_max = max(self.gamma_max, top)
        self.gamma_p99 = float(np.percentile(gamma, 99)) if len(gamma) else 0.0
        self.trace.append([time_ps, round(top, 4)])
        if top >= self.gamma_select:
            new = worth_learning(snapshot, grades, self.gamma_select, self.gamma_break, self.closest)
            self._keep(replace(snapshot, centres=new))
        return top < self.gamma_break

    def _keep(self, snapshot: Snapshot) -> None:
        """Keep the frame; when there are too many, every other one goes, so that they spread over the run."""
        if not snapshot.centres.any():
            return
        self.kept.append(snapshot)
        if len(self.kept) > MAX_KEPT:
            self.kept = [*self.kept[:-1:2], self.kept[-1]]


def worth_learning(
    snapshot: Snapshot, gamma: np.ndarray, gamma_select: float, gamma_break: float, closest: float
) -> np.ndarray:
    """
    Choose the atoms of a frame whose environments a reference should see, shape (N,).

    Beyond gamma_break a potential knows nothing, and what it has done there is often nonsense. So atoms between
    the two thresholds come first; only if there is none, those beyond without a neighbour nearer than
    ``closest`` (A).
    """
    new = snapshot.centres & (gamma >= gamma_select)
    near = new & (gamma <= gamma_break)
    return near if near.any() else new & ~crowded(snapshot, closest)


def crowded(snapshot: Snapshot, closest: float) -> np.ndarray:
    """Atoms with a neighbour nearer than ``closest`` (A), shape (N,)."""
    from ase import Atoms
    from matscipy.neighbours import neighbour_list

    atoms = Atoms(numbers=np.ones(len(snapshot), int), positions=snapshot.positions, cell=snapshot.cell)
    atoms.pbc = snapshot.pbc
    out = np.zeros(len(snapshot), bool)
    out[neighbour_list("i", atoms, closest)] = True
    return out
