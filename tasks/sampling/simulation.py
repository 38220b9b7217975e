"""The engine: a protocol of stages on a system with any pair potential, watched while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.errors import SimulationError
from ...schemas.keys import derive_seed
from ...schemas.pair_potential import PairPotential
from ...schemas.snapshot import Snapshot
from ..lammps import box_cell, create_atoms, create_box, gather, lammps_session, wrap
from .protocol import Protocol, Stage
from .system import System

__all__ = ["Protocol", "RunReport", "Stage", "simulate", "take_snapshot"]

Observer = Callable[[Any, int, float, str], bool]


@dataclass(frozen=True)
class RunReport:
    """
    What a run was.

    Attributes
    ----------
    atoms
        Number of atoms, frozen ones included.
    steps, minimise_steps
        MD steps and steps of minimisation that were done.
    ps
        Simulated time.
    temperature
        Of the mobile atoms at the end, K.
    energy_per_atom
        Potential energy at the end, eV.
    energy_drift
        Largest change of the conserved quantity between looks in a stage that conserves, eV per atom; None where
        there were fewer than two.
    completed
        False when the observer ended it.
    cpu_s
        Processor time: provenance, not content.
    """

    atoms: int
    steps: int
    minimise_steps: int
    ps: float
    temperature: float
    energy_per_atom: float
    energy_drift: float | None
    completed: bool
    cpu_s: float


def simulate(
    system: System,
    protocol: Protocol,
    potential: PairPotential,
    directory: Path,
    *,
    seed: int,
    every: int,
    observe: Observer,
) -> RunReport:
    """
    Run a protocol.

    The trajectory does not depend on ``every`` nor on what the observer reads.

    Parameters
    ----------
    system
        The atoms.
    protocol
        The stages.
    potential
        Any pair style, loaded for exactly the elements of the system.
    directory
        For the potential's files and LAMMPS' log; made if it is not there.
    seed
        Decides the velocities.
    every
        MD steps between looks.
    observe
        Called as ``observe(lmp, step, time_ps, stage)`` every ``every`` MD steps and at the end of a stage, at
        the transients of a minimisation and after it; False ends the run. Per-atom energies are in compute
        ``pea``, and `take_snapshot` reads a frame.

    Raises
    ------
    SimulationError
        If atoms are lost, the temperature blows up or an energy is not finite. What was observed before stays
        with the observer.
    ValueError
        If the potential was loaded for other elements.
    """
    if potential.elements != system.elements:
        raise ValueError(f"{potential.elements=} do not match {system.elements=}")
    directory.mkdir(parents=True, exist_ok=True)
    potential.write(directory)
    started = time.process_time()
    with lammps_session(directory / "log.lammps") as lmp:
        _load(lmp, system, potential, directory)
        lmp.commands_list(list(protocol.setup))
        run = _Run(lmp, system, protocol, seed, every, observe)
        completed = all(run.stage(stage) for stage in protocol.stages)
        return RunReport(
            atoms=len(system),
            steps=run.md_steps,
            minimise_steps=run.steps - run.md_steps,
            ps=round(run.time_ps, 9),
            temperature=float(lmp.get_thermo("temp")),
            energy_per_atom=float(lmp.get_thermo("pe")) / len(system),
            energy_drift=run.drift,
            completed=completed,
            cpu_s=time.process_time() - started,
        )


def take_snapshot(lmp: Any, system: System, info: Mapping[str, Any], *, energies: bool = True) -> Snapshot:
    """
    Read the current frame inside an observer.

    Parameters
    ----------
    lmp
        The running instance.
    system
        What it was started from.
    info
        Provenance.
    energies
        Read per-atom energies too (the pair style must tally them).
    """
    cell, origin = box_cell(lmp)
    return Snapshot(
        positions=wrap(gather(lmp, "x") - origin, cell, system.pbc),
        cell=cell,
        pbc=system.pbc,
        types=system.types,
        elements=system.elements,
        centres=system.centres,
        energies=gather(lmp, "c_pea", 1) if energies else None,
        info=dict(info),
    )


class _Run:
    """State of a run between its stages."""

    def __init__(self, lmp: Any, system: System, protocol: Protocol, seed: int, every: int, observe: Observer) -> None:
        self.lmp, self.system, self.protocol = lmp, system, protocol
        self.seed, self.every, self.observe = seed, every, observe
        self.steps = self.md_steps = 0
        self.time_ps = 0.0
        self.drift: float | None = None

    def stage(self, stage: Stage) -> bool:
        """Do one stage; False when the observer ended it."""
        if stage.steps <= 0:
            return True
        self.lmp.command("reset_timestep 0")
        if stage.velocities is not None:
            seed = derive_seed(self.seed, "velocities", stage.name)
            self.lmp.command(f"velocity mobile create {stage.velocities} {seed} mom yes rot no dist gaussian")
        self.lmp.commands_list(list(stage.before))
        done = self._minimise(stage) if stage.minimises else self._dynamics(stage)
        if done:
            self.lmp.commands_list(list(stage.after))
        return done

    def _minimise(self, stage: Stage) -> bool:
        at = 0
        for target in sorted({t for t in stage.transients if t < stage.steps} | {stage.steps}):
            self.lmp.command(f"minimize 0 1e-4 {target - at} {10 * (target - at)}")
            taken = int(self.lmp.get_thermo("step"))
            self.steps += taken - at
            converged = taken < target
            at = taken
            # the last step of a minimisation need not have tallied energies per atom
            self.lmp.command("run 0 post no")
            if not self._look(stage, 0.0):
                return False
            if converged:
                break
        return True

    def _dynamics(self, stage: Stage) -> bool:
        self.lmp.command(f"timestep {stage.timestep}")
        conserved = None
        for at in range(0, stage.steps, self.every):
            n = min(self.every, stage.steps - at)
            first = "yes" if at == 0 else "no"
            self.lmp.command(f"run {n} pre {first} post no start 0 stop {stage.steps}")
            self.steps, self.md_steps = self.steps + n, self.md_steps + n
            self.time_ps += n * stage.timestep
            if stage.conserves:
                now = float(self.lmp.get_thermo("econserve")) / len(self.system)
                if conserved is not None:
                    self.drift = max(self.drift or 0.0, abs(now - conserved))
                conserved = now if conserved is None else conserved
            if not self._look(stage, float(self.lmp.get_thermo("temp"))):
                return False
        return True

    def _look(self, stage: Stage, temperature: float) -> bool:
        energy = float(self.lmp.get_thermo("pe"))
        where = f"stage {stage.name}, step {self.steps}"
        if not np.isfinite(energy):
            raise SimulationError(f"{where}: the energy is not finite")
        if not temperature <= self.protocol.max_temperature:
            limit = self.protocol.max_temperature
            raise SimulationError(f"{where}: {temperature=:.0f} K is above {limit:.0f} K, the run has blown up")
        return self.observe(self.lmp, self.steps, round(self.time_ps, 9), stage.name)


def _load(lmp: Any, system: System, potential: PairPotential, directory: Path) -> None:
    create_box(lmp, system.cell, len(system.elements), pbc=system.pbc, triclinic=False)
    lmp.commands_list(potential.commands(directory))
    lmp.commands_list(["neighbor 1.0 bin", "neigh_modify every 1 delay 5 check yes"])
    create_atoms(lmp, wrap(system.positions, system.cell, system.pbc), [int(t) + 1 for t in system.types])
    mobile, total = system.n_mobile, len(system)
    frozen = f"group frozen id {mobile + 1}:{total}" if mobile < total else "group frozen empty"
    lmp.commands_list([f"group mobile id 1:{mobile}", frozen])
    if mobile < total:
        lmp.command("fix hold frozen setforce 0 0 0")
    lmp.commands_list(
        [
            "compute mobile_temp mobile temp",
            "compute pea all pe/atom",
            "compute pea_total all reduce sum c_pea",
            "thermo_style custom step temp pe etotal econserve c_pea_total",
            "thermo_modify temp mobile_temp lost error flush no",
            "thermo 0",
            "min_style cg",
        ]
    )
