"""The engine `gpaw`: open density-functional theory, PAW and plane waves, as a program of its own (GPL-3)."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.artifact import Refusal
from ...schemas.errors import EngineCrash, MissingToolError, OutOfTime
from ...schemas.gpaw_spec import GpawSpec
from ...schemas.label import Label
from ...schemas.reference import spec_key
from ..frames import round_structure
from . import gpaw_run
from .gate import Results, Verdict, judge, too_close, verdict
from .gpaw_process import run_guarded
from .gpaw_request import GENTLE_MIXERS, gpaw_request
from .place import Place

if TYPE_CHECKING:
    from ase import Atoms

RUNNER = Path(gpaw_run.__file__).resolve()
CHECKPOINT_SECONDS = 300.0
FINISHED = ("converged", "unconverged", "failed")
LAST_STEPS = 3  # that GPAW compares
EMPTY = 1e-3  # occupation (of 1) of a band that counts as empty; what it costs is 1e-5 eV/atom
NO_SPACE = 100_000  # bytes: a program that ends with less left had no room
OF_A_RANK = ("PMI_", "PMIX_", "OMPI_")
INSTALL = "run tools/install_gpaw.sh, or name a Python that has it as `gpaw: {command: [...]}` in the settings file"


def label_with_gpaw(
    structure: Atoms, spec: GpawSpec, place: Place, *, checkpoint_s: float = CHECKPOINT_SECONDS
) -> Label | Refusal:
    """
    Label one structure, from whatever its directory already holds.

    Parameters
    ----------
    structure
        Rounded as in its key before it is computed. Plane waves need a cell, for a cluster one with vacuum.
    spec
        Physics and limits.
    place
        ``command`` launches a Python that has GPAW, e.g. ``("mpirun", "-n", "8", "python")``; by default this one.
    checkpoint_s
        Time between checkpoints, s.

    Raises
    ------
    InputError
        If the spec does not say what it must about magnetic elements.
    MissingToolError
        If GPAW, its launcher or a PAW data set is missing.
    OutOfTime
        If the walltime did not suffice; the next call goes on from the checkpoint.
    EngineCrash
        If it died: killed, out of memory, without results.
    OSError
        If the disk is full.
    """
    asked = round_structure(structure)
    if abs(np.linalg.det(np.array(asked.cell))) < 1e-6:
        return Refusal("no_cell", ("plane waves need a cell with a volume; give a cluster one with vacuum",))
    if near := too_close(asked, spec.limits.min_distance):
        return Refusal("gate", (near,), {"failed": ["distance"]})
    request = gpaw_request(asked, spec)
    place.directory.mkdir(parents=True, exist_ok=True)
    found = _enter(place, request, checkpoint_s)
    if found is None:
        found = _launch(place, request["key"])
    return _answer(asked, spec, request, found)


def gpaw_available(command: Sequence[str] = ()) -> str | None:
    """Version of the GPAW that a launch command gives, or None; ``doctor`` shows it."""
    ask = [*(command or (sys.executable,)), str(RUNNER), "--version"]
    try:
        done = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    versions = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("GPAW ")]
    return versions[0] if versions else None


def _enter(place: Place, request: Mapping[str, Any], checkpoint_s: float) -> dict[str, Any] | None:
    """Prepare the directory for a run, unless it holds a finished one: then return its results."""
    directory, mixer = place.directory, None
    before = _read(directory / "request.json")
    if before is not None and before.get("key") == request["key"]:
        mixer = before["run"]["mixer"]
        found = _read(directory / "results.json")
        if found is not None and found.get("key") == request["key"] and found.get("status") in FINISHED:
            if found["status"] == "converged" or found["run"]["attempt"] >= place.attempt:
                return found
            mixer = GENTLE_MIXERS[min(found["run"]["attempt"], len(GENTLE_MIXERS) - 1)]
    else:
        (directory / "checkpoint.gpw").unlink(missing_ok=True)
    (directory / "results.json").unlink(missing_ok=True)
    deadline = None if place.walltime_s is None else time.time() + place.walltime_s
    run = {"attempt": place.attempt, "mixer": mixer, "deadline": deadline, "checkpoint_s": checkpoint_s}
    _write(directory / "request.json", {**request, "run": run})
    return None


def _launch(place: Place, key: str) -> dict[str, Any]:
    """Run GPAW; return the finished results that it left, whatever its exit code."""
    log = place.directory / "gpaw.err"
    command = [*(place.command or (sys.executable,)), str(RUNNER), str(place.directory.resolve())]
    code = run_guarded(
        command,
        place.directory,
        environment=_environment(place),
        log=log,
        timeout=place.walltime_s,
    )
    found = _read(place.directory / "results.json")
    status = None if found is None or found.get("key") != key else found.get("status")
    if found is not None and status in FINISHED:
        return found
    said = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
    last = said[0] if said else "it said nothing"
    if code is None or status == "out_of_time":
        raise OutOfTime(f"GPAW did not end within {place.walltime_s:g} s; it goes on from its last checkpoint")
    if code == gpaw_run.UNAVAILABLE:
        raise MissingToolError(f"{last} ({INSTALL})")
    if code == gpaw_run.DISK_FULL or shutil.disk_usage(place.directory).free < NO_SPACE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place.directory))
    raise EngineCrash(f"GPAW left no results ({_how(code)}): {last}")


def _environment(place: Place) -> dict[str, str]:
    """Variables for the program; one that is launched directly is no rank of the MPI run that this may be part of."""
    inherited = {k: v for k, v in os.environ.items() if place.command or not k.startswith(OF_A_RANK)}
    return {**inherited, "OMP_NUM_THREADS": "1", **place.environment}


def _answer(asked: Atoms, spec: GpawSpec, request: Mapping[str, Any], found: Mapping[str, Any]) -> Label | Refusal:
    """Judge finished results."""
    price = {"cpu_seconds": found["cost"]["cpu_seconds"], "attempt": found["run"]["attempt"]}
    if found["status"] != "converged":
        steps = len(found["energies"])
        reason = f"GPAW {found['status']} after {steps} electronic steps {found['reason']}".strip()
        return Refusal(found["status"], (reason,), price)
    results = _results(asked, found)
    answer = _joined(
        judge(asked, _computed_structure(asked, found["computed"]), results, spec.limits),
        verdict(
            {
                "converged": _not_converged(found["energies"], spec),
                "bands": _too_few_bands(found["highest_occupation"]),
                "inputs": _inputs_changed(request["parameters"], found["computed"]),
            }
        ),
    )
    if not answer.accepted or results.energy is None or results.forces is None:
        return answer.refusal(price)
    return Label(
        energy=results.energy,
        energy_sigma0=found["energy_sigma0"],
        forces=results.forces,
        stress=results.stress,
        engine="gpaw",
        spec_key=spec_key(spec.physics()),
        engine_version=", ".join(f"{name} {version}" for name, version in found["versions"].items()),
        pseudopotentials=tuple(found["computed"]["setups"]),
        corrections=_corrections(found["run"]["mixer"]),
        gate=dict(answer.criteria),
        cost={**found["cost"], "electronic_steps": len(found["energies"])},
    )


def _results(asked: Atoms, found: Mapping[str, Any]) -> Results:
    stress = found.get("stress")
    return Results(
        energy=found.get("energy"),
        forces=None if found.get("forces") is None else np.array(found["forces"], float),
        # that of a cluster's box means nothing
        stress=None if stress is None or not any(asked.pbc) else np.array(stress, float),
    )


def _computed_structure(asked: Atoms, computed: Mapping[str, Any]) -> Atoms:
    from ase import Atoms as AseAtoms

    return AseAtoms(computed["symbols"], positions=computed["positions"], cell=computed["cell"], pbc=asked.pbc)


def _not_converged(energies: Sequence[float], spec: GpawSpec) -> str | None:
    """Say that the last electronic steps (energies, eV) are no evidence of convergence, or None."""
    if len(energies) < LAST_STEPS:
        return f"only {len(energies)} electronic steps"
    spread = float(np.ptp(energies[-LAST_STEPS:]))
    return None if spread <= spec.ediff else f"the last electronic steps spread over {spread:.2g} eV"


def _too_few_bands(occupation: float) -> str | None:
    """Say that the highest band is occupied, so that electrons of the smearing's tail are missing, or None."""
    if occupation <= EMPTY:
        return None
    return f"the highest band is occupied by {occupation:.2g}, limit {EMPTY:g}: raise reference.empty_bands"


def _inputs_changed(asked: Mapping[str, Any], computed: Mapping[str, Any]) -> str | None:
    """Say what GPAW used instead of what it was asked for, or None."""
    if list(computed["mesh"]) != list(asked["kpts"]["size"]):
        return f"k-points {computed['mesh']} instead of {asked['kpts']['size']}"
    if abs(computed["encut"] - asked["mode"]["ecut"]) > 1e-6 * asked["mode"]["ecut"]:
        return f"a cutoff of {computed['encut']:g} eV instead of {asked['mode']['ecut']:g} eV"
    return None


def _joined(*verdicts: Verdict) -> Verdict:
    criteria = {name: met for v in verdicts for name, met in v.criteria.items()}
    return Verdict(criteria, tuple(reason for v in verdicts for reason in v.reasons))


def _corrections(mixer: Mapping[str, Any] | None) -> tuple[str, ...]:
    return () if mixer is None else (f"mixing {mixer['beta']:g}, more steps",)


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _read(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None where there is none in one piece."""
    try:
        value = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _write(path: Path, value: Mapping[str, Any]) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(value))
    partial.replace(path)
