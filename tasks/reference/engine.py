"""The engine contract: a structure and a spec in, a label or a refusal out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...schemas.artifact import Refusal
from ...schemas.errors import InputError
from ...schemas.label import Label
from ...schemas.reference import PotentialSpec, VaspSpec
from ..potentials import load_potential
from .potential import label_with_potential, potential_spec_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms


def compute(
    structure: Atoms, spec: PotentialSpec | VaspSpec, *, elements: Sequence[str] | None = None, base: Path | None = None
) -> Label | Refusal:
    """
    Label one structure with the engine that its spec names.

    Parameters
    ----------
    structure
        Rounded as in its key before it is computed.
    spec
        Physics and limits.
    elements
        Those that the engine is loaded for; by default the structure's, sorted.
    base
        Directory that relative paths in the spec start from.

    Raises
    ------
    InputError
        If this version has no such engine, or the spec names a potential that is not there.
    """
    chosen = sorted(set(structure.get_chemical_symbols())) if elements is None else elements
    checked = require_potential(spec)
    return label_with_potential(structure, checked, load_potential(checked.potential, chosen, base=base))


def reference_key(spec: PotentialSpec | VaspSpec, elements: Sequence[str], base: Path | None = None) -> str:
    """Hash of a spec's physics, the content of a potential included."""
    from ...schemas.reference import spec_key

    if isinstance(spec, PotentialSpec):
        return potential_spec_key(spec, load_potential(spec.potential, elements, base=base))
    return spec_key(spec.physics())


def require_potential(spec: PotentialSpec | VaspSpec) -> PotentialSpec:
    """
    Return a spec of the engine that can be run.

    Raises
    ------
    InputError
        For any other.
    """
    if isinstance(spec, PotentialSpec):
        return spec
    raise InputError(
        f"reference.engine {spec.engine}: this version labels with `engine: potential` and imports finished "
        "VASP runs (`defectgenome import DIR... -o LABELS.extxyz`)"
    )
