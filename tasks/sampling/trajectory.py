"""Scenario: the user's own simulation, from LAMMPS dumps or extended XYZ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...schemas.campaign import Material
from ...schemas.errors import InputError
from ...schemas.snapshot import Snapshot
from ..frames import read_frames
from ..lammps import to_lammps_cell, wrap
from ..pair_calculator import boxed
from .dump import is_dump, read_dump

if TYPE_CHECKING:
    from ase import Atoms

CENTRES = "centre_allowed"  # column of extended XYZ: atoms that may be centres


def find_files(patterns: Sequence[str], base: Path) -> list[Path]:
    """
    Expand a trajectory's patterns.

    Parameters
    ----------
    patterns
        Paths or glob patterns.
    base
        Directory that relative ones start from.

    Returns
    -------
    list of pathlib.Path
        In the order of the patterns, each pattern's files sorted by name.

    Raises
    ------
    InputError
        If one matches no file.
    """
    found: list[Path] = []
    for pattern in patterns:
        path = base / pattern
        if path.is_file():
            found.append(path)
            continue
        anchor = Path(path.anchor) if path.is_absolute() else Path()
        matches = sorted(p for p in anchor.glob(str(path.relative_to(anchor))) if p.is_file())
        if not matches:
            raise InputError(f"trajectory: no file matches {path}")
        found += matches
    return found


def read_trajectory(
    paths: Sequence[Path], material: Material, *, stride: int = 1, scenario: str = "trajectory"
) -> Iterator[Snapshot]:
    """
    Read frames as snapshots, one at a time.

    Parameters
    ----------
    paths
        LAMMPS text dumps or extended XYZ, gzipped or not.
    material
        Its elements are those that frames may have; without an ``element`` column they are those of the types.
    stride
        Take every n-th frame of each file.
    scenario
        For the snapshots' provenance.

    Yields
    ------
    Snapshot
        Its ``info`` has ``file``, ``frame`` and, from a dump, ``step``.

    Raises
    ------
    InputError
        If a file is missing or unreadable, or has an element that the material does not have.
    """
    for path in paths:
        if not path.is_file():
            raise InputError(f"trajectory {path}: no such file")
        frames = read_dump(path, material, stride) if is_dump(path) else _read_extended_xyz(path, material, stride)
        for index, snapshot in frames:
            info = {"scenario": scenario, "kind": "trajectory", "file": path.name, "frame": index, **snapshot.info}
            yield replace(snapshot, info=info)


def _read_extended_xyz(path: Path, material: Material, stride: int) -> Iterator[tuple[int, Snapshot]]:
    for index, atoms in enumerate(read_frames(path)):
        if index % stride == 0:
            yield index, snapshot_of(atoms, material, f"trajectory {path}, frame {index}")


def snapshot_of(atoms: Atoms, material: Material, where: str) -> Snapshot:
    """
    Turn a frame into a snapshot; an integer column ``centre_allowed`` says which atoms may be centres.

    Raises
    ------
    InputError
        If it has another element than the material, no finite positions, or no cell along a periodic direction.
    """
    symbols = atoms.get_chemical_symbols()
    unknown = sorted(set(symbols) - set(material.elements))
    if unknown:
        raise InputError(f"{where}: has {' '.join(unknown)}, the material is {' '.join(material.elements)}")
    if not len(atoms) or not np.isfinite(atoms.get_positions()).all():
        raise InputError(f"{where}: no atoms, or positions that are not finite")
    try:
        cell, positions, pbc = boxed(atoms)
        lower, rotation = to_lammps_cell(cell)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    index = {e: i for i, e in enumerate(material.elements)}
    allowed = atoms.arrays.get(CENTRES)
    return Snapshot(
        positions=wrap(positions @ rotation, lower, pbc),
        cell=lower,
        pbc=pbc,
        types=np.array([index[s] for s in symbols]),
        elements=material.elements,
        centres=np.ones(len(atoms), bool) if allowed is None else np.asarray(allowed).astype(bool),
    )
