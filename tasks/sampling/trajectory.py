"""Scenario: the user's own simulation, from LAMMPS dumps or extended XYZ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ...schemas.errors import InputError
from ...schemas.snapshot import Snapshot
from ..frames import read_frames
from .dump import is_dump, read_dump
from .snapshots import snapshot_from_atoms


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
    paths: Sequence[Path], elements: Sequence[str], *, stride: int = 1, scenario: str | None = None
) -> Iterator[Snapshot]:
    """
    Read frames as snapshots, one at a time.

    Parameters
    ----------
    paths
        LAMMPS text dumps or extended XYZ, gzipped or not.
    elements
        Those that frames may have; without an ``element`` column of a dump, those of types 1, 2, ...
    stride
        Take every n-th frame of each file.
    scenario
        For the snapshots' provenance; None keeps what extended XYZ says (``trajectory`` if nothing).

    Yields
    ------
    Snapshot
        Its ``info`` has ``scenario``, ``file``, ``frame`` and, where known, ``step``. In extended XYZ an integer
        column ``centre_allowed`` says which atoms may be centres.

    Raises
    ------
    InputError
        If a file is missing or unreadable, or has another element.
    """
    given = {} if scenario is None else {"scenario": scenario, "kind": "trajectory"}
    for path in paths:
        if not path.is_file():
            raise InputError(f"trajectory {path}: no such file")
        known = tuple(elements)
        frames = read_dump(path, known, stride) if is_dump(path) else _read_extended_xyz(path, known, stride)
        for index, snapshot in frames:
            own = {"scenario": "trajectory", "kind": "trajectory", "step": index, **snapshot.info}
            yield replace(snapshot, info={**own, **given, "file": path.name, "frame": index})


def _read_extended_xyz(path: Path, elements: tuple[str, ...], stride: int) -> Iterator[tuple[int, Snapshot]]:
    for index, atoms in enumerate(read_frames(path)):
        if index % stride == 0:
            yield index, snapshot_from_atoms(atoms, elements, f"trajectory {path}, frame {index}")
