"""From a structure and a spec to VASP's input: cell, order of atoms, mesh, INCAR, and atomate2's set generator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.errors import InputError
from ...schemas.reference import VaspSpec

if TYPE_CHECKING:
    from ase import Atoms

ISMEAR = {"gaussian": 0, "fermi": -1, "tetrahedron": -5}
XC_TAGS: Mapping[str, dict[str, str]] = {
    "PBE": {"GGA": "PE"},
    "PBEsol": {"GGA": "PS"},
    "LDA": {},
    "SCAN": {"METAGGA": "SCAN"},
    "r2SCAN": {"METAGGA": "R2SCAN"},
}
ATTEMPTS: tuple[dict[str, Any], ...] = (  # how, not what: as is, the other minimiser, cautious mixing and more steps
    {"ALGO": "Normal"},
    {"ALGO": "All"},
    {"ALGO": "Normal", "AMIX": 0.1, "BMIX": 0.01},
)
PARALLEL_TAGS = frozenset({"NCORE", "NPAR", "KPAR", "NSIM", "LPLANE", "LSCALU", "LSCALAPACK"})
PARALLEL_VARIABLE = "DEFECTGENOME_VASP_INCAR"


@dataclass(frozen=True)
class VaspInputs:
    """
    What is given to VASP.

    Attributes
    ----------
    atoms
        With a full and right-handed cell, elements in blocks; periodic, as VASP takes it.
    order
        ``atoms[i]`` is atom ``order[i]`` of the structure asked for.
    mesh
        Divisions of the k-point mesh.
    incar
        All tags; None unsets one that atomate2 would set.
    """

    atoms: Atoms
    order: np.ndarray
    mesh: tuple[int, int, int]
    incar: Mapping[str, Any]

    def in_asked_order(self, rows: np.ndarray) -> np.ndarray:
        """Per-atom rows in the order of the structure asked for."""
        out = np.empty_like(rows)
        out[self.order] = rows
        return out


def vasp_inputs(structure: Atoms, spec: VaspSpec, *, attempt: int = 0, parallel: str = "") -> VaspInputs:
    """
    Prepare the input of a static calculation.

    Parameters
    ----------
    structure
        Periodic, partly periodic, or a cluster.
    spec
        Physics.
    attempt
        Later ones converge with more patience, see `ATTEMPTS`.
    parallel
        Tags that only decide how fast it runs, ``"NCORE=4 KPAR=2"``.

    Raises
    ------
    InputError
        If ``parallel`` has a tag that is none of `PARALLEL_TAGS`.
    """
    boxed = in_a_box(structure, spec.vacuum)
    symbols = np.array(boxed.get_chemical_symbols())
    order = np.argsort(symbols, kind="stable")
    atoms = boxed[order]
    mesh = kpoint_mesh(np.array(boxed.cell), structure.pbc, spec)
    if np.linalg.det(np.array(atoms.cell)) < 0:  # VASP refuses it; two vectors exchanged are the same crystal
        atoms.set_cell(np.array(atoms.cell)[[1, 0, 2]], scale_atoms=False)
        mesh = (mesh[1], mesh[0], mesh[2])
    incar = incar_tags(spec, atoms.get_chemical_symbols(), attempt) | parallel_tags(parallel)
    return VaspInputs(atoms, order, mesh, incar)


def in_a_box(structure: Atoms, vacuum: float) -> Atoms:
    """Copy, periodic; directions without a cell vector get one that leaves a vacuum (A) on both sides."""
    out = structure.copy()
    out.info, out.calc = {}, None
    for name in [n for n in out.arrays if n not in {"numbers", "positions"}]:
        del out.arrays[name]
    missing = ~out.cell.any(1)
    cell = np.array(out.cell.complete())
    for k in np.flatnonzero(missing):
        axis = cell[k] / np.linalg.norm(cell[k])
        along = out.positions @ axis
        cell[k] = axis * np.round(np.ptp(along) + 2 * vacuum, 6)
    out.set_cell(cell, scale_atoms=False)
    out.pbc = True
    return out


def kpoint_mesh(cell: np.ndarray, pbc: np.ndarray, spec: VaspSpec) -> tuple[int, int, int]:
    """
    Divide the reciprocal cell; one point along directions that are not periodic.

    Parameters
    ----------
    cell
        Rows, A, shape (3, 3).
    pbc
        Periodicity of the structure asked for, shape (3,).
    spec
        Spacing and rounding, or a mesh.
    """
    asked = spec.kpoint_mesh or spacing_mesh(cell, spec.kpoint_spacing, spec.kpoint_rounding)
    n = [division if periodic else 1 for division, periodic in zip(asked, pbc, strict=True)]
    return n[0], n[1], n[2]


def spacing_mesh(cell: np.ndarray, spacing: float, rounding: str = "up") -> tuple[int, int, int]:
    """Divide each reciprocal vector (2 pi included) by the spacing (1/A); ``up`` is VASP's rule for KSPACING."""
    ratios = 2 * math.pi * np.linalg.norm(np.linalg.inv(cell), axis=0) / spacing
    n = [max(1, math.ceil(r - 1e-6) if rounding == "up" else round(r)) for r in ratios]
    return n[0], n[1], n[2]


def ismear(spec: VaspSpec) -> int:
    """VASP's number of the smearing."""
    smearing = spec.smearing
    return smearing.order if smearing.method == "methfessel-paxton" else ISMEAR[smearing.method]


def incar_tags(spec: VaspSpec, symbols: list[str], attempt: int = 0) -> dict[str, Any]:
    """Write down every tag that matters, and unset (None) those that atomate2 would add."""
    tags: dict[str, Any] = {
        "EDIFF": spec.ediff,
        "ENCUT": spec.encut,
        "IBRION": -1,
        "ISMEAR": ismear(spec),
        "ISPIN": 2 if spec.spin else 1,
        "ISYM": 2 if spec.symmetry else 0,
        "LASPH": spec.aspherical,
        "LCHARG": False,
        "LREAL": False,
        "LWAVE": True,  # what a run that was stopped goes on from
        "NELM": spec.nelm * (2 if attempt >= len(ATTEMPTS) - 1 else 1),
        "NSW": 0,
        "PREC": spec.precision.capitalize(),
        "SIGMA": spec.smearing.sigma,
    }
    unset = (
        "GGA",
        "METAGGA",
        "KSPACING",
        "KGAMMA",
        "LAECHG",
        "LELF",
        "LMAXMIX",
        "LMIXTAU",
        "LORBIT",
        "LVTOT",
        "MAGMOM",
    )
    how = ATTEMPTS[0 if ismear(spec) < 0 else min(attempt, len(ATTEMPTS) - 1)]  # All fails with such a smearing
    tags = dict.fromkeys(unset) | tags | how | XC_TAGS[spec.functional]
    if spec.spin and spec.magnetic_moments:
        tags["MAGMOM"] = {element: spec.magnetic_moments.get(element, 1.0) for element in sorted(set(symbols))}
    return tags


def parallel_tags(text: str) -> dict[str, Any]:
    """
    Read ``NCORE=4 KPAR=2``.

    Raises
    ------
    InputError
        If a word is not a tag of `PARALLEL_TAGS` with a value.
    """
    out: dict[str, Any] = {}
    for word in text.split():
        name, _, value = word.partition("=")
        if name.upper() not in PARALLEL_TAGS or not value:
            known = " ".join(sorted(PARALLEL_TAGS))
            raise InputError(
                f"{PARALLEL_VARIABLE}: {word!r}: give TAG=VALUE with one of {known}; physics goes in the spec"
            )
        number = value.lstrip("-").isdigit()
        out[name.upper()] = int(value) if number else value.strip(".").upper().startswith("T")
    return out


def potcar_functional(spec: VaspSpec) -> str:
    """Name by which pymatgen knows the POTCAR library: LDA has its own, all else takes PBE's."""
    return f"{'LDA' if spec.functional == 'LDA' else 'PBE'}_{spec.potcar_release}"


def set_generator(inputs: VaspInputs, spec: VaspSpec, restart: bool) -> Any:
    """Make atomate2's input set generator, with no default of its own left."""
    from atomate2.vasp.sets.core import StaticSetGenerator
    from pymatgen.io.vasp import Kpoints

    build = Kpoints.gamma_automatic if spec.gamma_centred else Kpoints.monkhorst_automatic
    kpoints: Any = build(inputs.mesh)
    library: Any = potcar_functional(spec)
    return StaticSetGenerator(
        config_dict={"INCAR": {}, "KPOINTS": {}, "POTCAR": {}, "POTCAR_FUNCTIONAL": library},
        user_incar_settings={**inputs.incar, "ISTART": int(restart)},
        user_kpoints_settings=kpoints,
        user_potcar_functional=library,
        user_potcar_settings=dict(spec.potcar),
        auto_ismear=False,
        inherit_incar=False,
        sort_structure=False,  # the atoms are in blocks already, and their order is known
        validate_magmom=False,
    )
