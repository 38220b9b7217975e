"""Extended XYZ in and out: environments, cells and labelled structures as files."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..schemas.environment import Environment
from ..schemas.errors import InputError
from ..schemas.keys import rounded, structure_key
from ..schemas.label import Label

if TYPE_CHECKING:
    from ase import Atoms

_RESULTS = ("energy", "free_energy", "forces", "stress")


def read_frames(path: Path | str) -> list[Atoms]:
    """
    Read all frames of an extended XYZ file, gzipped or not.

    Raises
    ------
    InputError
        If the file is missing, empty or not extended XYZ, or a frame has no atoms, or no cell where it is periodic.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    raw = path.read_bytes()
    try:
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        frames = frames_from_bytes(raw)
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise InputError(f"{path}: not readable as extended XYZ: {error}") from error
    for i, frame in enumerate(frames):
        if not len(frame):
            raise InputError(f"{path}: frame {i} has no atoms")
        if np.linalg.matrix_rank(np.array(frame.cell)[frame.pbc], tol=1e-6) < np.count_nonzero(frame.pbc):
            raise InputError(f"{path}: frame {i} is periodic (pbc) without a cell (Lattice) along its periods")
    return frames


def frames_from_bytes(data: bytes) -> list[Atoms]:
    """Parse extended XYZ; raises ValueError when there is no frame."""
    from ase.io import extxyz

    frames = list(extxyz.read_extxyz(io.StringIO(data.decode("utf-8")), index=slice(None)))
    if not frames:
        raise ValueError("it has no frame")
    return frames


def frames_to_bytes(frames: Sequence[Atoms]) -> bytes:
    """Serialise frames with 8 decimals; the same frames give the same bytes."""
    from ase.io import extxyz

    text = io.StringIO()
    extxyz.write_extxyz(text, list(frames), write_results=True)
    return text.getvalue().encode("utf-8")


def write_frames(path: Path | str, frames: Sequence[Atoms]) -> None:
    """Write extended XYZ in one piece (a crash leaves the old file or the new one); ``.gz`` compresses."""
    path = Path(path)
    data = frames_to_bytes(frames)
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    partial.replace(path)


def key_of(atoms: Atoms) -> str:
    """Structure key of a frame."""
    return structure_key(atoms.get_chemical_symbols(), atoms.get_positions(), np.array(atoms.cell), list(atoms.pbc))


def round_structure(atoms: Atoms) -> Atoms:
    """Copy with positions and cell rounded as in the key: what is labelled is exactly what is keyed."""
    from ase import Atoms as AseAtoms

    out = AseAtoms(
        symbols=atoms.get_chemical_symbols(),
        positions=rounded(atoms.get_positions()),
        cell=rounded(np.array(atoms.cell)),
        pbc=atoms.pbc,
    )
    out.info.update({k: v for k, v in atoms.info.items() if k not in _RESULTS})
    for name, values in atoms.arrays.items():
        if name not in {"numbers", "positions", *_RESULTS}:
            out.set_array(name, values)
    return out


def environment_to_atoms(environment: Environment) -> Atoms:
    """Frame of an environment: atom 0 is the centre, at the origin; ``pbc`` true along a dislocation line."""
    from ase import Atoms as AseAtoms

    out = AseAtoms(symbols=list(environment.symbols), positions=environment.positions)
    if environment.line is not None:
        out.cell[2] = environment.line
        out.pbc = (False, False, True)
    out.info.update(environment.info)
    out.info["environment"] = environment.info.get("environment", environment.id)
    out.info["context_radius"] = environment.context_radius
    return out


def environment_from_atoms(atoms: Atoms) -> Environment:
    """
    Read an environment back from its frame.

    The atom ``info["centre"]`` (0 by default) becomes the origin, and atoms are sorted by distance.

    Raises
    ------
    InputError
        If ``context_radius`` is missing and cannot be told from the atoms, or the centre is out of range.
    """
    centre = int(atoms.info.get("centre", 0))
    if not 0 <= centre < len(atoms):
        raise InputError(f"environment frame: {centre=} of {len(atoms)} atoms")
    vectors = atoms.get_positions() - atoms.get_positions()[centre]
    distance = np.linalg.norm(vectors, axis=1)
    order = np.argsort(distance, kind="stable")
    symbols = atoms.get_chemical_symbols()
    periodic = [k for k in range(3) if atoms.pbc[k]]
    line = np.array(atoms.cell[periodic[0]]) if len(periodic) == 1 else None
    if len(periodic) > 1:
        raise InputError("environment frame: periodic along more than one direction; an environment is a cluster")
    info = {k: v for k, v in atoms.info.items() if k not in {"centre", "context_radius"}}
    return Environment(
        positions=vectors[order],
        symbols=tuple(symbols[i] for i in order),
        context_radius=float(atoms.info.get("context_radius", np.floor(distance.max() * 10) / 10)),
        line=line,
        info=info,
    )


def attach_label(atoms: Atoms, label: Label) -> Atoms:
    """Copy of a structure with the label's results, and its origin in ``info``."""
    from ase.calculators.singlepoint import SinglePointCalculator

    out = round_structure(atoms)
    results = {"energy": label.energy_sigma0, "free_energy": label.energy, "forces": label.forces}
    if label.stress is not None:
        results["stress"] = label.stress
    out.calc = SinglePointCalculator(out, **results)
    out.info["engine"] = label.engine
    out.info["spec"] = label.spec_key
    out.info["dft"] = label.is_dft
    return out


def energy_of(atoms: Atoms) -> float:
    """
    Force-consistent energy of a labelled frame, eV (``free_energy`` where given, else ``energy``).

    Raises
    ------
    InputError
        If the frame has no energy.
    """
    results = {} if atoms.calc is None else atoms.calc.results
    for name in ("free_energy", "energy"):
        if results.get(name) is not None:
            return float(results[name])
        if name in atoms.info:
            return float(atoms.info[name])
    raise InputError(f"frame {atoms.info.get('config_id', '')}: no energy (extended XYZ key `energy`)")


def forces_of(atoms: Atoms) -> np.ndarray:
    """
    Forces of a labelled frame, eV/A, shape (N, 3).

    Raises
    ------
    InputError
        If the frame has none.
    """
    results = {} if atoms.calc is None else atoms.calc.results
    if results.get("forces") is not None:
        return np.asarray(results["forces"], float)
    if "forces" in atoms.arrays:
        return np.asarray(atoms.arrays["forces"], float)
    raise InputError(f"frame {atoms.info.get('config_id', '')}: no forces (extended XYZ column `forces`)")
