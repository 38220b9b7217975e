"""Content keys and random streams: the same input gives the same key and the same numbers."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ROUND_DECIMALS = 6  # A: structures are rounded to this before they are keyed and computed


def canonical(value: Any) -> Any:
    """
    Reduce a value to plain JSON types in one canonical form.

    Integral floats become integers and -0.0 becomes 0, so that ``300``, ``300.0`` and what a YAML or JSON
    round trip makes of them share one key.

    Raises
    ------
    ValueError
        For NaN or infinity.
    TypeError
        For anything that is not JSON.
    """
    if isinstance(value, Mapping):
        return {str(k): canonical(v) for k, v in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.generic):
        return canonical(value.item())
    if isinstance(value, np.ndarray):
        return canonical(value.tolist())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value=} cannot be part of a key")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Sequence):
        return [canonical(v) for v in value]
    raise TypeError(f"{type(value).__name__} {value!r} cannot be part of a key")


def canonical_json(value: Any) -> bytes:
    """Serialise a value to the bytes that are hashed."""
    return json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def content_key(task: str, version: int, inputs: Mapping[str, Any]) -> str:
    """Key of a computation: the hash of (task, its version, canonical inputs)."""
    return digest(canonical_json([task, version, inputs]))


def structure_key(symbols: Sequence[str], positions: np.ndarray, cell: np.ndarray, pbc: Sequence[bool]) -> str:
    """
    Key of an atomic structure, after rounding to ``ROUND_DECIMALS``.

    Parameters
    ----------
    symbols
        Chemical symbols, N of them.
    positions
        Cartesian, A, shape (N, 3).
    cell
        Rows are the cell vectors, A, shape (3, 3).
    pbc
        Periodicity along the three vectors.
    """
    body = {
        "symbols": list(symbols),
        "positions": rounded(positions),
        "cell": rounded(cell),
        "pbc": [bool(p) for p in pbc],
    }
    return content_key("structure", 1, body)


def rounded(values: np.ndarray) -> np.ndarray:
    """Round lengths to ``ROUND_DECIMALS``, without negative zeros."""
    return np.round(np.asarray(values, dtype=float), ROUND_DECIMALS) + 0.0


def derive_seed(seed: int, *words: str | int) -> int:
    """
    Derive the seed of an independent stream from the campaign's seed and a name.

    Returns
    -------
    int
        In [1, 2**31 - 2]: what LAMMPS accepts, and numpy too.
    """
    raw = hashlib.sha256(canonical_json([seed, *words])).digest()
    return int.from_bytes(raw[:8], "big") % (2**31 - 2) + 1
