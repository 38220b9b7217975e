"""A campaign's dataset in the formats of other codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..schemas.errors import InputError, MissingToolError
from ..tasks.frames import energy_of, forces_of, write_frames
from .outputs import frames_of
from .run_directory import RunDirectory
from .status import read_campaign

if TYPE_CHECKING:
    from ase import Atoms


def labelled_frames(directory: RunDirectory) -> list[Atoms]:
    """
    Frames of the newest dataset, each with ``info["split"]``.

    Raises
    ------
    InputError
        If the campaign has none yet.
    """
    _, now = read_campaign(directory)
    views = [v for v in now.named("dataset") if v.accepted]
    if not views:
        raise InputError(f"{directory.root}: no dataset yet; the campaign has not come to its first training")
    return frames_of(views[-1].accepted[0], directory)


def write_cfg(frames: Sequence[Atoms], path: Path) -> None:
    """
    Write MLIP-2/3's cfg: eV, A, eV/A; PlusStress is -V times ASE's stress, eV.

    Types are numbered from 0 by the alphabet of the symbols.
    """
    symbols = sorted({s for f in frames for s in f.get_chemical_symbols()})
    blocks = [cfg_block(f, symbols) for f in frames]
    _replace(path, "\n".join(blocks).encode())


def cfg_block(atoms: Atoms, symbols: Sequence[str]) -> str:
    """One configuration in MLIP's format."""
    index = {s: i for i, s in enumerate(symbols)}
    lines = ["BEGIN_CFG", " Size", f"    {len(atoms)}", " Supercell"]
    lines += ["    " + " ".join(f"{v:.10f}" for v in row) for row in np.array(atoms.cell)]
    lines.append(" AtomData:  id type cartes_x cartes_y cartes_z fx fy fz")
    rows = zip(atoms.get_chemical_symbols(), atoms.get_positions(), forces_of(atoms), strict=True)
    for i, (s, x, f) in enumerate(rows, 1):
        lines.append(f"    {i} {index[s]} " + " ".join(f"{v:.10f}" for v in (*x, *f)))
    lines += [" Energy", f"    {energy_of(atoms):.12f}"]
    stress = None if atoms.calc is None else atoms.calc.results.get("stress")
    if stress is not None:
        plus = -atoms.get_volume() * np.asarray(stress)
        lines += [" PlusStress:  xx yy zz yz xz xy", "    " + " ".join(f"{v:.10f}" for v in plus)]
    return "\n".join([*lines, "END_CFG", ""])


def write_pacemaker(frames: Sequence[Atoms], path: Path) -> None:
    """
    Write pacemaker's gzipped pickle of a pandas data frame: ase_atoms, energy, forces, energy_corrected.

    Raises
    ------
    MissingToolError
        If pandas is not installed. A pickle written with numpy 2 does not load in pacemaker's numpy 1.26.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingToolError("--format pckl.gzip needs pandas: pip install pandas") from error
    energies = [energy_of(f) for f in frames]
    bare = [f.copy() for f in frames]
    table = pd.DataFrame(
        {
            "ase_atoms": bare,
            "energy": energies,
            "forces": [forces_of(f) for f in frames],
            "energy_corrected": energies,
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    table.to_pickle(partial, compression="gzip", protocol=4)
    partial.replace(path)


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    partial.replace(path)


def write_extxyz(frames: Sequence[Atoms], path: Path) -> None:
    """Write extended XYZ."""
    write_frames(path, frames)


EXPORTERS: dict[str, Callable[[Sequence[Atoms], Path], None]] = {
    "extxyz": write_extxyz,
    "cfg": write_cfg,
    "pckl.gzip": write_pacemaker,
}
