"""Which elements files of structures have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...schemas.errors import InputError
from ..frames import read_frames
from ..sampling.dump import is_dump


def elements_of(paths: Sequence[Path]) -> tuple[str, ...]:
    """
    Chemical symbols in extended XYZ files, sorted.

    Raises
    ------
    InputError
        If one is a LAMMPS dump (its elements must be told) or cannot be read.
    """
    found: set[str] = set()
    for path in paths:
        if path.is_file() and is_dump(path):
            raise InputError(f"{path}: give the elements of a LAMMPS dump with --element")
        for atoms in read_frames(path):
            found |= set(atoms.get_chemical_symbols())
    return tuple(sorted(found))
