"""
Custodian's error handlers for labels: fresh ones for each job, without those that edit physics.

Custodian may mend *how* a calculation converges (ALGO, mixing, restart, parallelisation), never *what* is computed:
a label whose physics was edited is refused by the gate anyway, after its core-hours are spent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_CORRECTIONS = 3  # in one attempt, the runs it is worth: as is, and twice mended; a third mending edits k-points

HANDLERS_LEFT_OUT = {
    "LargeSigmaHandler": "edits SIGMA",
    "IncorrectSmearingHandler": "edits ISMEAR and SIGMA",
    "KspacingMetalHandler": "edits KSPACING",
    "MeshSymmetryErrorHandler": "edits KPOINTS; without symmetry its warning means nothing",
    "PositiveEnergyErrorHandler": "strained or broken structures may have a positive energy, and be right",
    "PotimErrorHandler": "nothing moves in a static run",
    "AliasingErrorHandler": "edits NGX, NGY, NGZ, PREC: the grid that forces depend on",
    "DriftErrorHandler": "edits ENAUG and PREC",
}

ERRORS_LEFT_OUT = {
    "tet": "switches to Gaussian smearing",
    "dentet": "edits the mesh or the smearing",
    "tetirr": "asks for another mesh",
    "algo_tet": "switches to Gaussian smearing when it comes twice",
    "inv_rot_mat": "edits KPOINTS",
    "triple_product": "exchanges cell vectors in the POSCAR: the label would belong to another cell",
    "amin": "a warning of long cells; the run that prints it goes on",
    "real_optlay": "edits LREAL, which is never on here",
    "brions": "edits POTIM: nothing moves in a static run",
    "zbrent": "edits IBRION: nothing moves in a static run",
    "fexcf": "copies CONTCAR to POSCAR",
    "eddrmm": "edits POTIM; RMM-DIIS is not used here",
    "dfpt_ncore": "no response is computed",
    "elf_kpar": "no ELF is computed",
    "elf_ncl": "no ELF is computed",
    "auto_nbands": "a warning",
    "spin_polarized_harris": "no such run here",
}


@dataclass(frozen=True)
class Watch:
    """
    How closely custodian watches a run.

    Attributes
    ----------
    poll_s
        Between two looks whether it has ended, s.
    monitor_s
        Between two looks into its output, s.
    frozen_s
        Without a word of output for this long, it hangs, s.
    """

    poll_s: float = 0.05
    monitor_s: float = 30.0
    frozen_s: float = 21600.0


def handlers(walltime_s: float | None, watch: Watch) -> list[Any]:
    """
    Build the handlers of one job: they carry state, so no job may see those of another.

    Parameters
    ----------
    walltime_s
        That is left, s. When it nears its end VASP is asked to stop after the electronic step it is in, and keeps its
        WAVECAR.
    watch
        Intervals.
    """
    from custodian.vasp.handlers import (
        FrozenJobErrorHandler,
        NonConvergingErrorHandler,
        StdErrHandler,
        UnconvergedErrorHandler,
        VaspErrorHandler,
        WalltimeHandler,
    )

    caught = [name for name in VaspErrorHandler.error_msgs if name not in ERRORS_LEFT_OUT]
    out = [
        VaspErrorHandler(errors_subset_to_catch=caught),
        StdErrHandler(),
        UnconvergedErrorHandler(),
        NonConvergingErrorHandler(),
        FrozenJobErrorHandler(timeout=watch.frozen_s),
    ]
    if walltime_s is not None:
        interval = monitor_interval(walltime_s, watch)
        reserve = min(0.5 * walltime_s, max(2 * interval, min(300.0, 0.1 * walltime_s)))
        out.append(WalltimeHandler(wall_time=walltime_s, buffer_time=reserve, electronic_step_stop=True))
    return out


def monitor_interval(walltime_s: float | None, watch: Watch) -> float:
    """Time between two looks into the output, s: short against the walltime."""
    return watch.monitor_s if walltime_s is None else min(watch.monitor_s, max(watch.poll_s, walltime_s / 20))


def custodian_settings(walltime_s: float | None, watch: Watch) -> dict[str, Any]:
    """Make custodian look often whether VASP has ended, which costs nothing, and seldom into its files."""
    interval = monitor_interval(walltime_s, watch)
    return {"polling_time_step": watch.poll_s, "monitor_freq": max(1, round(interval / watch.poll_s))}
