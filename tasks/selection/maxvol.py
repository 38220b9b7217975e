"""
MaxVol: the m rows of a tall matrix that span the largest volume (D-optimality), dense and streaming.

For a linear model of m coefficients those m rows are the atoms that determine them best, and for any other row x
gamma = max_j |x A^-1|_j is the factor by which the volume would grow if x took the place of row j: the
extrapolation grade of Podryabinkin and Shapeev (Comput. Mater. Sci. 140, 171, 2017). The algorithm is that of
Goreinov et al. (2010): an LU start, then swaps of rank 1 until no |x A^-1|_j exceeds the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack

TOLERANCE = 1.01
ARTIFICIAL = -1  # id of a row that no data gave
# Size of an artificial row relative to its column: it stays in only along directions in which no row is larger.
# Far above the noise of descriptors (1e-12), far below what a thermal displacement does to them.
FLOOR = 1e-7
LEAST_SCALE = 2.0**-20
SAMPLE_PER_COLUMN = 20
REFRESH_EVERY = 100

Chunks = Iterable[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Swap:
    """One exchange of rows: the id that came, the id that went, the log of the factor that the volume grew by."""

    came: int
    went: int
    gain: float


def lu_rows(rows: np.ndarray) -> np.ndarray:
    """Indices of the pivot rows of an LU decomposition with partial pivoting, as many as there are columns."""
    _, pivots, _ = lapack.dgetrf(np.array(rows, order="F", dtype=float), overwrite_a=1)
    order = np.arange(len(rows))
    for i, j in enumerate(pivots):
        order[i], order[j] = order[j], order[i]
    return order[: rows.shape[1]].copy()


def dense_maxvol(rows: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
    """
    MaxVol on a matrix that fits into memory three times.

    Parameters
    ----------
    rows
        Shape (N, m), of rank m.
    tolerance
        Ends when no element of rows . A^-1 exceeds it.

    Returns
    -------
    numpy.ndarray
        Indices of the m rows, shape (m,).

    Raises
    ------
    ValueError
        If there are fewer independent rows than columns.
    """
    m = rows.shape[1]
    if len(rows) < m:
        raise ValueError(f"{len(rows)} rows for {m} columns: MaxVol needs at least as many; use StreamingMaxVol")
    chosen = lu_rows(rows)
    scale = column_scale(rows)
    try:
        C = np.ascontiguousarray(rows @ scaled_inverse(rows[chosen], scale))
    except np.linalg.LinAlgError as error:
        raise ValueError("fewer independent rows than columns: use StreamingMaxVol") from error
    while True:
        i, j = divmod(int(blas.idamax(C.ravel())), m)
        if abs(C[i, j]) <= tolerance:
            return chosen
        _exchange(C, C[i].copy(), j)
        chosen[j] = i


class StreamingMaxVol:
    """
    A square matrix of rows that takes in chunk after chunk; memory does not grow with the number of rows.

    It starts with one artificial row for each column (``FLOOR`` of the column's size), which data replace as soon
    as they reach in that direction. With fewer independent rows than columns gamma so stays finite: large (up to
    1 / ``FLOOR``) for what reaches where no row did, at most 1 within the span.

    Attributes
    ----------
    A
        The rows, shape (m, m).
    ids
        Their ids, shape (m,); ``ARTIFICIAL`` for the artificial ones.
    scale
        Size of the columns, shape (m,), powers of 2.
    inverse
        Inverse of A, shape (m, m).
    """

    def __init__(self, A: np.ndarray, ids: np.ndarray, scale: np.ndarray) -> None:
        self.A = np.array(A, dtype=float)
        self.ids = np.array(ids, dtype=np.int64)
        self.scale = np.array(scale, dtype=float)
        self.inverse = scaled_inverse(self.A, self.scale)
        self._age = 0

    @classmethod
    def from_sample(cls, rows: np.ndarray, ids: np.ndarray, tolerance: float = TOLERANCE) -> StreamingMaxVol:
        """Start from some rows, by LU over them and the artificial rows, then MaxVol among them."""
        scale = column_scale(rows)
        everything = np.vstack([rows, np.diag(FLOOR * scale)])
        all_ids = np.concatenate([np.asarray(ids, np.int64), np.full(len(scale), ARTIFICIAL)])
        chosen = lu_rows(everything / scale)
        state = cls(everything[chosen], all_ids[chosen], scale)
        while state.absorb(rows, ids, tolerance):
            pass
        return state

    @property
    def log_volume(self) -> float:
        """Natural logarithm of abs(det A)."""
        return float(np.linalg.slogdet(self.A / self.scale)[1] + np.log(self.scale).sum())

    @property
    def n_artificial(self) -> int:
        """Directions that no row reached."""
        return int((self.ids == ARTIFICIAL).sum())

    def gamma(self, rows: np.ndarray) -> np.ndarray:
        """Extrapolation grade of each row, shape (N,)."""
        return grade(rows, self.inverse)

    def refresh(self) -> None:
        """Invert anew: updates of rank 1 lose digits."""
        self.inverse = scaled_inverse(self.A, self.scale)
        self._age = 0

    def absorb(self, rows: np.ndarray, ids: np.ndarray, tolerance: float = TOLERANCE) -> list[Swap]:
        """
        Exchange rows, the largest gain first, until none of the chunk has gamma above the tolerance.

        Only rows above it at the start take part; one that a swap pushes above is met in the next pass.

        Parameters
        ----------
        rows
            Shape (n, m).
        ids
            Shape (n,), not negative.
        tolerance
            Smallest factor of volume worth a swap, > 1.
        """
        C = rows @ self.inverse
        above = np.flatnonzero(_largest(C) > tolerance)
        if not len(above):
            return []
        X, C = rows[above], np.ascontiguousarray(C[above])
        swaps = []
        while True:
            i, j = divmod(int(blas.idamax(C.ravel())), len(self.ids))
            factor = float(C[i, j])
            if abs(factor) <= tolerance:
                break
            if self._age >= REFRESH_EVERY:
                self.refresh()
                C = np.ascontiguousarray(X @ self.inverse)
                continue
            row = C[i].copy()
            _exchange(C, row, j)
            _exchange(self.inverse, row, j)
            came = int(ids[above[i]])
            swaps.append(Swap(came, int(self.ids[j]), float(np.log(abs(factor)))))
            self.A[j] = X[i]
            self.ids[j] = came
            self._age += 1
        self.refresh()
        return swaps


def stream_maxvol(
    chunks: Callable[[], Chunks], n_rows: int, tolerance: float = TOLERANCE, max_passes: int = 100
) -> StreamingMaxVol:
    """
    MaxVol over rows that are read in chunks, several times.

    Parameters
    ----------
    chunks
        Called once per pass; gives (ids, rows) pieces, the same every time.
    n_rows
        How many rows there are in all (sets the stride of the sample that the LU start sees).
    tolerance
        No row has a larger gamma in the end.
    max_passes
        A limit; each swap enlarges the volume by more than the tolerance, so that few passes are the rule.

    Raises
    ------
    ValueError
        If there is no row at all.
    """
    state = StreamingMaxVol.from_sample(*_strided(chunks(), n_rows), tolerance)
    for _ in range(max_passes):
        swaps = sum(len(state.absorb(rows, ids, tolerance)) for ids, rows in chunks())
        if not swaps:
            break
    return state


def array_chunks(rows: np.ndarray, size: int = 16384) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut an array into (ids, rows) pieces."""
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        yield np.arange(start, start + len(part)), part


def column_scale(rows: np.ndarray) -> np.ndarray:
    """
    Root mean square of each column, rounded to a power of 2 (exact to divide by), shape (m,).

    At least ``LEAST_SCALE`` of the largest: columns that vanish by symmetry in the rows at hand hold only noise.
    """
    rms = np.sqrt(np.mean(np.square(rows), axis=0))
    least = LEAST_SCALE * rms.max()
    return np.exp2(np.round(np.log2(np.maximum(rms, least if least > 0 else 1.0))))


def scaled_inverse(A: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Inverse of a matrix whose columns differ by orders of magnitude."""
    return np.ascontiguousarray(np.linalg.inv(A / scale) / scale[:, None])


def grade(rows: np.ndarray, inverse: np.ndarray, chunk: int = 16384) -> np.ndarray:
    """Extrapolation grades max_j |row . A^-1|_j, shape (N,)."""
    out = np.empty(len(rows))
    for start in range(0, len(rows), chunk):
        out[start : start + chunk] = _largest(rows[start : start + chunk] @ inverse)
    return out


def _largest(C: np.ndarray) -> np.ndarray:
    return np.maximum(C.max(axis=1), -C.min(axis=1)) if len(C) else np.zeros(0)


def _exchange(C: np.ndarray, row: np.ndarray, j: int) -> None:
    """Update C = X . A^-1 in place when the row with these coefficients replaces row j of A."""
    change = row.copy()
    change[j] -= 1.0
    blas.dger(-1.0 / row[j], change, C[:, j].copy(), a=C.T, overwrite_a=1)


def _strided(chunks: Chunks, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every k-th row and its id, about ``SAMPLE_PER_COLUMN`` rows for each column."""
    rows, ids, seen, stride = [], [], 0, 0
    for chunk_ids, chunk in chunks:
        stride = stride or max(1, n_rows // (SAMPLE_PER_COLUMN * chunk.shape[1]))
        first = -seen % stride
        rows.append(chunk[first::stride].copy())
        ids.append(np.asarray(chunk_ids)[first::stride].copy())
        seen += len(chunk)
    if not seen:
        raise ValueError("no rows: MaxVol needs at least one atom")
    return np.vstack(rows), np.concatenate(ids)
