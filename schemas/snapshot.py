"""A snapshot of a large-scale simulation: only what selection and the report need."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Snapshot:
    """
    One frame of a sampling or exploration run.

    Attributes
    ----------
    positions
        A, shape (N, 3), inside the cell along periodic directions.
    cell
        Rows are the cell vectors, A, shape (3, 3); the origin is at 0.
    pbc
        Periodicity, 3 booleans.
    types
        Index into ``elements``, shape (N,).
    elements
        Chemical symbols of the types.
    energies
        Energy per atom in eV, shape (N,), or None.
    centres
        True where an atom may become the centre of an environment (not at an artificial surface or a frozen
        rim), shape (N,).
    info
        Plain JSON: ``scenario``, ``step``, ``time_ps``, ``temperature_K``, ...
    """

    positions: np.ndarray
    cell: np.ndarray
    pbc: tuple[bool, bool, bool]
    types: np.ndarray
    elements: tuple[str, ...]
    centres: np.ndarray
    energies: np.ndarray | None = None
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def symbols(self) -> list[str]:
        """Chemical symbols by atom."""
        return [self.elements[t] for t in self.types]

    def __len__(self) -> int:
        return len(self.positions)


def pack_snapshots(snapshots: list[Snapshot]) -> bytes:
    """Serialise snapshots into one compressed npz archive, bit by bit reproducible."""
    arrays: dict[str, np.ndarray] = {}
    heads = []
    for i, s in enumerate(snapshots):
        arrays[f"{i}.positions"] = np.round(s.positions, 6)
        arrays[f"{i}.types"] = s.types.astype(np.uint8)
        arrays[f"{i}.centres"] = np.packbits(s.centres)
        if s.energies is not None:
            arrays[f"{i}.energies"] = np.asarray(s.energies, np.float32)
        heads.append(
            {
                "cell": np.round(s.cell, 9).tolist(),
                "pbc": [bool(p) for p in s.pbc],
                "elements": list(s.elements),
                "n": len(s),
                "info": dict(s.info),
            }
        )
    arrays["heads"] = np.frombuffer(json.dumps(heads, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack_snapshots(data: bytes) -> list[Snapshot]:
    """Inverse of `pack_snapshots`."""
    out = []
    with np.load(io.BytesIO(data), allow_pickle=False) as z:
        for i, h in enumerate(json.loads(z["heads"].tobytes())):
            out.append(
                Snapshot(
                    positions=z[f"{i}.positions"],
                    cell=np.array(h["cell"]),
                    pbc=tuple(h["pbc"]),
                    types=z[f"{i}.types"].astype(int),
                    elements=tuple(h["elements"]),
                    centres=np.unpackbits(z[f"{i}.centres"], count=h["n"]).astype(bool),
                    energies=z[f"{i}.energies"].astype(float) if f"{i}.energies" in z else None,
                    info=h["info"],
                )
            )
    return out
