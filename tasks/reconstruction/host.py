"""Orientation of the host crystal around a defect, from the neighbour shells of the context."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .crystal import Crystal

MAX_RMSD = 0.15  # of a shell, relative to its mean distance: looser is no longer that crystal
SAME_GRAIN_COS = np.cos(np.deg2rad(8.0))
MIN_MEMBERS = 8
MAX_GRAINS = 2


def host_orientations(context: np.ndarray, crystal: Crystal, radius: float) -> list[np.ndarray]:
    """
    Find the orientations of the grains in a context.

    Parameters
    ----------
    context
        Positions relative to the centre, A, shape (N, 3).
    crystal
        What the grains are made of.
    radius
        The context is complete up to here, A.

    Returns
    -------
    list of numpy.ndarray
        Up to two rotations R, largest grain first: lattice vectors of the grain are ``v @ R`` for v of the
        crystal; empty when fewer than 8 atoms look like the crystal.
    """
    rotations = shell_rotations(context, crystal, radius)
    symmetry = crystal.rotations
    grains: list[tuple[int, np.ndarray]] = []
    while len(rotations) >= MIN_MEMBERS and len(grains) < 2 * MAX_GRAINS:
        mean = _mean_of_members(rotations, rotations[0], symmetry)
        members = _misorientation_cos(rotations, mean, symmetry)[0] > SAME_GRAIN_COS
        members[0] = True
        grains.append((int(members.sum()), _mean_of_members(rotations, mean, symmetry)))
        rotations = rotations[~members]
    grains.sort(key=lambda g: -g[0])
    return [rotation for n, rotation in grains[:MAX_GRAINS] if n >= MIN_MEMBERS]


def shell_rotations(context: np.ndarray, crystal: Crystal, radius: float) -> np.ndarray:
    """
    Fit the crystal's shell to every atom that has one.

    Returns
    -------
    numpy.ndarray
        Rotations of the atoms whose shell fits, shape (M, 3, 3).
    """
    ideal = crystal.shell / np.linalg.norm(crystal.shell, axis=1).mean()
    n = len(ideal)
    reach = 1.25 * float(np.linalg.norm(crystal.shell[-1])) * crystal.lattice_constant
    inside = np.flatnonzero((context**2).sum(1) < max(radius - reach, 0.0) ** 2)
    if not len(inside) or len(context) <= n:
        return np.empty((0, 3, 3))
    _, index = cKDTree(context).query(context[inside], k=n + 1)
    seen = context[index[:, 1:]] - context[inside][:, None]
    seen /= np.linalg.norm(seen, axis=2).mean(axis=1)[:, None, None]
    guess = _guess_rotations(seen, ideal, _distinct_pairs(crystal, ideal))
    match = np.argmin(_squared(ideal @ guess, seen), axis=2)
    one_to_one = (np.sort(match, axis=1) == np.arange(n)).all(1)
    matched = np.take_along_axis(seen, match[:, :, None], axis=1)[one_to_one]
    fitted = _kabsch(ideal, matched)
    rmsd = np.sqrt(((ideal @ fitted - matched) ** 2).sum(2).mean(1))
    return fitted[rmsd < MAX_RMSD]


def _distinct_pairs(crystal: Crystal, ideal: np.ndarray) -> list[tuple[int, int]]:
    """Ordered pairs of shell vectors, one of each class under the shell's own rotations."""
    turned = ideal @ crystal.rotations
    distance = _squared(turned, np.broadcast_to(ideal, turned.shape))
    images = np.argmin(distance, axis=2)[distance.min(axis=2).max(axis=1) < 1e-6]
    pairs: list[tuple[int, int]] = []
    covered: set[tuple[int, int]] = set()
    for i in range(len(ideal)):
        for j in range(len(ideal)):
            if (i, j) in covered or np.linalg.norm(np.cross(ideal[i], ideal[j])) < 1e-6:
                continue
            pairs.append((i, j))
            covered.update((int(a), int(b)) for a, b in images[:, [i, j]])
    return pairs


def _guess_rotations(seen: np.ndarray, ideal: np.ndarray, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Best rotation of each atom that takes some pair of shell vectors onto its two leading neighbours."""
    first = seen[:, 0]
    sine = np.linalg.norm(np.cross(first[:, None], seen), axis=2)
    second = seen[np.arange(len(seen)), np.argmax(sine, axis=1)]
    observed = _frames(first, second)
    best = np.full(len(seen), np.inf)
    out = np.zeros((len(seen), 3, 3))
    for i, j in pairs:
        rotation = _frames(ideal[i], ideal[j]).T @ observed
        score = _squared(ideal @ rotation, seen).min(axis=2).sum(axis=1)
        better = score < best
        best[better], out[better] = score[better], rotation[better]
    return out


def _frames(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Right-handed orthonormal frames, rows: along the first vector, then in the plane of the two."""
    e1 = first / np.linalg.norm(first, axis=-1, keepdims=True)
    e3 = np.cross(e1, second)
    e3 = e3 / np.linalg.norm(e3, axis=-1, keepdims=True)
    return np.stack([e1, np.cross(e3, e1), e3], axis=-2)


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances of all pairs within each batch entry, shape (M, n, n)."""
    cross = a @ np.swapaxes(b, -1, -2)
    return (a**2).sum(-1)[..., :, None] + (b**2).sum(-1)[..., None, :] - 2.0 * cross


def _kabsch(ideal: np.ndarray, matched: np.ndarray) -> np.ndarray:
    """Proper rotations R that take ideal to matched best in the least squares, shape (M, 3, 3)."""
    return _nearest_rotation(ideal.T @ matched)


def _nearest_rotation(matrices: np.ndarray) -> np.ndarray:
    u, _, vt = np.linalg.svd(matrices)
    sign = np.sign(np.linalg.det(u @ vt))
    u[..., :, 2] *= sign[..., None]
    return u @ vt


def _misorientation_cos(
    rotations: np.ndarray, reference: np.ndarray, symmetry: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine of the smallest misorientation angle, and the symmetry operation that attains it."""
    relative = rotations @ reference.T
    trace = np.einsum("sij,mij->ms", symmetry, relative)
    operation = np.argmax(trace, axis=1)
    return (trace.max(axis=1) - 1.0) / 2.0, operation


def _mean_of_members(rotations: np.ndarray, reference: np.ndarray, symmetry: np.ndarray) -> np.ndarray:
    """Mean rotation of those within the grain of the reference."""
    cosine, operation = _misorientation_cos(rotations, reference, symmetry)
    members = cosine > SAME_GRAIN_COS
    if not members.any():
        return reference
    turned = np.swapaxes(symmetry[operation[members]], 1, 2) @ rotations[members]
    return _nearest_rotation(turned.sum(axis=0)[None])[0]
