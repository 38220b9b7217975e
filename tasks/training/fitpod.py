"""LAMMPS' `fitpod`, fed with what it reads rightly, and its output checked: it reports few of its failures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...schemas.errors import InputError, SimulationError
from ..frames import energy_of, forces_of
from ..lammps import lammps_session, to_lammps_cell, wrap
from ..pair_calculator import boxed
from .neighbours import check_neighbours

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class FitFrame:
    """
    A labelled structure as fitpod reads it.

    Attributes
    ----------
    copies
        How often the given cell is repeated in the text.
    text
        Extended XYZ.
    """

    copies: int
    text: str


def fit_frame(frame: Atoms, index: int, elements: Sequence[str], cutoff: float) -> FitFrame:
    """
    Write one labelled frame for fitpod.

    The cell is turned into LAMMPS' form, and the forces with it. Directions without periodicity get vacuum beyond
    the cutoff, because fitpod takes every cell as periodic. Small tilted cells are repeated (see `repeats`).

    Parameters
    ----------
    frame
        Structure with energy and forces.
    index
        Its place in the dataset, for messages.
    elements
        That the potential is for.
    cutoff
        A.

    Raises
    ------
    InputError
        If the frame cannot be fitted; the message names it.
    """
    name = frame_name(frame, index)
    unknown = sorted(set(frame.get_chemical_symbols()) - set(elements))
    if unknown:
        raise InputError(f"{name}: has {' '.join(unknown)}, the potential is for {' '.join(elements)}")
    try:
        energy, forces = energy_of(frame), forces_of(frame)
    except InputError as error:
        raise InputError(f"{name}: no energy or no forces, both are needed to fit") from error
    if forces.shape != (len(frame), 3) or not np.isfinite(forces).all() or not np.isfinite(energy):
        raise InputError(f"{name}: energy or forces are not finite numbers, or not one force per atom")
    check_neighbours(frame, cutoff, name)
    cell, positions, pbc = boxed(frame)
    H, Q = to_lammps_cell(cell)
    x = wrap(positions @ Q, H, pbc)
    n = repeats(H, cutoff)
    copies = math.prod(n)
    shifts = [np.array(k) @ H for k in itertools.product(*(range(m) for m in n))]
    return FitFrame(
        copies,
        _extended_xyz(
            frame.get_chemical_symbols() * copies,
            np.concatenate([x + shift for shift in shifts]),
            np.tile(forces @ Q, (copies, 1)),
            np.array(n)[:, None] * H,
            energy * copies,
        ),
    )


def repeats(H: np.ndarray, cutoff: float) -> tuple[int, int, int]:
    """
    How often a cell must be repeated so that fitpod finds all neighbours.

    fitpod looks for images up to ``ceil(cutoff / H_kk)`` cells away, which is too near in a cell that is tilted
    and thinner than the cutoff: what counts is the distance between its faces. It then fits to wrong descriptors
    without a word.

    Parameters
    ----------
    H
        Lower triangular cell, A, shape (3, 3); the atoms are wrapped into it.
    cutoff
        A.
    """
    heights = 1.0 / np.linalg.norm(np.linalg.inv(H), axis=0)

    def enough(n: tuple[int, ...]) -> bool:
        return all(
            math.ceil(cutoff / (H[k, k] * n[k])) >= math.ceil(cutoff / (heights[k] * n[k]) - 1e-9) for k in range(3)
        )

    largest = [math.ceil(cutoff / h) for h in heights]
    choices = sorted(itertools.product(*(range(1, m + 1) for m in largest)), key=lambda n: (math.prod(n), n))
    a, b, c = next((n for n in choices if enough(n)), tuple(largest))
    return a, b, c


def _extended_xyz(
    symbols: Sequence[str], positions: np.ndarray, forces: np.ndarray, cell: np.ndarray, energy: float
) -> str:
    lattice = " ".join(f"{v:.10f}" for v in cell.ravel())
    # fitpod reads beyond the line where there is no word `stress`, and does not use its values.
    head = (
        f'{len(symbols)}\nLattice="{lattice}" energy={energy:.10f} stress="0 0 0 0 0 0 0 0 0" '
        'Properties=species:S:1:pos:R:3:forces:R:3 pbc="T T T"'
    )
    rows = [
        f"{symbol} {p[0]:.10f} {p[1]:.10f} {p[2]:.10f} {f[0]:.10f} {f[1]:.10f} {f[2]:.10f}"
        for symbol, p, f in zip(symbols, positions.tolist(), forces.tolist(), strict=True)
    ]
    return "\n".join([head, *rows]) + "\n"


def frame_name(frame: Atoms, index: int) -> str:
    """Name a frame in a message: its place in the file (from 0) and what its info says of it."""
    known = [f"{k}={frame.info[k]}" for k in ("config_id", "environment", "origin") if k in frame.info]
    return f"frame {index}" + (f" ({', '.join(known)})" if known else "")


def run_fitpod(
    directory: Path,
    parameters: bytes,
    frames: Sequence[FitFrame],
    weights: tuple[float, float],
    regularisation: float,
) -> bytes:
    """
    Run fitpod in an empty directory and return the coefficient file.

    Frames that were repeated n times come in a file of their own, where a force counts 1/sqrt(n): as much in all
    as without (the energy equation is normalised by the number of atoms). Without a test set fitpod takes its size
    from memory that nobody set, and allocates that much: it gets the first frame, whose errors are not used.

    Raises
    ------
    SimulationError
        If it fails or leaves no file.
    """
    groups: dict[int, list[str]] = {}
    for frame in frames:
        groups.setdefault(frame.copies, []).append(frame.text)
    for name in ("train", "test"):
        (directory / name).mkdir()
    for copies, texts in groups.items():
        (directory / "train" / f"copies{copies}.xyz").write_text("".join(texts), encoding="ascii")
    (directory / "test" / "unused.xyz").write_text(frames[0].text, encoding="ascii")
    (directory / "param.pod").write_bytes(parameters)
    settings = [
        "file_format extxyz",
        "file_extension xyz",
        f'path_to_training_data_set "{directory / "train"}"',
        f'path_to_test_data_set "{directory / "test"}"',
        f"fitting_weight_energy {weights[0]!r}",
        f"fitting_weight_force {weights[1]!r}",
        f"fitting_regularization_parameter {regularisation!r}",
        "error_analysis_for_training_data_set 0",
        "error_analysis_for_test_data_set 1",
        f'basename_for_output_files "{directory / "fit"}"',
        "precision_for_pod_coefficients 15",
        "group_weights table",
        *(f"copies{n} {weights[0]!r} {weights[1] / math.sqrt(n)!r}" for n in sorted(groups)),
        "end_of table",  # fitpod reads a closed file when the table is the end; this one line it swallows
    ]
    (directory / "data.pod").write_text("\n".join(settings) + "\n", encoding="utf-8")
    with lammps_session() as lmp:
        lmp.command(f'fitpod "{directory / "param.pod"}" "{directory / "data.pod"}"')
    written = directory / "fit_coefficients.pod"
    if not written.is_file():
        raise SimulationError("fitpod ended without writing coefficients")
    return written.read_bytes()


def check_coefficients(data: bytes, expected: int | None) -> None:
    """
    Check a coefficient file: the number announced, all there, all finite.

    Raises
    ------
    SimulationError
        If one of these fails: `fitpod` reports none of them.
    """
    words = data.decode("ascii", errors="replace").split()
    try:
        announced = int(words[1])
        values = np.array([float(w) for w in words[4 : 4 + announced]])
    except (IndexError, ValueError) as error:
        raise SimulationError(f"fitpod wrote a coefficient file that cannot be read: {error}") from error
    if len(values) != announced or (expected is not None and announced != expected):
        raise SimulationError(f"fitpod wrote {len(values)} coefficients of {expected or announced}")
    if not np.isfinite(values).all():
        raise SimulationError("fitpod wrote coefficients that are not finite: the fit is singular")
