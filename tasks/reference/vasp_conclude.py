"""What a VASP attempt was: a label, a refusal, or an accident that another attempt may mend."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...schemas.artifact import Refusal
from ...schemas.errors import EngineCrash, InputError, MissingToolError, OutOfTime
from ...schemas.label import Label
from ...schemas.reference import VaspSpec, spec_key
from .gate import Results, Verdict, judge, verdict
from .vasp_directory import disk_is_full, last_words, read_record
from .vasp_gate import judge_run
from .vasp_inputs import VaspInputs
from .vasp_outputs import VaspRun, read_run

if TYPE_CHECKING:
    from ase import Atoms

WALLTIME = "Walltime reached"
CUT_OFF = frozenset({"vasprun", "outcar", "finished", "ionic_steps", "one_run", "contcar"})  # no run comes to this end
UNCONVERGED = frozenset({"ediff_reached", "nelm", "energy_change"})
ELECTRONIC = (
    "Unconverged",
    "Non-converging",
    "brmix",
    "edddav",
    "eddiag",
    "zheev",
    "subspacematrix",
    "pssyevx",
    "pdsyevx",
)
ACCIDENTS = ("Frozen job", "out_of_memory", "kpoints_trans", "coef")  # of the machine, not of the structure


@dataclass(frozen=True)
class Attempt:
    """
    An attempt that has ended, judged.

    Attributes
    ----------
    run
        Its files, read.
    judged
        The gate's verdict over the run and its results.
    status
        VASP's exit status; None where it is not known.
    """

    directory: Path
    run: VaspRun
    judged: Verdict
    status: int | None

    @property
    def failed(self) -> dict[str, str]:
        """Criteria that are not met, each with its reason."""
        names = [name for name, met in self.judged.criteria.items() if not met]
        return dict(zip(names, self.judged.reasons, strict=True))

    @property
    def cut_off(self) -> list[str]:
        """Signs that the files do not go to their end."""
        return [reason for name, reason in self.failed.items() if name in CUT_OFF]

    @property
    def accepted(self) -> bool:
        """Whether the gate and the exit status agree that this is a good run."""
        return self.judged.accepted and self.status in {None, 0}


def read_attempt(directory: Path, structure: Atoms, inputs: VaspInputs, spec: VaspSpec) -> Attempt:
    """Read and judge what is in the directory against what was asked for."""
    run = read_run(directory)
    criteria: dict[str, bool] = {}
    reasons: list[str] = []
    verdicts = [judge_run(run, spec, inputs.mesh), verdict({"contcar": contcar_empty(directory)})]
    if run.vasprun is not None and run.vasprun.steps:
        verdicts.append(judge_results(run, structure, inputs, spec))
    for part in verdicts:
        criteria |= part.criteria
        reasons += part.reasons
    return Attempt(directory, run, Verdict(criteria, tuple(reasons)), read_record(directory).status)


def judge_results(run: VaspRun, structure: Atoms, inputs: VaspInputs, spec: VaspSpec) -> Verdict:
    """Judge structure, energy, forces and stress of the last ionic step by what every engine must fulfil."""
    assert run.vasprun is not None
    step, symbols = run.vasprun.steps[-1], run.vasprun.symbols
    if len(step.fractional) != len(symbols) or not symbols:
        return verdict({"structure": f"{len(step.fractional)} positions for {len(symbols)} atoms in vasprun.xml"})
    asked, stress = inputs.atoms, step.stress
    if stress is None and not any(structure.pbc):
        asked = asked.copy()
        asked.pbc = False  # a cluster needs none
    return judge(asked, step.atoms(symbols), Results(step.energy, step.forces, stress), spec.limits)


def contcar_empty(directory: Path) -> str | None:
    """Say that CONTCAR, which VASP writes last, is missing or empty; or None."""
    for path in (directory / "CONTCAR", directory / "CONTCAR.gz"):
        if path.is_file():
            return None if path.stat().st_size > 40 else "CONTCAR is empty: the run did not write its last file"
    return "no CONTCAR: the run did not write its last file"


def label_of(attempt: Attempt, structure: Atoms, inputs: VaspInputs, spec: VaspSpec, cost: Mapping[str, Any]) -> Label:
    """Make the label of an accepted attempt, in the order of the structure asked for."""
    run, xml, outcar = attempt.run, attempt.run.vasprun, attempt.run.outcar
    assert xml is not None
    assert outcar is not None
    step = xml.steps[-1]
    assert step.energy is not None
    assert step.forces is not None
    cpu = (outcar.cpu_seconds or 0.0) * outcar.ranks
    memory = (outcar.memory_kb or 0.0) * outcar.ranks / 1024
    seconds = read_record(attempt.directory).seconds or outcar.elapsed_seconds
    spent = {"cpu_seconds": cpu, "program_seconds": seconds, "ranks": outcar.ranks, "memory_mb": memory}
    return Label(
        energy=step.energy,
        energy_sigma0=step.energy if step.energy_sigma0 is None else step.energy_sigma0,
        forces=inputs.in_asked_order(step.forces),
        stress=step.stress if structure.cell.rank == 3 else None,
        engine=run.engine,
        spec_key=spec_key(spec.physics()),
        engine_version=f"VASP {xml.version}".strip(),
        pseudopotentials=tuple(xml.potcar.values()),
        corrections=run.corrections,
        gate=dict(attempt.judged.criteria),
        cost={**spent, "electronic_steps": len(step.scf_energies), **cost},
    )


def refusal_or_raise(attempt: Attempt, error: Exception | None, walltime_s: float | None, elapsed_s: float) -> Refusal:
    """
    Say what a failed attempt was.

    Raises
    ------
    OSError
        The disk is full.
    MissingToolError
        The program could not be started.
    InputError
        The program is the stand-in and the spec does not say so, or the other way round.
    OutOfTime
        It stopped for its walltime; its WAVECAR is there.
    EngineCrash
        It died, hung or left files that are cut off.
    """
    directory, run = attempt.directory, attempt.run
    if disk_is_full(directory, error):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(directory)) from error
    if attempt.status in {126, 127}:
        raise MissingToolError(f"VASP could not be started: {last_words(directory, 'std_err.txt')}") from error
    if "engine" in attempt.failed:
        raise InputError(f"{attempt.failed['engine']}; set reference.stand_in to what is meant")
    stopped = run.outcar is not None and run.outcar.stopped
    late = walltime_s is not None and elapsed_s > 0.95 * walltime_s
    corrected = " ".join(run.corrections)
    if (WALLTIME in corrected and (stopped or "finished" in attempt.failed)) or (late and "finished" in attempt.failed):
        raise OutOfTime(f"VASP stopped for its walltime of {walltime_s} s after {elapsed_s:.0f} s") from error
    if any(name in corrected for name in ACCIDENTS):
        raise EngineCrash(f"VASP: {corrected}{words_of(error)}") from error
    if custodian_gave_up(error) and corrected:
        others = () if attempt.cut_off else attempt.judged.reasons
        reasons = (f"custodian could not mend it: {'; '.join(run.corrections)}", *others)
        code = "not_converged" if any(name in corrected for name in ELECTRONIC) else "engine_failed"
        return Refusal(code, reasons, refusal_data(attempt))
    if attempt.status or stopped or attempt.cut_off or attempt.judged.accepted:
        raise EngineCrash(crash_words(attempt, error)) from error
    if attempt.failed.keys() & UNCONVERGED:
        return Refusal("not_converged", attempt.judged.reasons, refusal_data(attempt))
    return Refusal("gate", attempt.judged.reasons, refusal_data(attempt))


def crash_words(attempt: Attempt, error: Exception | None) -> str:
    """Say in one line how a run died."""
    status = attempt.status or 0
    words = [f"VASP died by signal {status - 128}" if status > 128 else f"VASP ended with exit status {status}"]
    words += attempt.cut_off[:2] or list(attempt.judged.reasons) or ["the job failed although its files are in order"]
    said = last_words(attempt.directory, "std_err.txt", 200).replace("\n", " ")
    return "; ".join(words) + (f"; it said: {said}" if said else "") + words_of(error)


def words_of(error: Exception | None) -> str:
    """First line of an exception, without addresses in memory."""
    if error is None:
        return ""
    return f" ({type(error).__name__}: {str(error).partition(chr(10))[0].partition(' <')[0].rstrip(':')[:200]})"


def refusal_data(attempt: Attempt) -> dict[str, Any]:
    """What the ledger keeps of a refused calculation."""
    out: dict[str, Any] = {"failed": sorted(attempt.failed), "corrections": list(attempt.run.corrections)}
    outcar = attempt.run.outcar
    if outcar is not None and outcar.cpu_seconds is not None:
        out["cpu_seconds"] = outcar.cpu_seconds * outcar.ranks
    return out


def custodian_gave_up(error: Exception | None) -> bool:
    """Whether custodian ran out of corrections."""
    names = {"NonRecoverableError", "MaxCorrectionsError", "MaxCorrectionsPerJobError", "MaxCorrectionsPerHandlerError"}
    return type(error).__name__ in names
