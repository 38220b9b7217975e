"""The basic set: small cells that every potential needs, whatever defects follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...schemas.campaign import BasicSet, Material
from ...schemas.keys import derive_seed
from .lattice import EDGE, bulk_block, conventional_cell, crystal_points, nearest_neighbour
from .orientation import lattice_vectors_in_plane, oriented
from .system import occupy

if TYPE_CHECKING:
    from ase import Atoms

MOST_ATOMS = 64
VOLUMES = np.linspace(-0.12, 0.15, 11)  # relative change of the volume
VACUUM = 10.0  # A
SLAB = 9.0  # A, least thickness
DEFECT_RATTLES = (0.05, 0.1)  # A, of vacancy and surface cells
FAULTS = (1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6)  # of the shortest lattice vector in the plane

# symmetric strains of unit size: Voigt order xx yy zz yz xz xy (tensor components)
STRAINS = {
    "uniaxial": (1, 0, 0, 0, 0, 0),
    "biaxial": (1, 1, 0, 0, 0, 0),
    "tetragonal": (-0.5, -0.5, 1, 0, 0, 0),
    "orthorhombic": (1, -1, 0, 0, 0, 0),
    "shear": (0, 0, 0, 0, 0, 1),
    "trigonal": (0, 0, 0, 0.5, 0.5, 0.5),
}


def basic_set(options: BasicSet, material: Material, seed: int) -> list[Atoms]:
    """
    Make the cells.

    Parameters
    ----------
    options
        Which families, and how far they go.
    material
        The crystal; alloys are occupied at random in equal shares.
    seed
        Decides rattles and occupations.

    Returns
    -------
    list of ase.Atoms
        Periodic cells of at most about ``MOST_ATOMS`` atoms, with ``info["family"]`` in {eos, strain, rattle,
        vacancy, surface, gamma_surface} and ``info["origin"]`` unique in the set.

    Raises
    ------
    InputError
        If a plane is not known for the structure.
    """
    frames: list[Atoms] = []
    makers = (_equation_of_state, _strained, _rattled, _vacancy, _surfaces, _gamma_surfaces)
    for maker in makers:
        for name, positions, cell in maker(options, material, seed):
            frames.append(_frame(material, name, positions, cell, seed))
    return frames


Cells = Iterator[tuple[str, np.ndarray, np.ndarray]]


def _equation_of_state(options: BasicSet, material: Material, seed: int) -> Cells:
    del seed
    if options.equation_of_state:
        positions, cell = bulk_block(material, (1, 1, 1))
        for change in VOLUMES:
            scale = (1 + change) ** (1 / 3)
            yield f"eos/{100 * change:+.1f}%", positions * scale, cell * scale


def _strained(options: BasicSet, material: Material, seed: int) -> Cells:
    del seed
    if options.strains > 0:
        positions, cell = bulk_block(material, (1, 1, 1))
        for name, (xx, yy, zz, yz, xz, xy) in STRAINS.items():
            for size in (-options.strains, options.strains):
                deformation = np.eye(3) + size * np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
                yield f"strain/{name}{100 * size:+.1f}%", positions @ deformation, cell @ deformation


def _rattled(options: BasicSet, material: Material, seed: int) -> Cells:
    positions, cell = bulk_block(material, compact_repeats(material))
    for amplitude in options.rattles:
        for k in range(3):
            name = f"rattle/{amplitude:g}A-{k}"
            yield name, positions + _rattle(positions.shape, amplitude, seed, name), cell


def _vacancy(options: BasicSet, material: Material, seed: int) -> Cells:
    if options.vacancy:
        positions, cell = bulk_block(material, compact_repeats(material))
        yield from _plain_and_rattled("vacancy/1", positions[1:], cell, seed)


def _surfaces(options: BasicSet, material: Material, seed: int) -> Cells:
    for plane in options.surfaces:
        positions, cell = _block(material, plane, SLAB)
        cell = cell + np.diag([0, 0, VACUUM])
        positions = positions + np.array([0, 0, VACUUM / 2])
        yield from _plain_and_rattled(f"surface/{_name(plane)}", positions, cell, seed)


def _gamma_surfaces(options: BasicSet, material: Material, seed: int) -> Cells:
    del seed
    for plane in options.gamma_surface:
        positions, cell = _block(material, plane, SLAB)
        slip = lattice_vectors_in_plane(material, plane, 3 * material.lattice_constant)[0]
        for fraction in FAULTS:
            # the periodic image above is displaced: one fault a cell, and no surface
            faulted = cell + np.array([np.zeros(3), np.zeros(3), fraction * slip])
            yield f"gamma_surface/{_name(plane)}-{fraction:.3f}b", positions, faulted


def compact_repeats(material: Material) -> tuple[int, int, int]:
    """Repetitions of the conventional cell: as cubic as ``MOST_ATOMS`` allow."""
    lengths, basis = conventional_cell(material)
    allowed = [
        (i, j, k) for i in range(1, 5) for j in range(1, 5) for k in range(1, 5) if i * j * k * len(basis) <= MOST_ATOMS
    ]
    # the shortest edge decides how far a defect is from its image; then fewer atoms
    return max(allowed, key=lambda n: (round(float((lengths * n).min()), 6), -n[0] * n[1] * n[2], n))


def _block(material: Material, plane: tuple[int, int, int], height: float) -> tuple[np.ndarray, np.ndarray]:
    rotation, periods = oriented(material, plane)
    layers = max(1, int(np.ceil(height / periods[2] - 1e-9)))
    lengths = periods * np.array([1, 1, layers])
    # a surface cell narrower than an atom's first neighbours would only see its own images
    for k in (0, 1):
        lengths[k] *= 2 if lengths[k] < 1.05 * nearest_neighbour(material) else 1
    positions = crystal_points(material, np.zeros(3), lengths, rotation) - EDGE
    return positions, np.diag(lengths)


def _plain_and_rattled(name: str, positions: np.ndarray, cell: np.ndarray, seed: int) -> Cells:
    yield name, positions, cell
    for amplitude in DEFECT_RATTLES:
        rattled = f"{name}-rattled-{amplitude:g}A"
        yield rattled, positions + _rattle(positions.shape, amplitude, seed, rattled), cell


def _rattle(shape: tuple[int, ...], amplitude: float, seed: int, name: str) -> np.ndarray:
    """Normal displacements whose length has the root mean square ``amplitude``."""
    rng = np.random.default_rng(derive_seed(seed, "basic_set", name))
    return rng.normal(scale=amplitude / np.sqrt(3), size=shape)


def _frame(material: Material, name: str, positions: np.ndarray, cell: np.ndarray, seed: int) -> Atoms:
    from ase import Atoms

    types = occupy(len(positions), len(material.elements), derive_seed(seed, "basic_set", name))
    frame = Atoms([material.elements[t] for t in types], positions=positions, cell=cell, pbc=True)
    frame.info.update(family=name.split("/", maxsplit=1)[0], origin=name)
    return frame


def _name(plane: tuple[int, int, int]) -> str:
    return "".join(str(i) for i in plane)
