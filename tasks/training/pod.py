"""Fits of the proper orthogonal descriptors potential (POD) with LAMMPS' `fitpod`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...schemas.errors import InputError, SimulationError
from ...schemas.pair_potential import PairPotential
from ..frames import energy_of, forces_of
from ..lammps import lammps_session, to_lammps_cell, wrap
from ..pair_calculator import boxed
from ..potentials import element_masses
from ..selection.pod_basis import param_file, pod_basis
from .neighbours import check_neighbours

if TYPE_CHECKING:
    from ase import Atoms

WEIGHTS = (120.0, 1.0)
REGULARISATION = 1e-11  # relative to the diagonal of the normal equations


def fit_pod(
    frames: Sequence[Atoms],
    size: str,
    elements: Sequence[str],
    *,
    weights: tuple[float, float] = WEIGHTS,
    regularisation: float = REGULARISATION,
    member: str = "",
) -> dict[str, bytes]:
    """
    Fit the linear POD model to energies and forces.

    Runs on one rank: the same frames then give the same coefficients to the last bit.

    Parameters
    ----------
    frames
        Labelled structures; their order matters in the last digits.
    size
        Number of descriptors by name, such as ``255`` (see `pod_basis`).
    elements
        Chemical symbols in the order of the atom types.
    weights
        Of an energy and of a force component in the least squares.
    regularisation
        Added to the normal equations, in units of their diagonal.
    member
        Part of the coefficient file's name, for a member of an ensemble.

    Returns
    -------
    dict
        File name -> contents: the parameter file, then the coefficient file.

    Raises
    ------
    InputError
        If there is no frame, or one without energy or forces, with other elements, or with an atom that has
        too few neighbours (the message names the frame).
    SimulationError
        If fitpod fails or its coefficients are not all there and finite.
    """
    if not frames:
        raise InputError("training: no frame to fit")
    basis = pod_basis(size)
    parameters = param_file(basis, elements)
    texts = [training_text(frame, i, elements, basis.rcut) for i, frame in enumerate(frames)]
    with tempfile.TemporaryDirectory(prefix="fitpod-") as scratch:
        coefficients = run_fitpod(Path(scratch), parameters, texts, weights, regularisation)
    check_coefficients(coefficients, basis.descriptors if len(elements) == 1 else None)
    stem = "_".join(elements)
    return {f"{stem}.pod": parameters, f"{stem}{member}_coefficients.pod": coefficients}


def run_fitpod(
    directory: Path, parameters: bytes, texts: Sequence[str], weights: tuple[float, float], regularisation: float
) -> bytes:
    """
    Run fitpod in a scratch directory and return the coefficient file.

    Without a test set fitpod takes its size from memory that nobody set, and allocates that much: it gets the
    first frame (its error analysis is not used).

    Raises
    ------
    SimulationError
        If it fails or leaves no file.
    """
    for name, content in (("train", texts), ("test", texts[:1])):
        (directory / name).mkdir()
        (directory / name / "frames.xyz").write_text("".join(content), encoding="ascii")
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
        f"basename_for_output_files {directory / 'fit'}",
        "precision_for_pod_coefficients 15",
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


def training_text(frame: Atoms, index: int, elements: Sequence[str], cutoff: float) -> str:
    """
    Write one labelled frame as fitpod reads it.

    The cell is turned into LAMMPS' form (forces with it), and directions without periodicity get vacuum beyond
    the cutoff, because fitpod takes every cell as periodic.

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
    f = forces @ Q
    lattice = " ".join(f"{v:.10f}" for v in H.ravel())
    # fitpod reads beyond the line where there is no word `stress`, and does not use its values.
    head = (
        f'{len(frame)}\nLattice="{lattice}" energy={energy:.10f} stress="0 0 0 0 0 0 0 0 0" '
        'Properties=species:S:1:pos:R:3:forces:R:3 pbc="T T T"'
    )
    rows = [
        f"{symbol} {p[0]:.10f} {p[1]:.10f} {p[2]:.10f} {g[0]:.10f} {g[1]:.10f} {g[2]:.10f}"
        for symbol, p, g in zip(frame.get_chemical_symbols(), x.tolist(), f.tolist(), strict=True)
    ]
    return "\n".join([head, *rows]) + "\n"


def frame_name(frame: Atoms, index: int) -> str:
    """Name a frame in a message: its place in the file (from 0) and what its info says of it."""
    known = [f"{k}={frame.info[k]}" for k in ("config_id", "environment", "origin") if k in frame.info]
    return f"frame {index}" + (f" ({', '.join(known)})" if known else "")


def pod_potential(files: Mapping[str, bytes], elements: Sequence[str], *, name: str = "pod") -> PairPotential:
    """
    Make a potential from a parameter file and a coefficient file.

    Parameters
    ----------
    files
        File name -> contents; one name ends in ``_coefficients.pod``, the other just in ``.pod``.
    elements
        Chemical symbols in the order of the atom types.
    name
        For people.

    Raises
    ------
    InputError
        If one of the two is missing or there are several.
    """
    coefficients = [n for n in files if n.endswith("_coefficients.pod")]
    parameters = [n for n in files if n.endswith(".pod") and n not in coefficients]
    if len(coefficients) != 1 or len(parameters) != 1:
        raise InputError(f"POD potential: one .pod and one _coefficients.pod file are needed, not {sorted(files)}")
    (param,), (coeff,) = parameters, coefficients
    return PairPotential(
        name=name,
        elements=tuple(elements),
        pair_style="pod",
        pair_coeff=("* * {" + param + "} {" + coeff + "} {elements}",),
        files={param: files[param], coeff: files[coeff]},
        masses=element_masses(elements),
        info={"cutoff": outer_cutoff(files[param])},
    )


def outer_cutoff(parameters: bytes) -> float:
    """Read ``rcut`` (A) from a POD parameter file."""
    for line in parameters.decode().splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "rcut":
            return float(words[1])
    raise InputError("POD parameter file: no line `rcut`")
