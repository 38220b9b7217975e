"""Rows of the linear model E_i = row . c: POD descriptors of each atom, by LAMMPS' ``compute pod/atom``."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.errors import InputError, SimulationError
from ...schemas.snapshot import Snapshot
from ..lammps import create_atoms, create_box, lammps_session, to_lammps_cell, wrap
from ..pair_calculator import boxed
from .blocks import Block, spatial_blocks
from .pod_basis import PodBasis, param_file, pod_basis

if TYPE_CHECKING:
    from ase import Atoms

MIN_NEIGHBOURS = 2  # LAMMPS' POD writes beyond its buffers for an atom with fewer (lammps/lammps#5114)
CHUNK_BYTES = 2**25  # of the rows handed out at once
BLOCK_BYTES = 2**28  # of the descriptors that LAMMPS holds at once
BLOCK_ATOMS = 200_000  # that LAMMPS holds at once: its own memory is about 1 kB an atom


@contextlib.contextmanager
def descriptor_calculator(name: str, elements: Sequence[str]) -> Iterator[DescriptorCalculator]:
    """
    Open one LAMMPS instance that gives rows of structure after structure.

    Parameters
    ----------
    name
        A POD basis, e.g. ``pod-117``.
    elements
        Chemical symbols that may occur; their order is part of the rows.

    Raises
    ------
    InputError
        If there is no such basis.
    """
    basis = pod_basis(name)
    with tempfile.TemporaryDirectory(prefix="pod-") as directory, lammps_session(opt=False) as lmp:
        path = Path(directory) / "basis.pod"
        path.write_bytes(param_file(basis, elements))
        yield DescriptorCalculator(lmp, basis, tuple(elements), path)


def pod_rows(structures: Sequence[Atoms], name: str, elements: Sequence[str]) -> list[np.ndarray]:
    """Rows of some structures, one array each (see `DescriptorCalculator.rows`)."""
    with descriptor_calculator(name, elements) as calculator:
        return [calculator.rows(atoms) for atoms in structures]


class DescriptorCalculator:
    """
    Gives rows of structures; made by `descriptor_calculator`.

    A row is [1, D] for a pure element. For an alloy it has one such block for each element and is zero but in
    the block of its own atom: LAMMPS' POD has coefficients for each element of the central atom, so that
    E_i = row . c holds there too, and MaxVol on such rows is the same as one active set for each element.
    """

    def __init__(self, lmp: Any, basis: PodBasis, elements: tuple[str, ...], path: Path) -> None:
        self._lmp = lmp
        self._path = path
        self._basis = basis
        self.elements = elements
        tetrahedron = 8.0 + 2.0 * np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
        self._create(20.0 * np.eye(3), (False, False, False), tetrahedron, np.ones(4, int))
        self._width: int = lmp.numpy.extract_compute("defectgenome_pod", 1, 2).shape[1]

    @property
    def n_columns(self) -> int:
        """Length of a row: (descriptors + 1) for each element."""
        return len(self.elements) * (self._width + 1)

    @property
    def rcut(self) -> float:
        """Cutoff, A."""
        return self._basis.rcut

    def rows(self, atoms: Atoms) -> np.ndarray:
        """
        Rows of a structure, periodic or not, shape (N, n_columns).

        Raises
        ------
        InputError
            If it has an element that the calculator was not made for.
        SimulationError
            If an atom has fewer than 2 neighbours within the cutoff.
        """
        types = self._types(atoms.get_chemical_symbols())
        D, counts = self._evaluate(*_framed(atoms), types)
        lonely = np.flatnonzero(counts < MIN_NEIGHBOURS)
        if len(lonely):
            i = int(lonely[0])
            raise SimulationError(
                f"atom {i} ({atoms.symbols[i]}) has {counts[i]} neighbours within {self.rcut} A; "
                f"POD descriptors need at least {MIN_NEIGHBOURS} ({len(lonely)} such atoms of {len(atoms)})"
            )
        return self._assemble(D, types)

    def known_rows(self, atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
        """Like `rows`, but atoms with fewer than 2 neighbours are left out: (indices of the others, their rows)."""
        types = self._types(atoms.get_chemical_symbols())
        D, counts = self._evaluate(*_framed(atoms), types)
        keep = np.flatnonzero(counts >= MIN_NEIGHBOURS)
        return keep, self._assemble(D[keep], types[keep])

    def rows_of_snapshot(
        self, snapshot: Snapshot, *, max_atoms: int | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """
        Rows of a snapshot of any size, in chunks whose memory is bounded.

        Atoms with fewer than 2 neighbours (evaporated ones) have no row and are left out.

        Parameters
        ----------
        snapshot
            The snapshot.
        max_atoms
            Atoms that LAMMPS gets at once, without those around them; by default at most `BLOCK_ATOMS`.

        Yields
        ------
        tuple
            (indices of the atoms, their rows of shape (n, n_columns)); each atom once, sorted within a block.
        """
        types = self._types(snapshot.elements)[snapshot.types]
        limit = max_atoms or min(BLOCK_ATOMS, BLOCK_BYTES // (8 * self._width))
        step = max(1, CHUNK_BYTES // (8 * self.n_columns))
        if len(snapshot) <= limit:
            blocks: Iterator[Block] = iter((_whole(snapshot),))
        else:
            blocks = spatial_blocks(snapshot.positions, snapshot.cell, snapshot.pbc, self.rcut, limit)
        for block in blocks:
            n = len(block.core)
            D, counts = self._evaluate(block.cell, block.positions, block.pbc, types[block.indices])
            keep = np.flatnonzero(counts[:n] >= MIN_NEIGHBOURS)
            for start in range(0, len(keep), step):
                part = keep[start : start + step]
                atoms = block.core[part]
                yield atoms, self._assemble(D[part], types[atoms])

    def _types(self, symbols: Sequence[str]) -> np.ndarray:
        index = {e: i for i, e in enumerate(self.elements)}
        unknown = sorted(set(symbols) - index.keys())
        if unknown:
            raise InputError(f"element {unknown[0]}: the descriptors are for {' '.join(self.elements)}")
        return np.array([index[s] for s in symbols], dtype=int)

    def _assemble(self, D: np.ndarray, types: np.ndarray) -> np.ndarray:
        width = self._width + 1
        out = np.zeros((len(D), self.n_columns))
        for t in range(len(self.elements)):
            mine = types == t
            out[mine, t * width] = 1.0
            out[mine, t * width + 1 : (t + 1) * width] = D[mine]
        return out

    def _start(self, cell: np.ndarray, pbc: tuple[bool, bool, bool]) -> None:
        lmp = self._lmp
        lmp.command("clear")
        create_box(lmp, cell, len(self.elements), pbc=pbc, triclinic=False)
        lmp.commands_list(
            [
                "mass * 1.0",
                f"pair_style zero {self.rcut}",
                "pair_coeff * *",
                "neighbor 0.0 bin",
                f"compute defectgenome_count all coord/atom cutoff {self.rcut}",
                # no coefficient file: the descriptors do not depend on the coefficients
                f'compute defectgenome_pod all pod/atom {self._path} "" {" ".join(self.elements)}',
            ]
        )

    def _evaluate(
        self, cell: np.ndarray, positions: np.ndarray, pbc: tuple[bool, bool, bool], types: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (descriptors of all atoms in the order given, neighbours within the cutoff)."""
        H, Q = to_lammps_cell(cell)
        x = wrap(positions @ Q, H, pbc)
        order = np.arange(len(x))
        counts = self._create(H, pbc, x, types + 1)
        if counts.min() < MIN_NEIGHBOURS:
            # LAMMPS' buffers grow with the neighbours of the atoms seen: with the fullest atom first they are
            # large enough for the lonely ones, whose rows are discarded
            order = np.argsort(-counts, kind="stable")
            counts[order] = self._create(H, pbc, x[order], types[order] + 1)
        if counts.max() < MIN_NEIGHBOURS:
            return np.zeros((len(x), self._width)), counts
        D = np.empty((len(x), self._width))
        D[order] = self._by_id(self._lmp.numpy.extract_compute("defectgenome_pod", 1, 2))
        return D, counts

    def _create(self, H: np.ndarray, pbc: tuple[bool, bool, bool], x: np.ndarray, types: np.ndarray) -> np.ndarray:
        self._start(H, pbc)
        create_atoms(self._lmp, x, types.tolist())
        self._lmp.command("run 0 post no")
        return self._by_id(self._lmp.numpy.extract_compute("defectgenome_count", 1, 1)).ravel().astype(int)

    def _by_id(self, values: np.ndarray) -> np.ndarray:
        n = int(self._lmp.get_natoms())
        ids = np.array(self._lmp.numpy.extract_atom("id")[:n]) - 1
        out = np.empty((n, *values.shape[1:]))
        out[ids] = values[:n]
        return out


def _whole(snapshot: Snapshot) -> Block:
    from ase import Atoms

    atoms = Atoms(numbers=np.ones(len(snapshot), int), positions=snapshot.positions, cell=snapshot.cell)
    atoms.pbc = snapshot.pbc
    cell, positions, pbc = _framed(atoms)
    everything = np.arange(len(snapshot))
    return Block(core=everything, indices=everything, positions=positions, cell=cell, pbc=pbc)


def _framed(atoms: Atoms) -> tuple[np.ndarray, np.ndarray, tuple[bool, bool, bool]]:
    """Give a right-handed cell, with room along directions without periodicity, as LAMMPS needs it."""
    if not len(atoms) or not np.isfinite(atoms.get_positions()).all():
        raise InputError(f"a structure of {len(atoms)} atoms: no atoms, or positions that are not finite")
    out = atoms.copy()
    out.cell = out.cell.complete()
    if np.linalg.det(np.array(out.cell)) < 0:
        swap = [1, 0, 2]
        pbc = np.array(out.pbc)[swap]
        out.cell = np.array(out.cell)[swap]
        out.pbc = pbc
    return boxed(out)
