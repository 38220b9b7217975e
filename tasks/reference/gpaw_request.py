"""What GPAW is asked for: its parameters from the words of a spec."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.errors import InputError
from ...schemas.gpaw_spec import GpawSpec
from ...schemas.keys import content_key
from ...schemas.spec_parts import Smearing

if TYPE_CHECKING:
    from ase import Atoms

# with GPAW's own 1e-4 for the density, forces of a metal are still wrong by up to 2e-4 eV/A; with this by 2e-5
DENSITY = 1e-5  # electrons per valence electron
EIGENSTATES = 4e-8  # eV^2 per valence electron; 1e-9 takes a third more steps and changes forces by 1e-5 eV/A
DEFAULT_MOMENT = 1.0  # mu_B
# for a calculation that did not converge: weaker mixing, long wavelengths damped more, and more steps
GENTLE_MIXERS = (
    {"backend": "pulay", "beta": 0.02, "nmaxold": 5, "weight": 100.0},
    {"backend": "pulay", "beta": 0.005, "nmaxold": 3, "weight": 100.0},
)


def kpoint_mesh(cell: np.ndarray, pbc: Sequence[bool], spacing: float) -> tuple[int, int, int]:
    """
    Divide the Brillouin zone as VASP does with KSPACING: ``max(1, |b| / spacing)``, rounded up.

    Parameters
    ----------
    cell
        Rows are the cell vectors, A, shape (3, 3).
    pbc
        A direction that is not periodic has one division.
    spacing
        1/A, with the factor of 2 pi.
    """
    reciprocal = 2 * np.pi * np.linalg.inv(np.asarray(cell, float)).T
    # an edge that is a multiple of the spacing but for its last digits stays one
    wanted = np.linalg.norm(reciprocal, axis=1) / spacing - 1e-6
    n = [max(1, math.ceil(w)) if periodic else 1 for w, periodic in zip(wanted, pbc, strict=True)]
    return n[0], n[1], n[2]


def mesh_of(structure: Atoms, spec: GpawSpec) -> tuple[int, int, int]:
    """Mesh that a spec gives a structure."""
    if spec.kpoint_mesh is None:
        return kpoint_mesh(np.array(structure.cell), list(structure.pbc), spec.kpoint_spacing)
    n = [k if periodic else 1 for k, periodic in zip(spec.kpoint_mesh, structure.pbc, strict=True)]
    return n[0], n[1], n[2]


def parameters(structure: Atoms, spec: GpawSpec) -> dict[str, Any]:
    """GPAW's parameters for a structure, as plain JSON."""
    elements = set(structure.get_chemical_symbols())
    kpoints: dict[str, Any] = {"size": list(mesh_of(structure, spec))}
    if spec.gamma_centred:
        kpoints["gamma"] = True
    bands = {} if spec.empty_bands is None else {"nbands": -math.ceil(4 + spec.empty_bands * len(structure))}
    return {
        **bands,
        "mode": {"name": "pw", "ecut": spec.encut},
        "xc": spec.functional,
        "kpts": kpoints,
        "occupations": occupations(spec.smearing),
        "convergence": {
            "energy": {"name": "energy", "tol": spec.ediff, "relative": False},
            "density": DENSITY,
            "eigenstates": EIGENSTATES,
        },
        "maxiter": spec.max_scf_steps,
        "spinpol": bool(spec.spin),
        "symmetry": "on" if spec.symmetry else "off",
        "setups": {element: spec.setups[element] for element in sorted(elements) if element in spec.setups},
    }


def occupations(smearing: Smearing) -> dict[str, Any]:
    """GPAW's words for a smearing; a Gaussian is Methfessel and Paxton's order zero."""
    if smearing.method == "fermi":
        return {"name": "fermi-dirac", "width": smearing.sigma}
    order = 0 if smearing.method == "gaussian" else smearing.order
    return {"name": "methfessel-paxton", "width": smearing.sigma, "order": order}


def gpaw_request(structure: Atoms, spec: GpawSpec) -> dict[str, Any]:
    """
    Write down a calculation, with a key that only its physics decides.

    Raises
    ------
    InputError
        If the structure holds magnetic elements and the spec does not say whether to polarise the spins.
    """
    elements = structure.get_chemical_symbols()
    if silent := spec.unstated_spin(elements):
        raise InputError(f"reference.spin is not stated for {' '.join(silent)}: give `spin: true` or `spin: false`")
    body = {
        "symbols": elements,
        "positions": structure.get_positions().tolist(),
        "cell": np.array(structure.cell).tolist(),
        "moments": [spec.moments.get(e, DEFAULT_MOMENT) if spec.spin else 0.0 for e in elements],
        "parameters": parameters(structure, spec),
    }
    return {**body, "key": content_key("gpaw", 1, body)}
