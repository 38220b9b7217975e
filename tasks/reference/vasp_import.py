"""Labels from finished VASP runs, through the gate: every ionic step is a point of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...schemas.errors import InputError
from ...schemas.label import Label
from ...schemas.reference import Limits, VaspSpec, spec_key
from ..frames import attach_label
from .gate import Results, judge
from .vasp_gate import judge_run, physics_found
from .vasp_outputs import VaspRun, Vasprun, read_run

if TYPE_CHECKING:
    from ase import Atoms

FILES = ("OUTCAR", "vasprun.xml", "INCAR")


@dataclass(frozen=True)
class ImportedRun:
    """
    Answer for one run directory.

    Attributes
    ----------
    directory
        As found.
    frames
        Labelled structures; none of a refused run.
    reasons
        Why the run, or single ionic steps of an accepted one, were refused.
    """

    directory: Path
    frames: tuple[Atoms, ...]
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether any label came of it."""
        return bool(self.frames)


def find_runs(roots: Iterable[Path]) -> list[Path]:
    """
    Find run directories in folder trees: those with an OUTCAR, a vasprun.xml or an INCAR, gzipped or not.

    Raises
    ------
    InputError
        If a root is no directory, or there is no run in it.
    """
    found: list[Path] = []
    for root in roots:
        if not root.is_dir():
            raise InputError(f"{root}: no such directory")
        here = [
            Path(folder)
            for folder, _, files in os.walk(root)
            if any(name in files or f"{name}.gz" in files for name in FILES)
        ]
        if not here:
            raise InputError(f"{root}: no VASP run in it or below (OUTCAR, vasprun.xml)")
        found += sorted(here)
    return list(dict.fromkeys(found))


def import_run(directory: Path, spec: VaspSpec | None = None) -> ImportedRun:
    """
    Read a run, judge it, and label its ionic steps.

    A run that did not end by itself or did not converge in each step is refused as a whole. Steps of a good run
    whose values exceed the limits of the spec are left out, each with its reason.

    Parameters
    ----------
    directory
        With OUTCAR and vasprun.xml.
    spec
        Physics that the run must have, and limits. Without it the labels carry the physics that was found.
    """
    run = read_run(directory)
    answer = judge_run(run, spec)
    if not answer.accepted or run.vasprun is None:
        return ImportedRun(directory, (), answer.reasons)
    xml = run.vasprun
    key = spec_key(physics_found(run) if spec is None else spec.physics())
    limits = Limits() if spec is None else spec.limits
    frames, reasons = [], []
    for i, step in enumerate(xml.steps):
        if len(step.fractional) != len(xml.symbols) or not len(xml.symbols):
            reasons.append(f"ionic step {i + 1}: {len(step.fractional)} positions for {len(xml.symbols)} atoms")
            continue
        atoms = step.atoms(xml.symbols)
        verdict = judge(atoms, atoms, Results(step.energy, step.forces, step.stress), limits)
        if not verdict.accepted:
            reasons += [f"ionic step {i + 1}: {reason}" for reason in verdict.reasons]
            continue
        atoms.info.update(origin=str(directory), ionic_step=i + 1)
        frames.append(attach_label(atoms, _label(run, xml, i, key, {**answer.criteria, **verdict.criteria})))
    return ImportedRun(directory, tuple(frames), tuple(reasons))


def _label(run: VaspRun, xml: Vasprun, index: int, key: str, gate: dict[str, bool]) -> Label:
    step = xml.steps[index]
    assert step.energy is not None
    assert step.forces is not None
    return Label(
        energy=step.energy,
        energy_sigma0=step.energy if step.energy_sigma0 is None else step.energy_sigma0,
        forces=step.forces,
        stress=step.stress,
        engine=run.engine,
        spec_key=key,
        engine_version=xml.version,
        pseudopotentials=tuple(xml.potcar.values()),
        corrections=run.corrections,
        gate=gate,
    )
