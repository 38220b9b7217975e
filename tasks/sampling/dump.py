"""LAMMPS text dumps."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from ...schemas.errors import InputError
from ...schemas.snapshot import Snapshot

# columns of positions: (names, whether they are fractions of the box); wrapped ones first
_POSITIONS = (
    (("x", "y", "z"), False),
    (("xs", "ys", "zs"), True),
    (("xu", "yu", "zu"), False),
    (("xsu", "ysu", "zsu"), True),
)
_ENERGIES = ("c_pe", "c_pea", "v_pe")


@dataclass(frozen=True)
class _Header:
    step: int
    n_atoms: int
    cell: np.ndarray
    origin: np.ndarray
    pbc: tuple[bool, bool, bool]
    columns: list[str]


class _Lines:
    """Lines of a dump with their numbers, for messages."""

    def __init__(self, stream: IO[str], path: Path) -> None:
        self._stream, self._path = stream, path
        self.number = 0

    def next(self) -> str | None:
        line = self._stream.readline()
        self.number += 1
        return line.rstrip("\r\n") if line else None

    def need(self, what: str) -> str:
        line = self.next()
        if line is None:
            raise self.error(f"the file ends where {what} should be")
        return line

    def error(self, message: str) -> InputError:
        return InputError(f"trajectory {self._path}:{self.number}: {message}")


def is_dump(path: Path) -> bool:
    """Whether a file starts like a LAMMPS dump."""
    with _open(path) as stream:
        try:
            return stream.readline().startswith("ITEM:")
        except (OSError, EOFError, UnicodeDecodeError, zlib.error):
            return False


def read_dump(path: Path, elements: tuple[str, ...], stride: int = 1) -> Iterator[tuple[int, Snapshot]]:
    """
    Read every n-th frame of a dump, atoms sorted by id where there is one.

    Parameters
    ----------
    path
        Text dump, gzipped or not; orthogonal or triclinic boxes.
    elements
        Chemical symbols; each atom's comes from the column ``element``, else ``type`` 1, 2, ... is the first,
        second, ... of these.
    stride
        1 takes all frames.

    Yields
    ------
    tuple
        (index of the frame in the file, snapshot).

    Raises
    ------
    InputError
        If it is not readable as a dump, with the line's number, or an element is not known.
    """
    with _open(path) as stream:
        lines = _Lines(stream, path)
        index = 0
        try:
            while (header := _read_header(lines)) is not None:
                if index % stride == 0:
                    yield index, _read_atoms(lines, header, elements)
                else:
                    for _ in range(header.n_atoms):
                        lines.need("an atom")
                index += 1
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            raise lines.error(f"not readable: {error}") from error
    if index == 0:
        raise InputError(f"trajectory {path}: it has no frame")


def _open(path: Path) -> IO[str]:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    if packed:
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _read_header(lines: _Lines) -> _Header | None:
    step = n_atoms = -1
    box: tuple[np.ndarray, np.ndarray, tuple[bool, bool, bool]] | None = None
    while True:
        line = lines.next()
        if line is None:
            return None
        if line.startswith("ITEM: TIMESTEP"):
            step = _integer(lines, "a time step")
        elif line.startswith("ITEM: NUMBER OF ATOMS"):
            n_atoms = _integer(lines, "a number of atoms")
        elif line.startswith("ITEM: BOX BOUNDS"):
            box = _read_box(lines, line.split()[3:])
        elif line.startswith("ITEM: ATOMS"):
            if n_atoms < 1 or box is None:
                raise lines.error("ITEM: ATOMS without NUMBER OF ATOMS (at least 1) and BOX BOUNDS before it")
            return _Header(step, n_atoms, *box, line.split()[2:])
        elif line.startswith(("ITEM: UNITS", "ITEM: TIME")):
            lines.need("a value")
        elif line.strip():
            raise lines.error(f"{line[:40]!r} is not part of a LAMMPS text dump")


def _integer(lines: _Lines, what: str) -> int:
    text = lines.need(what)
    try:
        return int(text)
    except ValueError:
        raise lines.error(f"{text[:40]!r} is not {what}") from None


def _read_box(lines: _Lines, words: list[str]) -> tuple[np.ndarray, np.ndarray, tuple[bool, bool, bool]]:
    if words[:1] == ["abc"]:
        raise lines.error("general triclinic boxes are not read: write the dump with `triclinic/general no`")
    tilted = words[:3] == ["xy", "xz", "yz"]
    flags = words[3:] if tilted else words
    rows = [_floats(lines, lines.need("box bounds"), 3 if tilted else 2) for _ in range(3)]
    lo, hi = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    xy, xz, yz = (r[2] for r in rows) if tilted else (0.0, 0.0, 0.0)
    # a triclinic dump gives the box that bounds the prism
    lo = lo - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    hi = hi - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    if not (hi > lo).all():
        raise lines.error("the box has no volume")
    cell = np.diag(hi - lo)
    cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
    pbc = tuple(f == "pp" for f in flags) if len(flags) == 3 else (True, True, True)
    return cell, lo, pbc  # type: ignore[return-value]


def _floats(lines: _Lines, text: str, count: int) -> list[float]:
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise lines.error(f"{count} finite numbers expected, found {text[:40]!r}")
    return values


def _read_atoms(lines: _Lines, header: _Header, elements: tuple[str, ...]) -> Snapshot:
    rows = [lines.need("an atom").split() for _ in range(header.n_atoms)]
    if any(len(row) != len(header.columns) for row in rows):
        raise lines.error(f"this frame has atoms with other than {len(header.columns)} columns")
    table = dict(zip(header.columns, zip(*rows, strict=True), strict=True))
    positions = _positions(lines, header, table)
    types = _types(lines, table, elements)
    energies = next((_numbers(lines, table, name) for name in _ENERGIES if name in table), None)
    order = np.argsort(_numbers(lines, table, "id"), kind="stable") if "id" in table else np.arange(header.n_atoms)
    snapshot = Snapshot(
        positions=positions[order],
        cell=header.cell,
        pbc=header.pbc,
        types=types[order],
        elements=elements,
        centres=np.ones(header.n_atoms, bool),
        energies=None if energies is None else energies[order],
        info={"step": header.step},
    )
    return snapshot if all(header.pbc) else _with_room(snapshot)


def _positions(lines: _Lines, header: _Header, table: dict[str, tuple[str, ...]]) -> np.ndarray:
    from ..lammps import wrap

    for names, scaled in _POSITIONS:
        if all(name in table for name in names):
            values = np.stack([_numbers(lines, table, name) for name in names], axis=1)
            absolute = values @ header.cell if scaled else values - header.origin
            return wrap(absolute, header.cell, header.pbc)
    raise lines.error(f"no positions among the columns {' '.join(header.columns)}: dump x y z or xs ys zs")


def _types(lines: _Lines, table: dict[str, tuple[str, ...]], elements: tuple[str, ...]) -> np.ndarray:
    if "element" in table:
        index = {e: i for i, e in enumerate(elements)}
        unknown = sorted(set(table["element"]) - set(elements))
        if unknown:
            raise lines.error(f"has {' '.join(unknown)}, the material is {' '.join(elements)}")
        return np.array([index[e] for e in table["element"]])
    if "type" in table:
        types = _numbers(lines, table, "type").astype(int) - 1
        if types.min() < 0 or types.max() >= len(elements):
            found = f"types {types.min() + 1}..{types.max() + 1}"
            raise lines.error(f"has {found}, the material has {len(elements)} ({' '.join(elements)})")
        return types
    if len(elements) == 1:
        return np.zeros(len(next(iter(table.values()))), int)
    raise lines.error("neither a column element nor type, and the material has several elements")


def _numbers(lines: _Lines, table: dict[str, tuple[str, ...]], name: str) -> np.ndarray:
    try:
        values = np.array(table[name], dtype=float)
    except ValueError:
        values = np.array([np.nan])
    if not np.isfinite(values).all():
        raise lines.error(f"column {name} of this frame has something else than finite numbers")
    return values


def _with_room(snapshot: Snapshot) -> Snapshot:
    """Free directions of a dump's box may be shrink-wrapped: give the atoms room there."""
    from ase import Atoms

    from .snapshots import with_room

    atoms = Atoms(positions=snapshot.positions, cell=snapshot.cell, pbc=snapshot.pbc)
    cell, positions, pbc = with_room(atoms)
    return replace(snapshot, positions=positions, cell=cell, pbc=pbc)
