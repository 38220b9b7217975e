"""The engine `vasp`: a static calculation by atomate2 and custodian, believed only after the gate."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...schemas.artifact import Refusal
from ...schemas.errors import InputError, MissingToolError, OutOfTime
from ...schemas.label import Label
from ...schemas.reference import VaspSpec, spec_key
from ..frames import key_of, round_structure
from .custodian_handlers import Watch
from .gate import too_close, verdict
from .place import Place
from .potcar import missing_potcars
from .vasp_conclude import Attempt, label_of, read_attempt, refusal_or_raise
from .vasp_directory import (
    end_processes,
    mark_failed,
    prepare,
    read_ticket,
    remove_potcars,
    remove_waves,
)
from .vasp_inputs import PARALLEL_VARIABLE, VaspInputs, vasp_inputs
from .vasp_job import run_static

if TYPE_CHECKING:
    from ase import Atoms

STAND_IN_COMMAND = (sys.executable, "-m", "defectgenome.tasks.reference.stand_in")
STAND_IN_VARIABLE = "DEFECTGENOME_STAND_IN"
WATCH = Watch()


def label_with_vasp(structure: Atoms, spec: VaspSpec, place: Place, watch: Watch = WATCH) -> Label | Refusal:
    """
    Label one structure, in the directory of its own; called again there, it goes on where the last attempt ended.

    A finished run that is found there is judged, not computed again. A run that was stopped for its walltime left a
    WAVECAR, which the next one reads. Whatever happens, no process of VASP and no POTCAR is left.

    Parameters
    ----------
    structure
        Rounded as in its key before it is computed.
    spec
        Physics and limits.
    place
        Directory, command, walltime. Tags that only decide how fast VASP runs are given in its environment, as
        ``DEFECTGENOME_VASP_INCAR="NCORE=4 KPAR=2"``. A spec that asks for the stand-in never runs another program.
    watch
        How often custodian looks.

    Raises
    ------
    InputError
        If the spec has no POTCAR variant for an element, or no word about spin where it must.
    MissingToolError
        If VASP or a POTCAR is not found.
    OutOfTime
        If it stopped for its walltime, with its WAVECAR kept.
    EngineCrash
        If it died, hung, or left files that are cut off: it may be tried again.
    OSError
        If the disk is full.
    """
    asked = round_structure(structure)
    place = ready(asked, spec, place)
    near = verdict({"distance": too_close(asked, spec.limits.min_distance)})
    if not near.accepted:
        return near.refusal()  # the gate would say so after the calculation, too
    inputs = vasp_inputs(asked, spec, attempt=place.attempt, parallel=place.environment.get(PARALLEL_VARIABLE, ""))
    place.directory.mkdir(parents=True, exist_ok=True)
    end_processes(place.directory)
    ticket = {"structure": key_of(asked), "spec": spec_key(spec.physics()), "mesh": list(inputs.mesh)}
    found = finished_run(asked, inputs, spec, place, ticket)
    if found is not None:
        return found
    restart = prepare(place.directory, ticket)
    started = time.monotonic()
    try:
        error = run_static(inputs, spec, place, watch, restart=restart)
        ended = time.monotonic()
        attempt = read_attempt(place.directory, asked, inputs, spec)
        cost = {"wall_seconds": ended - started, "attempt": place.attempt, "restarted": restart}
        if error is None and attempt.accepted:
            return accept(attempt, asked, inputs, spec, cost)
        mark_failed(place.directory, "; ".join(attempt.judged.reasons) or repr(error))
        return without_label(attempt, error, place.walltime_s, ended - started)
    finally:
        remove_potcars(place.directory)


def without_label(attempt: Attempt, error: Exception | None, walltime_s: float | None, elapsed_s: float) -> Refusal:
    """Say what a failed attempt was, see `refusal_or_raise`; only one that ran out of time keeps its WAVECAR."""
    keep = False
    try:
        return refusal_or_raise(attempt, error, walltime_s, elapsed_s)
    except OutOfTime:
        keep = True
        raise
    finally:
        if not keep:
            remove_waves(attempt.directory)  # half written, or of a state that led nowhere


def ready(structure: Atoms, spec: VaspSpec, place: Place) -> Place:
    """
    Check that all is there that a calculation needs; return the place with an absolute program.

    Raises
    ------
    InputError
        If the spec leaves open what these elements need.
    MissingToolError
        If the program or a POTCAR is not found.
    """
    elements = sorted(set(structure.get_chemical_symbols()))
    problems = spec.problems(elements)
    if problems:
        raise InputError("; ".join(problems))
    missing = missing_potcars(spec, elements)
    if missing:
        raise MissingToolError("; ".join(missing))
    command, environment = place.command, dict(place.environment)
    if spec.stand_in:
        command = command if any("stand" in word for word in command) else STAND_IN_COMMAND  # never the real one
        environment[STAND_IN_VARIABLE] = "1"
    if not command:
        raise MissingToolError("no command for VASP: give the worker one, e.g. `srun vasp_std`")
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        raise MissingToolError(f"{command[0]}: no such program; VASP is to be launched by `{' '.join(command)}`")
    return replace(
        place, command=(program, *command[1:]), environment=environment, directory=place.directory.absolute()
    )


def finished_run(
    structure: Atoms, inputs: VaspInputs, spec: VaspSpec, place: Place, ticket: dict[str, Any]
) -> Label | Refusal | None:
    """Judge a run that ended without anyone taking its label; None where there is none, or none to be believed."""
    written = read_ticket(place.directory)
    if "failed" in written or {k: written.get(k) for k in ticket} != ticket:
        return None
    attempt = read_attempt(place.directory, structure, inputs, spec)
    if attempt.accepted:
        cost = {"attempt": place.attempt, "found": True}
        remove_potcars(place.directory)
        return accept(attempt, structure, inputs, spec, cost)
    limits = {"force_limit", "pressure_limit"}
    if attempt.failed and attempt.failed.keys() <= limits and attempt.status in {None, 0}:
        return attempt.judged.refusal()  # the same calculation would give the same numbers
    return None


def accept(attempt: Attempt, structure: Atoms, inputs: VaspInputs, spec: VaspSpec, cost: dict[str, Any]) -> Label:
    """Make the label and drop what only a further attempt would need."""
    label = label_of(attempt, structure, inputs, spec, cost)
    remove_waves(attempt.directory)
    return label
