"""Perfect crystals as small periodic cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...schemas.campaign import Material

if TYPE_CHECKING:
    from ase import Atoms


def unit_cell(material: Material, a: float | None = None) -> Atoms:
    """
    Conventional cell of the crystal (orthorhombic for hcp).

    Parameters
    ----------
    material
        The crystal; its first element occupies all sites.
    a
        Lattice constant, A; the material's by default.
    """
    from ase.build import bulk

    a = material.lattice_constant if a is None else a
    if material.structure == "hcp":
        return bulk(material.elements[0], "hcp", a=a, c=a * material.c_over_a, orthorhombic=True)
    return bulk(material.elements[0], material.structure, a=a, cubic=True)


def surface_slab(material: Material, a: float, miller: Sequence[int], *, thickness: float, vacuum: float) -> Atoms:
    """
    Slab with two equal free surfaces, periodic in its plane.

    Parameters
    ----------
    material
        The crystal.
    a
        Lattice constant, A.
    miller
        Plane.
    thickness
        At least, A.
    vacuum
        On each side, A.
    """
    from ase.build import surface

    base = unit_cell(material, a)
    one = surface(base, tuple(miller), 1, periodic=True)
    layers = max(2, int(-(-thickness // abs(one.cell[2, 2]))))
    slab = surface(base, tuple(miller), layers, vacuum=vacuum, periodic=True)
    slab.wrap()
    return slab
