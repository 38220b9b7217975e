"""The active set: the atoms that determine a linear model best, and gamma relative to them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...schemas.errors import InputError
from ..frames import key_of
from .descriptors import descriptor_calculator
from .maxvol import (
    ARTIFICIAL,
    FLOOR,
    TOLERANCE,
    StreamingMaxVol,
    column_scale,
    grade,
    scaled_inverse,
    stream_maxvol,
)
from .spool import RowSpool

if TYPE_CHECKING:
    from ase import Atoms

Origin = tuple[str, int]
NOWHERE: Origin = ("", -1)  # of an artificial row: no atom reached in its direction


@dataclass(frozen=True)
class ActiveSet:
    """
    A square matrix of descriptor rows of maximal volume.

    For alloys the rows have one block for each element (see `DescriptorCalculator`): one matrix holds the active
    sets of all species.

    Attributes
    ----------
    descriptors
        E.g. ``pod-117``.
    elements
        Chemical symbols in the order that the rows were made with.
    A
        Rows, shape (m, m).
    inverse
        Inverse of A, shape (m, m).
    scale
        Size of the columns, shape (m,).
    origins
        (structure key, atom) of each row; ``("", -1)`` for an artificial one.
    """

    descriptors: str
    elements: tuple[str, ...]
    A: np.ndarray
    inverse: np.ndarray
    scale: np.ndarray
    origins: tuple[Origin, ...]

    def gamma(self, rows: np.ndarray) -> np.ndarray:
        """Extrapolation grade max_j |row . A^-1|_j of each row, shape (N,): coverage, no error bar."""
        if rows.shape[1:] != (len(self.A),):
            raise InputError(
                f"rows of {rows.shape[-1]} columns for an active set of {len(self.A)} "
                f"({self.descriptors}, {' '.join(self.elements)})"
            )
        return grade(rows, self.inverse)

    @property
    def log_volume(self) -> float:
        """Natural logarithm of abs(det A)."""
        return float(np.linalg.slogdet(self.A / self.scale)[1] + np.log(self.scale).sum())

    @property
    def n_artificial(self) -> int:
        """Directions that no atom reached: 0 for a set with enough independent atoms."""
        return sum(origin == NOWHERE for origin in self.origins)

    def state(self) -> StreamingMaxVol:
        """A copy to go on with; its ids are -2 - i for row i, and ``ARTIFICIAL`` for artificial rows."""
        ids = [ARTIFICIAL if origin == NOWHERE else -2 - i for i, origin in enumerate(self.origins)]
        return StreamingMaxVol(self.A, np.array(ids), self.scale)

    def extend(self, rows: np.ndarray, origins: Sequence[Origin], tolerance: float = TOLERANCE) -> ActiveSet:
        """
        Take in more rows.

        Parameters
        ----------
        rows
            Shape (N, m).
        origins
            N of them.
        tolerance
            None of the rows has a larger gamma afterwards.
        """
        state = self.state()
        while state.absorb(rows, np.arange(len(rows)), tolerance):
            pass
        mixed = [origins[i] if i >= 0 else NOWHERE if i == ARTIFICIAL else self.origins[-2 - i] for i in state.ids]
        return _from_state(state, self.descriptors, self.elements, mixed)

    def to_bytes(self) -> bytes:
        """Serialise as npz, bit by bit reproducible."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            descriptors=np.array(self.descriptors),
            elements=np.array(self.elements),
            A=self.A,
            scale=self.scale,
            structures=np.array([o[0] for o in self.origins]),
            atoms=np.array([o[1] for o in self.origins], np.int64),
            inverse=self.inverse,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> ActiveSet:
        """
        Inverse of `to_bytes`.

        Raises
        ------
        InputError
            If the bytes are not an active set.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as z:
                origins = zip(z["structures"].tolist(), z["atoms"].tolist(), strict=True)
                return cls(
                    descriptors=str(z["descriptors"]),
                    elements=tuple(z["elements"].tolist()),
                    A=z["A"],
                    inverse=z["inverse"],
                    scale=z["scale"],
                    origins=tuple((str(k), int(i)) for k, i in origins),
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"not an active set (npz as written by `train`): {error}") from error


def build_active_set(
    structures: Sequence[Atoms], descriptors: str, elements: Sequence[str], tolerance: float = TOLERANCE
) -> ActiveSet:
    """
    Find the active set of a dataset; the order of the structures does not matter.

    Atoms with fewer than 2 neighbours (reference energies of free atoms) take no part.

    Parameters
    ----------
    structures
        Periodic or not.
    descriptors
        E.g. ``pod-117``.
    elements
        Chemical symbols, in the order of the potential.
    tolerance
        No atom of the structures has a larger gamma.

    Raises
    ------
    InputError
        If there is no atom, or one of an unknown element.
    """
    by_key = {key_of(atoms): atoms for atoms in structures}

    def pieces() -> Iterable[tuple[str, np.ndarray, np.ndarray]]:
        with descriptor_calculator(descriptors, elements) as calculator:
            for key in sorted(by_key):
                atoms, rows = calculator.known_rows(by_key[key])
                yield key, atoms, rows

    return active_set_of_rows(pieces(), descriptors, elements, tolerance)


def active_set_of_rows(
    pieces: Iterable[tuple[str, np.ndarray, np.ndarray]],
    descriptors: str,
    elements: Sequence[str],
    tolerance: float = TOLERANCE,
) -> ActiveSet:
    """
    Find the active set of rows that are at hand; they are read once and kept in a spool.

    Parameters
    ----------
    pieces
        (structure key, indices of the atoms, rows) of each structure.
    descriptors, elements
        What the rows were made with.
    tolerance
        No row has a larger gamma.

    Raises
    ------
    InputError
        If there is no row.
    """
    iterator = iter(pieces)
    first = next(iterator, None)
    if first is None:
        raise InputError("active set: no structure to build it from")
    keys, counts, atoms = [], [], []
    with RowSpool(first[2].shape[1]) as spool:
        for key, indices, rows in _chain(first, iterator):
            spool.append(rows)
            keys.append(key)
            counts.append(len(rows))
            atoms.append(indices)
        if not len(spool):
            raise InputError("active set: no atom with at least 2 neighbours in the structures")
        state = stream_maxvol(spool.chunks, len(spool), tolerance)
    ends = np.cumsum(counts)
    all_atoms = np.concatenate(atoms)
    origins = [
        NOWHERE if i == ARTIFICIAL else (keys[int(np.searchsorted(ends, i, side="right"))], int(all_atoms[i]))
        for i in state.ids
    ]
    return _from_state(state, descriptors, tuple(elements), origins)


def empty_active_set(rows: np.ndarray, descriptors: str, elements: Sequence[str]) -> ActiveSet:
    """
    Make an active set that covers nothing, to start a selection from snapshots alone.

    Parameters
    ----------
    rows
        Some rows, for the size of the columns, shape (N, m).
    descriptors, elements
        What they were made with.
    """
    scale = column_scale(rows)
    A = np.diag(FLOOR * scale)
    inverse = scaled_inverse(A, scale)
    return ActiveSet(descriptors, tuple(elements), A, inverse, scale, (NOWHERE,) * len(scale))


def _chain(
    first: tuple[str, np.ndarray, np.ndarray], rest: Iterable[tuple[str, np.ndarray, np.ndarray]]
) -> Iterable[tuple[str, np.ndarray, np.ndarray]]:
    yield first
    yield from rest


def _from_state(
    state: StreamingMaxVol, descriptors: str, elements: tuple[str, ...], origins: Sequence[Origin]
) -> ActiveSet:
    state.refresh()
    return ActiveSet(descriptors, elements, state.A.copy(), state.inverse.copy(), state.scale.copy(), tuple(origins))
