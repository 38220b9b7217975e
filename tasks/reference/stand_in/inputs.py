"""What the stand-in reads: INCAR, POSCAR, KPOINTS, POTCAR."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Poscar:
    """
    A structure.

    Attributes
    ----------
    comment
        First line.
    cell
        Rows, A, shape (3, 3).
    species, counts
        Blocks of atoms, in order.
    fractional
        Positions in units of the cell, shape (N, 3).
    """

    comment: str
    cell: np.ndarray
    species: tuple[str, ...]
    counts: tuple[int, ...]
    fractional: np.ndarray

    @property
    def symbols(self) -> list[str]:
        """Element of each atom."""
        return [s for s, n in zip(self.species, self.counts, strict=True) for _ in range(n)]


@dataclass(frozen=True)
class Dataset:
    """Header of one element in a POTCAR: title, valence, mass (g/mol)."""

    title: str
    valence: float
    mass: float


@dataclass(frozen=True)
class Mesh:
    """k-points in units of the reciprocal cell, shape (K, 3), with their weights; the generating mesh."""

    scheme: str
    divisions: tuple[int, int, int]
    points: np.ndarray
    weights: np.ndarray


def read_incar(path: Path) -> dict[str, str]:
    """Read tags, in capitals, without comments."""
    lines = (re.split(r"[#!]", line)[0] for line in path.read_text().splitlines())
    pairs = (part.split("=", 1) for line in lines for part in line.split(";") if "=" in part)
    return {name.strip().upper(): value.strip() for name, value in pairs}


def read_poscar(path: Path) -> Poscar:
    """Read a POSCAR of VASP 5: names and counts of the species, direct or Cartesian positions."""
    lines = path.read_text().splitlines()
    cell = float(lines[1].split()[0]) * np.array([line.split()[:3] for line in lines[2:5]], float)
    counts = tuple(int(n) for n in lines[6].split())
    first = 9 if lines[7].strip().lower().startswith("s") else 8
    rows = np.array([line.split()[:3] for line in lines[first : first + sum(counts)]], float)
    cartesian = lines[first - 1].strip().lower()[:1] in {"c", "k"}
    return Poscar(
        lines[0],
        cell,
        tuple(lines[5].split()),
        counts,
        rows @ np.linalg.inv(cell) if cartesian else rows.reshape(-1, 3),
    )


def read_potcar(path: Path) -> list[Dataset]:
    """Read the headers of all elements, in order."""
    titles, numbers = [], []
    for line in path.read_text().splitlines():
        if "TITEL" in line:
            titles.append(line.split("=", 1)[1].strip())
        elif match := re.search(r"POMASS\s*=\s*([\d.]+)\s*;\s*ZVAL\s*=\s*([\d.]+)", line):
            numbers.append((float(match[2]), float(match[1])))
    return [Dataset(title, valence, mass) for title, (valence, mass) in zip(titles, numbers, strict=True)]


def read_mesh(directory: Path, incar: Mapping[str, str], cell: np.ndarray) -> Mesh:
    """Take the mesh of a KPOINTS file, or make VASP's of KSPACING."""
    path = directory / "KPOINTS"
    if path.is_file():
        lines = path.read_text().splitlines()
        divisions = tuple(int(n) for n in lines[3].split()[:3])
        gamma = lines[2].strip().lower().startswith("g")
    else:
        lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(cell), axis=0)
        divisions = tuple(max(1, int(np.ceil(b / float(incar.get("KSPACING", "0.5"))))) for b in lengths)
        gamma = not incar.get("KGAMMA", "T").strip(".").upper().startswith("F")
    return reduced_mesh((divisions[0], divisions[1], divisions[2]), gamma)


def reduced_mesh(divisions: tuple[int, int, int], gamma: bool) -> Mesh:
    """Build a mesh up to time reversal, as VASP does without symmetry."""
    n = np.array(divisions)
    twice = 2 * np.stack(np.meshgrid(*(np.arange(k) for k in n), indexing="ij"), -1).reshape(-1, 3)
    twice = twice + (0 if gamma else np.where(n % 2 == 0, 1, 0))  # halves of the grid's step are integers
    radix = np.array([1, 2 * n[0], 4 * n[0] * n[1]])
    code, mirrored = (twice % (2 * n)) @ radix, (-twice % (2 * n)) @ radix
    kept = code <= mirrored
    points = twice[kept] / (2 * n)
    weights = np.where(code == mirrored, 1.0, 2.0)[kept] / len(twice)
    return Mesh("Gamma" if gamma else "Monkhorst-Pack", divisions, points - np.round(points), weights)
