"""Every fault through the real path: what becomes of it in the first attempt, and in the next."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....schemas.artifact import Refusal
from ....schemas.errors import EngineCrash, OutOfTime
from ....schemas.label import Label
from ....schemas.reference import VaspSpec
from ..custodian_handlers import Watch
from ..place import Place
from ..vasp import label_with_vasp
from .faults import COUNTER, FAULTS, FILE

if TYPE_CHECKING:
    from ase import Atoms

WATCH = Watch(poll_s=0.05, monitor_s=0.5, frozen_s=1.5)
STATES = {
    "label": "accepted: published",
    "Refusal": "refused: published with its reasons",
    "not_converged": "refused: tried otherwise, then published with its reasons",
    "EngineCrash": "crashed: nothing published, tried again",
    "OutOfTime": "out of time: nothing published, goes on from its WAVECAR",
    "OSError": "disk full: nothing published, tried again when there is room",
}


@dataclass(frozen=True)
class Case:
    """
    A fault and what must become of it.

    Attributes
    ----------
    name
        What the table calls it.
    plan
        Faults, see `faults.active_faults`.
    first, second
        Outcome of the first attempt and of the next: ``label`` or the name of a class.
    spec
        Changes to the spec.
    runs
        Largest number of VASP runs in the first attempt.
    walltime_s
        That the first attempt has, s.
    left
        Files that lie in the directory before, name -> content.
    """

    name: str
    plan: tuple[Mapping[str, Any], ...]
    first: str
    second: str = "label"
    spec: Mapping[str, Any] = field(default_factory=dict)
    runs: int = 1
    walltime_s: float | None = None
    left: Mapping[str, str] = field(default_factory=dict)


def once(fault: str, **settings: Any) -> tuple[Mapping[str, Any], ...]:
    """A fault that strikes the first run only."""
    return ({"fault": fault, "runs": [1], **settings},)


def unless(fault: str, **incar: str) -> tuple[Mapping[str, Any], ...]:
    """A fault that custodian's mending cures."""
    return ({"fault": fault, "unless": incar},)


def always(fault: str, **settings: Any) -> tuple[Mapping[str, Any], ...]:
    """A fault that strikes every run."""
    return ({"fault": fault, **settings},)


CASES = (
    Case("none", (), "label"),
    Case("unconverged SCF, cured by ALGO = All", unless("unconverged", ALGO="All"), "label", runs=2),
    Case("unconverged SCF, for good", always("unconverged"), "Refusal", "Refusal", {"nelm": 20}, runs=3),
    Case("BRMIX, cured by mixing", unless("brmix", IMIX="1"), "label", runs=3),
    Case("BRMIX, for good", always("brmix"), "Refusal", "Refusal", runs=3),
    Case("EDDDAV, cured by ALGO = All", unless("edddav", ALGO="All"), "label", runs=2),
    Case("EDDDAV, for good", always("edddav"), "Refusal", "Refusal", runs=3),
    Case("ZPOTRF", always("zpotrf"), "Refusal", "Refusal"),
    Case("ZPOTRF, cured by ISYM = 0", unless("zpotrf", ISYM="0"), "Refusal", "Refusal", {"symmetry": True}, runs=2),
    Case("frozen", once("frozen"), "EngineCrash"),
    Case("segfault", once("segfault"), "EngineCrash"),
    Case("killed", once("killed"), "EngineCrash"),
    Case("out of memory", once("out_of_memory"), "EngineCrash"),
    Case("exit status 1 after all its work", once("exit_status"), "EngineCrash"),
    Case("truncated vasprun.xml", once("truncated_xml"), "EngineCrash"),
    Case("half an OUTCAR", once("half_outcar"), "EngineCrash"),
    Case("empty CONTCAR", once("empty_contcar"), "EngineCrash"),
    Case("disk full", once("disk_full"), "OSError"),
    Case("SIGTERM", once("sigterm"), "EngineCrash"),
    Case("walltime reached", once("slow", seconds=0.4), "OutOfTime", walltime_s=3.0),
    Case("left-over STOPCAR", (), "label", left={"STOPCAR": "LABORT = .TRUE.\n"}),
    Case("left-over INCAR.gz", (), "label", left={"INCAR.gz": "not even gzip"}),
    Case("somebody's STOPCAR in the middle", once("stopcar"), "EngineCrash"),
    Case("energy is NaN", always("nan_energy"), "Refusal", "Refusal", {"nelm": 20}, runs=3),
    Case("no forces", once("missing_forces"), "Refusal"),
    Case("no stress", once("missing_stress"), "Refusal"),
    Case("INCAR changed (ENCUT)", always("other_encut"), "Refusal", "Refusal"),
    Case("KPOINTS changed", always("other_kpoints"), "Refusal", "Refusal"),
    Case("wrong POTCAR title", always("wrong_potcar"), "Refusal", "Refusal"),
    Case("INCAR that VASP cannot read", always("read_error"), "Refusal", "Refusal"),
)


@dataclass(frozen=True)
class Attempt:
    """What came of an attempt: its answer or exception, the VASP runs it took, processes that it left."""

    answer: Label | Refusal | Exception
    runs: int
    orphans: int

    @property
    def outcome(self) -> str:
        """``label`` or the name of a class."""
        return "label" if isinstance(self.answer, Label) else type(self.answer).__name__

    @property
    def state(self) -> str:
        """What a campaign makes of it."""
        code = self.answer.code if isinstance(self.answer, Refusal) else ""
        return STATES.get(code, STATES[self.outcome])

    @property
    def words(self) -> str:
        """One line of what happened."""
        if isinstance(self.answer, Label):
            return "; ".join(self.answer.corrections) or "nothing to mend"
        if isinstance(self.answer, Refusal):
            return "; ".join(self.answer.reasons)
        return str(getattr(self.answer, "strerror", None) or self.answer)


def rehearse(case: Case, structure: Atoms, spec: VaspSpec, directory: Path) -> tuple[Attempt, Attempt]:
    """Label a structure twice in one directory, as a worker does that tries again."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / FILE).write_text(json.dumps(list(case.plan)))
    for name, content in case.left.items():
        (directory / name).write_text(content)
    changed = VaspSpec.model_validate({**spec.model_dump(), **case.spec})
    first = attempt(structure, changed, Place(directory, walltime_s=case.walltime_s))
    return first, attempt(structure, changed, Place(directory, attempt=1))


def attempt(structure: Atoms, spec: VaspSpec, place: Place) -> Attempt:
    """Label a structure, and look at what is left."""
    before = count_runs(place.directory)
    answer: Label | Refusal | Exception
    try:
        answer = label_with_vasp(structure, spec, place, WATCH)
    except (EngineCrash, OutOfTime, OSError) as error:
        answer = error
    return Attempt(answer, count_runs(place.directory) - before, len(processes_in(place.directory)))


def count_runs(directory: Path) -> int:
    """How often the stand-in ran in a directory."""
    path = directory / COUNTER
    return int(path.read_text()) if path.is_file() else 0


def processes_in(directory: Path) -> list[int]:
    """Ids of processes, other than this one, that work in a directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve() == directory.resolve() and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def table(rows: list[tuple[Case, Attempt, Attempt]]) -> str:
    """Format what happened as a Markdown table."""
    head = ("fault", "what happened", "runs", "verdict: state", "next attempt")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for case, first, second in rows:
        words = first.words.replace("|", "/")
        words = words if len(words) < 240 else words[:237] + "..."
        follow = "found, not computed again" if first.outcome == "label" and not second.runs else second.outcome
        lines.append(f"| {case.name} | {words} | {first.runs} | {first.state} | {follow} |")
    return "\n".join(lines)


assert {e["fault"] for c in CASES for e in c.plan} == set(FAULTS), "a fault without a case"
