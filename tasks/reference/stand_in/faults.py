"""Faults on demand: what goes wrong in a real run, at the stand-in's hand."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VARIABLE = "DEFECTGENOME_STAND_IN_FAULTS"
FILE = "stand_in_faults.json"
COUNTER = "stand_in_runs"

FAULTS = {
    "brmix": "BRMIX: very serious problems, in the third electronic step",
    "edddav": "Error EDDDAV, in the third electronic step",
    "zpotrf": "LAPACK: Routine ZPOTRF failed, before the first electronic step",
    "unconverged": "the energy swings until NELM is reached",
    "frozen": "no electronic step ever ends",
    "slow": "each electronic step takes `seconds`",
    "segfault": "dies by SIGSEGV in the second electronic step",
    "killed": "dies by SIGKILL in the second electronic step",
    "sigterm": "dies by SIGTERM in the third electronic step, as at a walltime",
    "out_of_memory": "Allocation would exceed memory limit, before the first electronic step",
    "exit_status": "does all its work and then exits with `code`",
    "truncated_xml": "vasprun.xml ends in the middle, exit status 0",
    "half_outcar": "OUTCAR ends in the middle, exit status 0",
    "empty_contcar": "CONTCAR stays empty, exit status 0",
    "disk_full": "No space left on device, in the third electronic step",
    "stopcar": "a STOPCAR of somebody else's turns up in the second electronic step",
    "nan_energy": "the energy is not a number",
    "missing_forces": "vasprun.xml and OUTCAR have no forces",
    "missing_stress": "vasprun.xml and OUTCAR have no stress",
    "wrong_potcar": "the POTCAR is of another variant than its name says",
    "other_encut": "it runs with 0.8 ENCUT, as if a handler had changed the INCAR",
    "other_kpoints": "it runs with another mesh",
    "read_error": "Error reading item 'NELM' from file INCAR",
}


def active_faults(directory: Path, incar: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """
    Read which faults strike in this run, and count the run.

    The plan is JSON, in the variable `VARIABLE` or in the file `FILE` of the run's directory: a list of
    ``{"fault": name, "runs": [1, 2], "unless": {"ALGO": "All"}}``; without ``runs`` it strikes always, and it spares a
    run whose INCAR has all of ``unless``.
    """
    counter = directory / COUNTER
    run = int(counter.read_text()) + 1 if counter.is_file() else 1
    counter.write_text(str(run))
    plan = directory / FILE
    text = plan.read_text() if plan.is_file() else os.environ.get(VARIABLE, "")
    out: dict[str, dict[str, Any]] = {}
    for entry in json.loads(text) if text.strip() else []:
        if entry["fault"] not in FAULTS:
            raise SystemExit(f"no such fault: {entry['fault']}; there are {' '.join(FAULTS)}")
        unless = entry.get("unless", {})
        cured = bool(unless) and all(incar.get(k, "").upper() == str(v).upper() for k, v in unless.items())
        if run in entry.get("runs", [run]) and not cured:
            out[entry["fault"]] = entry
    return out
