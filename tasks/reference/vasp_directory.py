"""The directory of a VASP calculation: what is in it, what a new attempt keeps, what never stays."""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICKET = "calculation.json"  # which calculation this directory belongs to
RECORD = "leash.json"  # process and exit status of the last run
WAVES = "WAVECAR"
INPUTS = ("INCAR", "KPOINTS", "POSCAR", "POTCAR", "POTCAR.spec")
OUTPUTS = (
    *("CHG", "CHGCAR", "CONTCAR", "DOSCAR", "EIGENVAL", "IBZKPT", "LOCPOT", "OSZICAR", "OUTCAR", "PCDAT", "PROCAR"),
    *("REPORT", "STOPCAR", "XDATCAR", "vasprun.xml", "vaspout.h5", "vaspwave.h5"),
    *("vasp.out", "std_err.txt", "custodian.json", "transformations.json"),
)
MESSAGES = ("std_err.txt", "vasp.out")


@dataclass(frozen=True)
class RunRecord:
    """Process id, exit status and wall time (s) of the last run; None where it is not known."""

    pid: int | None
    status: int | None
    seconds: float | None = None


def read_ticket(directory: Path) -> dict[str, Any]:
    """Read which calculation the directory belongs to; empty where nothing says so."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((directory / TICKET).read_text())
        return found if isinstance(found, dict) else {}
    return {}


def write_ticket(directory: Path, ticket: Mapping[str, Any]) -> None:
    """Write which calculation the directory belongs to, in one piece."""
    partial = directory / f"{TICKET}.part"
    partial.write_text(json.dumps(ticket, sort_keys=True))
    partial.replace(directory / TICKET)


def read_record(directory: Path) -> RunRecord:
    """Read what is known of the last run."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found = json.loads((directory / RECORD).read_text())
        return RunRecord(found.get("pid"), found.get("status"), found.get("seconds"))
    return RunRecord(None, None)


def prepare(directory: Path, ticket: Mapping[str, Any]) -> bool:
    """
    Clear what an earlier attempt left, a STOPCAR above all, but keep its WAVECAR; say whether there is one.

    Compressed left-overs go too: custodian unpacks what it finds, and would put an old INCAR in place of the new one.
    A WAVECAR of another calculation is not kept. Files that are not VASP's stay.
    """
    same = {k: read_ticket(directory).get(k) for k in ticket} == dict(ticket)
    zipped = directory / f"{WAVES}.gz"
    if same and zipped.is_file() and not (directory / WAVES).is_file():
        unpack(zipped, directory / WAVES)
    zipped.unlink(missing_ok=True)
    if not same:
        (directory / WAVES).unlink(missing_ok=True)
    for name in (*INPUTS, *OUTPUTS):
        for suffix in ("", ".gz", ".orig", ".orig.gz"):
            (directory / f"{name}{suffix}").unlink(missing_ok=True)
    for path in directory.glob("error.*.tar.gz"):
        path.unlink()
    (directory / RECORD).unlink(missing_ok=True)
    write_ticket(directory, ticket)
    waves = directory / WAVES
    return waves.is_file() and waves.stat().st_size > 0


def unpack(zipped: Path, target: Path) -> None:
    """Decompress; a file that was cut off gives none."""
    try:
        with gzip.open(zipped, "rb") as source, target.open("wb") as out:
            shutil.copyfileobj(source, out)
    except (OSError, EOFError):
        target.unlink(missing_ok=True)


def mark_failed(directory: Path, why: str) -> None:
    """Remember that the run found here gave no label, so that the next attempt does not take it for a good one."""
    with contextlib.suppress(OSError):
        write_ticket(directory, {**read_ticket(directory), "failed": why})


def remove_potcars(directory: Path) -> None:
    """Remove every copy of a POTCAR, the one inside VASP's HDF5 file too: a licensed file stays in its library."""
    for pattern in ("POTCAR*", "vaspout.h5*"):
        for path in directory.glob(pattern):
            path.unlink(missing_ok=True)


def remove_waves(directory: Path) -> None:
    """Remove the wave functions of a finished calculation: gigabytes that nobody reads again."""
    for name in (WAVES, f"{WAVES}.gz"):
        (directory / name).unlink(missing_ok=True)


def disk_is_full(directory: Path, error: BaseException | None) -> bool:
    """Whether a run failed for want of space, by the exception or by the program's words."""
    full = {errno.ENOSPC, errno.EDQUOT}
    while error is not None:
        if isinstance(error, OSError) and error.errno in full:
            return True
        error = error.__cause__ or error.__context__
    return any(
        re.search(r"No space left on device|Disk quota exceeded", last_words(directory, n, 4000)) for n in MESSAGES
    )


def last_words(directory: Path, name: str, size: int = 400) -> str:
    """End of a text file; empty where there is none."""
    for path in (directory / name, directory / f"{name}.gz"):
        with contextlib.suppress(OSError, EOFError):
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            return data[-size:].decode("utf-8", "replace").strip()
    return ""


def end_processes(directory: Path, wait_s: float = 10.0) -> None:
    """End what still runs in this directory: an attempt that lost its parent, or was interrupted."""
    record = read_record(directory)
    if record.pid is None or record.status is not None or not is_our_leash(record.pid, directory):
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(OSError):
            if os.getpgid(record.pid) == record.pid:
                os.killpg(record.pid, number)
            else:
                os.kill(record.pid, number)
        limit = time.monotonic() + wait_s
        while is_our_leash(record.pid, directory) and time.monotonic() < limit:
            time.sleep(0.02)


def is_our_leash(pid: int, directory: Path) -> bool:
    """Whether a process with this id runs the leash in this directory, and is no zombie."""
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"vasp_leash" in command and Path(f"/proc/{pid}/cwd").resolve() == directory.resolve()
    return False
