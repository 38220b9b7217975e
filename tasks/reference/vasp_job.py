"""atomate2's static job, run in a directory: nothing of it patched, none of its settings left to chance."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...schemas.reference import VaspSpec
from . import vasp_leash
from .custodian_handlers import MAX_CORRECTIONS, Watch, custodian_settings, handlers
from .place import Place
from .vasp_directory import RECORD, end_processes
from .vasp_inputs import VaspInputs, set_generator

if TYPE_CHECKING:
    from ase import Atoms

LOGGERS = ("custodian", "custodian.custodian", "VaspErrorHandler", "VasprunXMLValidator", "atomate2", "jobflow")
CLOCK = "CUSTODIAN_WALLTIME_START"  # custodian keeps the start of a process's first job here; each job has its own


def run_static(inputs: VaspInputs, spec: VaspSpec, place: Place, watch: Watch, *, restart: bool) -> Exception | None:
    """
    Run the job in its directory; return what it raised, or None.

    No process of VASP is left, however this ends: an exception here ends it, and so does the death of this process
    (see `vasp_leash`).
    """
    environment = {"ATOMATE2_VASP_ZIP_FILES": "false", **place.environment}
    with changed_environment(environment), working_directory(place.directory), quiet():
        os.environ.pop(CLOCK, None)
        from atomate2.vasp.jobs.core import StaticMaker  # here: it reads the environment when it is first imported

        maker = StaticMaker(
            name="label",
            input_set_generator=set_generator(inputs, spec, restart),
            write_input_set_kwargs={"apply_incar_updates": False},
            run_vasp_kwargs=run_settings(place, watch),
            task_document_kwargs={"store_additional_json": False, "run_bader": False, "run_ddec6": False},
            stop_children_kwargs={"handle_unsuccessful": True},
        )
        job: Any = maker.make(pymatgen_structure(inputs.atoms))  # type: ignore[misc]
        try:
            job.run(empty_store())
        except Exception as error:  # noqa: BLE001 - what it means is decided by what the directory shows
            return error
        finally:
            end_processes(place.directory)
    return None


def run_settings(place: Place, watch: Watch) -> dict[str, Any]:
    """Arguments of atomate2's `run_vasp`: nothing is left to its settings file or its environment variables."""
    command = shlex.join(leashed(place.command))
    return {
        "vasp_cmd": command,
        "vasp_gamma_cmd": command,
        "max_errors": MAX_CORRECTIONS,
        "scratch_dir": None,
        "handlers": handlers(place.walltime_s, watch),
        "vasp_job_kwargs": {"auto_gamma": False, "auto_npar": False},
        "custodian_kwargs": custodian_settings(place.walltime_s, watch),
    }


def leashed(command: tuple[str, ...]) -> list[str]:
    """Make a command die with this process."""
    return [sys.executable, "-I", "-S", vasp_leash.__file__, RECORD, str(os.getpid()), *command]


def pymatgen_structure(atoms: Atoms) -> Any:
    """Convert, digit by digit, without wrapping."""
    from pymatgen.core import Lattice, Structure

    return Structure(
        Lattice(atoms.cell.array), atoms.get_chemical_symbols(), atoms.get_scaled_positions(wrap=False).tolist()
    )


def empty_store() -> Any:
    """A store that is thrown away: the label is read from VASP's own files."""
    from jobflow import JobStore
    from maggma.stores import MemoryStore

    store = JobStore(MemoryStore(), additional_stores={"data": MemoryStore()})
    store.connect()
    return store


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep custodian's tracebacks to itself: what it found and did is in ``custodian.json``."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def working_directory(path: Path) -> Iterator[None]:
    """Work in a directory: atomate2 knows no other way to say where a job runs."""
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def changed_environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Set variables, and put the environment back as it was."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
