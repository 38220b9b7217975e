"""Rows that are read several times: in memory while they are few, in a temporary file beyond."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

MEMORY_BYTES = 2**28
CHUNK_BYTES = 2**24


class RowSpool:
    """
    Append-only rows of float64.

    Used as a context manager; the file disappears with it.
    """

    def __init__(self, n_columns: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self.n_columns = n_columns
        self._file = tempfile.SpooledTemporaryFile(max_size=memory_bytes)  # noqa: SIM115
        self._n = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._n

    def append(self, rows: np.ndarray) -> None:
        """Add rows at the end, shape (n, n_columns)."""
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(rows, dtype=float).tobytes())
        self._n += len(rows)

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (row numbers, rows) from the beginning."""
        width = 8 * self.n_columns
        step = max(1, CHUNK_BYTES // width)
        for start in range(0, self._n, step):
            self._file.seek(start * width)
            raw = self._file.read(min(step, self._n - start) * width)
            rows = np.frombuffer(raw, dtype=float).reshape(-1, self.n_columns)
            yield np.arange(start, start + len(rows)), rows
