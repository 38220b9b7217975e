"""Candidate cells: compact supercells of the host lattice, and random shapes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from ...schemas.campaign import Structure
from .cells import image_gap, integer_grid, reduce_cell
from .crystal import Crystal

MAX_CELLS = 400
MAX_VECTORS = 240  # lattice vectors (up to sign) that supercells are built from: the search grows with its square
SHAPE_SPREAD = 0.07
BODY_CENTRED = np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / 4.0 ** (1 / 3)
FACE_CENTRED = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2.0 ** (1 / 3)


def host_cells(crystal: Crystal, smallest: int, largest: int) -> tuple[np.ndarray, ...]:
    """
    Compact supercells of the host lattice.

    Parameters
    ----------
    crystal
        The host.
    smallest, largest
        Number of atoms of the cells.

    Returns
    -------
    tuple of numpy.ndarray
        Reduced cells in units of a and in the crystal's axes, each shape once; ranked by shortest vector over
        cube root of the volume, best first.
    """
    return _host_cells(crystal.structure, round(crystal.c_over_a, 3), smallest, largest)


@lru_cache(maxsize=16)
def _host_cells(structure: Structure, c_over_a: float, smallest: int, largest: int) -> tuple[np.ndarray, ...]:
    crystal = Crystal(structure, 1.0, -1.0, c_over_a)
    primitive, per_point = crystal.primitive, crystal.atoms_per_point
    unit = abs(np.linalg.det(primitive))
    side_low, side_high = ((n / per_point * unit) ** (1 / 3) for n in (smallest, largest))
    integers, vectors = _shell_vectors(primitive, 1.03 * side_low, 1.26 * side_high)
    triples, grams = [], []
    for triple, gram in _reduced_triples(vectors, _distinct(vectors, crystal.rotations)):
        points = np.abs(np.round(np.linalg.det(integers[triple]))).astype(int) * per_point
        fits = (points >= smallest) & (points <= largest)
        triples.append(triple[fits])
        grams.append(gram[fits])
    triple, gram = np.concatenate(triples), np.concatenate(grams)
    squared = np.sort(np.diagonal(gram, axis1=1, axis2=2).round(4), axis=1)
    volume = np.sqrt(np.abs(np.linalg.det(gram))).round(4)
    ratio = np.sqrt(squared[:, 0]) / np.cbrt(volume)
    shape = np.column_stack([-ratio.round(6), volume, squared])
    _, first = np.unique(shape, axis=0, return_index=True)
    return tuple(reduce_cell(vectors[t]) for t in triple[first[:MAX_CELLS]])


def _shell_vectors(primitive: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Lattice vectors of a length range, one of +v, -v, thinned from above where too many; (integers, vectors)."""
    reach = int(np.ceil(high * np.linalg.norm(np.linalg.inv(primitive), axis=0).max()))
    grid = integer_grid(reach)
    grid = grid[len(grid) // 2 + 1 :]
    vectors = grid @ primitive
    length = np.linalg.norm(vectors, axis=1).round(9)
    order = np.argsort(length, kind="stable")
    order = order[(length[order] >= low) & (length[order] <= high)][:MAX_VECTORS]
    return grid[order], vectors[order]


def _distinct(vectors: np.ndarray, rotations: np.ndarray) -> list[int]:
    """Indices of vectors that no rotation of the lattice (or inversion) takes into an earlier one."""
    seen: set[tuple[float, ...]] = set()
    out = []
    for i, v in enumerate(vectors):
        images = {tuple(np.round(s * (v @ r), 6) + 0.0) for r in rotations for s in (1.0, -1.0)}
        if not images & seen:
            out.append(i)
            seen |= images
    return out


def _reduced_triples(vectors: np.ndarray, leaders: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Minkowski-reduced triples that hold one of the distinct vectors, with their Gram matrices."""
    gram = vectors @ vectors.T
    squared = np.diag(gram)
    reduced = 2.0 * np.abs(gram) <= np.minimum.outer(squared, squared) + 1e-9
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    for i in leaders:
        partners = np.flatnonzero(reduced[i])
        j, k = np.nonzero(np.triu(reduced[np.ix_(partners, partners)], 1))
        j, k = partners[j], partners[k]
        products = np.stack([gram[i, j], gram[i, k], gram[j, k]], axis=1)
        diagonal = np.stack([np.full(len(j), squared[i]), squared[j], squared[k]], axis=1)
        shortest_sum = diagonal.sum(1) + 2.0 * (products @ signs.T).min(1)
        keep = shortest_sum >= diagonal.max(1) - 1e-9
        triples = np.stack([np.full(len(j), i), j, k], axis=1)[keep]
        yield triples, gram[triples[:, :, None], triples[:, None, :]]


def random_cells(volumes: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """
    Cells of given volumes: orthorhombic, rotated orthorhombic, fcc- and bcc-shaped in turn, slightly strained.

    Parameters
    ----------
    volumes
        A^3, one cell each.
    rng
        Random stream.
    """
    from scipy.spatial.transform import Rotation

    out = []
    for i, volume in enumerate(volumes):
        turn = np.eye(3) if i % 4 == 0 else Rotation.random(random_state=rng).as_matrix()
        strain = np.diag(np.exp(rng.normal(0.0, SHAPE_SPREAD if i % 4 < 2 else 0.05, 3)))
        shape = strain @ turn if i % 4 < 2 else (FACE_CENTRED, BODY_CENTRED)[i % 2] @ turn @ strain
        out.append(reduce_cell(shape * (volume / abs(np.linalg.det(shape))) ** (1 / 3)))
    return out


def candidate_cells(
    core: np.ndarray,
    orientations: list[np.ndarray],
    crystal: Crystal,
    sizes: tuple[int, int],
    counts: tuple[int, int],
    gap: float,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], int]:
    """
    Cells in which the core keeps clear of its own images.

    Parameters
    ----------
    core
        A, relative to the centre, shape (n, 3).
    orientations
        Of the grains, see `host_orientations`.
    crystal
        The host.
    sizes
        Smallest and largest number of atoms.
    counts
        Host cells an orientation, and random cells.
    gap
        Smallest allowed distance of a core atom from an image of a core atom, A.
    rng
        Random stream.

    Returns
    -------
    tuple
        (cells, how many were tried).
    """
    cells: list[np.ndarray] = []
    hosts = host_cells(crystal, *sizes)[: counts[0]] if orientations else ()
    for rotation in orientations:
        cells += [h @ rotation * crystal.lattice_constant for h in hosts]
    atoms = rng.integers(sizes[0], sizes[1], size=counts[1], endpoint=True)
    cells += random_cells(atoms * crystal.atomic_volume, rng)
    return [h for h in cells if image_gap(core, h, gap + 0.01) >= gap], len(cells)
