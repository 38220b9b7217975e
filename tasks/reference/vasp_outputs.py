"""Reading finished VASP runs: `vasprun.xml` and `OUTCAR`, gzipped or not, whole or cut off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np

from .custodian_log import read_corrections
from .vasp_outcar import STAND_IN, Outcar, open_output, output_file, read_outcar

if TYPE_CHECKING:
    from ase import Atoms

KBAR_PER_EV_A3 = 1602.176634
_BULKY = re.compile(rb"<(eigenvalues|projected|dos|primitive_cell)[ >]")  # each on a line of its own


@dataclass(frozen=True)
class IonicStep:
    """
    One ionic step: a structure and what was computed for it; None where the file has nothing.

    Attributes
    ----------
    cell
        Rows, A, shape (3, 3).
    fractional
        Positions in units of the cell, shape (N, 3).
    scf_energies
        Free energy after each electronic step, eV.
    energy
        Force-consistent energy (``e_fr_energy``), eV.
    energy_sigma0
        Energy extrapolated to zero smearing, eV.
    forces
        eV/A, shape (N, 3).
    stress
        eV/A^3, positive in tension (VASP prints kB, positive in compression), ASE's Voigt order, shape (6,).
    """

    cell: np.ndarray
    fractional: np.ndarray
    scf_energies: tuple[float, ...]
    energy: float | None
    energy_sigma0: float | None
    forces: np.ndarray | None
    stress: np.ndarray | None

    def atoms(self, symbols: tuple[str, ...]) -> Atoms:
        """The structure."""
        from ase import Atoms as AseAtoms

        return AseAtoms(list(symbols), scaled_positions=self.fractional, cell=self.cell, pbc=True)


@dataclass(frozen=True)
class KPoints:
    """A k-point mesh: how it was generated (``Gamma``, ``Monkhorst-Pack``, other) and its divisions."""

    scheme: str
    divisions: tuple[int, int, int] | None


@dataclass(frozen=True)
class Vasprun:
    """
    Contents of `vasprun.xml`.

    Attributes
    ----------
    version
        Of VASP.
    incar
        What the user set.
    parameters
        What VASP ran with.
    kpoints
        None where the file says nothing.
    symbols
        Of the atoms.
    potcar
        Element -> POTCAR title.
    steps
        Ionic steps, in order.
    broken
        Why the file could not be read to its end, empty when it could.
    stand_in
        Whether the program was not VASP but its stand-in.
    """

    version: str
    incar: Mapping[str, str]
    parameters: Mapping[str, str]
    kpoints: KPoints | None
    symbols: tuple[str, ...]
    potcar: Mapping[str, str]
    steps: tuple[IonicStep, ...]
    broken: str = ""
    stand_in: bool = False

    def setting(self, *names: str) -> str | None:
        """Value that VASP ran with, under the first of the names that is known; the INCAR's as a fallback."""
        for source in (self.parameters, self.incar):
            for name in names:
                if source.get(name, ""):
                    return source[name]
        return None


@dataclass(frozen=True)
class VaspRun:
    """A run directory; None for a file that is not there."""

    directory: Path
    vasprun: Vasprun | None
    outcar: Outcar | None
    corrections: tuple[str, ...] = field(default=())

    @property
    def engine(self) -> str:
        """Name of the engine in labels: a stand-in's are never taken for VASP's."""
        marks = (part.stand_in for part in (self.vasprun, self.outcar) if part is not None)
        return "vasp-stand-in" if any(marks) else "vasp"


def read_run(directory: Path) -> VaspRun:
    """Read a run directory, whatever state it is in."""
    xml, outcar = output_file(directory, "vasprun.xml"), output_file(directory, "OUTCAR")
    return VaspRun(
        directory,
        None if xml is None else read_vasprun(xml),
        None if outcar is None else read_outcar(outcar),
        read_corrections(directory),
    )


def read_vasprun(path: Path) -> Vasprun:
    """Read `vasprun.xml`; what comes before a break is kept, and the break is named."""
    found: dict[str, Any] = {"incar": {}, "parameters": {}, "symbols": (), "potcar": {}, "version": "", "kpoints": None}
    steps: list[IonicStep] = []
    broken = ""
    try:
        with open_output(path) as stream:
            for _, element in ET.iterparse(_WithoutBulk(stream)):  # noqa: S314 - the user's own output
                if element.tag == "calculation":
                    steps.append(_step(element))
                    element.clear()
                elif element.tag == "generator":
                    program = _values(element)
                    found["version"] = program.get("version", "")
                    found["stand_in"] = STAND_IN in " ".join(program.values())
                elif element.tag in {"incar", "parameters"}:
                    found[element.tag] = _values(element)
                elif element.tag == "kpoints":
                    found["kpoints"] = _kpoints(element)
                elif element.tag == "atominfo":
                    found["symbols"], found["potcar"] = _atoms(element)
    except (ET.ParseError, OSError, EOFError) as error:
        broken = str(error) or type(error).__name__
    return Vasprun(**found, steps=tuple(steps), broken=broken)


class _WithoutBulk:
    """
    A file without band energies and densities of states: most of its length, and nothing that a label needs.

    Parsed, they would cost more time than all the rest.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._until = b""

    def read(self, size: int = -1) -> bytes:
        """Return at least one line, of what is kept, until the file ends."""
        kept: list[bytes] = []
        length = 0
        for line in self._stream:
            if not self._until and (match := _BULKY.search(line)):
                self._until = b"</" + match[1] + b">"
            if self._until:
                self._until = b"" if self._until in line else self._until
                continue
            kept.append(line)
            length += len(line)
            if 0 <= size <= length:
                break
        return b"".join(kept)


def _values(element: ET.Element) -> dict[str, str]:
    out: dict[str, str] = {}
    for item in element.iter():
        name = item.get("name")
        if item.tag in {"i", "v"} and name:
            out.setdefault(name, (item.text or "").strip())
    return out


def _kpoints(element: ET.Element) -> KPoints:
    generation = element.find("generation")
    if generation is None:
        return KPoints("list", None)
    divisions = next((v.text for v in generation.iter("v") if v.get("name") == "divisions"), None)
    numbers = [int(n) for n in (divisions or "").split()]
    mesh = (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None
    return KPoints(generation.get("param", ""), mesh)


def _atoms(element: ET.Element) -> tuple[tuple[str, ...], dict[str, str]]:
    symbols: tuple[str, ...] = ()
    potcar: dict[str, str] = {}
    for array in element.iter("array"):
        rows = [[(c.text or "").strip() for c in row.iter("c")] for row in array.iter("rc")]
        if array.get("name") == "atoms":
            symbols = tuple(row[0] for row in rows)
        elif array.get("name") == "atomtypes":
            potcar = {row[1]: " ".join(row[4].split()) for row in rows if len(row) > 4}
    return symbols, potcar


def _step(element: ET.Element) -> IonicStep:
    scf = [_energies(step) for step in element.findall("scstep")]
    total = _energies(element)
    arrays = {a.get("name"): _rows(a) for a in element.findall("varray")}
    structure = {a.get("name"): _rows(a) for a in element.iterfind("structure//varray")}
    energy = total.get("e_fr_energy")
    last = scf[-1] if scf else {}
    sigma0 = None
    if energy is not None and {"e_fr_energy", "e_0_energy"} <= last.keys():
        # VASP 5 writes a wrong e_0_energy at the end of a step; the last electronic step has the right difference
        sigma0 = energy + last["e_0_energy"] - last["e_fr_energy"]
    stress = arrays.get("stress")
    return IonicStep(
        cell=structure.get("basis", np.zeros((3, 3))),
        fractional=structure.get("positions", np.zeros((0, 3))),
        scf_energies=tuple(s.get("e_fr_energy", float("nan")) for s in scf),
        energy=energy,
        energy_sigma0=sigma0,
        forces=arrays.get("forces"),
        stress=None if stress is None or stress.shape != (3, 3) else _voigt(-stress / KBAR_PER_EV_A3),
    )


def _voigt(tensor: np.ndarray) -> np.ndarray:
    return np.array([tensor[0, 0], tensor[1, 1], tensor[2, 2], tensor[1, 2], tensor[0, 2], tensor[0, 1]])


def _energies(element: ET.Element) -> dict[str, float]:
    block = element.find("energy")
    return {} if block is None else {str(i.get("name")): _number(i.text) for i in block.findall("i")}


def _rows(element: ET.Element) -> np.ndarray:
    rows = [[_number(word) for word in (v.text or "").split()] for v in element.findall("v")]
    return np.array([row if len(row) == 3 else [float("nan")] * 3 for row in rows]).reshape(-1, 3)


def _number(text: str | None) -> float:
    """Parse a number; asterisks, which Fortran prints for what does not fit, are not a number."""
    try:
        return float(text or "")
    except ValueError:
        return float("nan")
