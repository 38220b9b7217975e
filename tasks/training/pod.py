"""Fits of the proper orthogonal descriptors potential (POD) with LAMMPS' `fitpod`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...schemas.errors import InputError
from ...schemas.pair_potential import PairPotential
from ..potentials import element_masses
from ..selection.pod_basis import param_file, pod_basis
from .fitpod import check_coefficients, fit_frame, run_fitpod

if TYPE_CHECKING:
    from ase import Atoms

WEIGHTS = (150.0, 1.0)
REGULARISATION = 1e-12  # relative to the diagonal of the normal equations


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
    prepared = [fit_frame(frame, i, elements, basis.rcut) for i, frame in enumerate(frames)]
    with tempfile.TemporaryDirectory(prefix="fitpod-") as scratch:
        coefficients = run_fitpod(Path(scratch), parameters, prepared, weights, regularisation)
    check_coefficients(coefficients, basis.descriptors if len(elements) == 1 else None)
    stem = "_".join(elements)
    return {f"{stem}.pod": parameters, f"{stem}{member}_coefficients.pod": coefficients}


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
    if species(files) != tuple(elements):  # `pair_coeff` goes by the order of its arguments, not by their names
        raise InputError(f"POD potential for {' '.join(species(files))}, asked for {' '.join(elements)} in this order")
    return PairPotential(
        name=name,
        elements=tuple(elements),
        pair_style="pod",
        pair_coeff=("* * {" + param + "} {" + coeff + "} {elements}",),
        files={param: files[param], coeff: files[coeff]},
        masses=element_masses(elements),
        info={"cutoff": outer_cutoff(files[param])},
    )


def species(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Read the elements from a POD parameter file, in their order: that of the atom types, or LAMMPS mixes them up."""
    (parameters,) = (d for n, d in files.items() if n.endswith(".pod") and not n.endswith("_coefficients.pod"))
    for line in parameters.decode().splitlines():
        words = line.split()
        if words[:1] == ["species"]:
            return tuple(words[1:])
    raise InputError("POD parameter file: no line `species`")


def outer_cutoff(parameters: bytes) -> float:
    """Read ``rcut`` (A) from a POD parameter file."""
    for line in parameters.decode().splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "rcut":
            return float(words[1])
    raise InputError("POD parameter file: no line `rcut`")
