"""``vasprun.xml``, piece by piece, as the run goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TextIO

import numpy as np

from .inputs import Poscar
from .state import Setup, Solution, band_energies, occupations

FLOATS = {"ENCUT", "ENMAX", "EDIFF", "SIGMA", "KSPACING", "NELECT", "SYMPREC", "AEXX", "HFSCREEN", "ALDAC", "AGGAC"}


class VasprunWriter:
    """Writes the file; each method adds what VASP knows by then."""

    def __init__(self, stream: TextIO, setup: Setup) -> None:
        self._stream = stream
        self._setup = setup

    def _write(self, *lines: str) -> None:
        self._stream.write("\n".join(lines) + "\n")

    def head(self) -> None:
        """Program, INCAR, k-points, parameters, atoms, the structure to start from."""
        s = self._setup
        self._write('<?xml version="1.0" encoding="ISO-8859-1"?>', "<modeling>", " <generator>")
        for name, value in (
            ("program", "vasp"),
            ("version", "6.4.1"),
            ("subversion", "STAND-IN, not VASP"),
            ("platform", "LinuxGNU"),
            ("date", "2000 01 01"),
            ("time", "00:00:00"),
        ):
            self._write(f'  <i name="{name}" type="string">{value} </i>')
        self._write(" </generator>", " <incar>", *(item(k, v) for k, v in s.incar.items()), " </incar>")
        self._kpoints()
        self._write(" <parameters>", *(item(k, v) for k, v in parameters(s).items()), " </parameters>")
        self._atoms()
        self._write(*structure(s.poscar, "initialpos"))

    def _kpoints(self) -> None:
        mesh = self._setup.mesh
        divisions = " ".join(f"{n:8d}" for n in mesh.divisions)
        zero = "      0.00000000       0.00000000       0.00000000"
        self._write(
            " <kpoints>",
            f'  <generation param="{mesh.scheme}">',
            f'   <v type="int" name="divisions">{divisions} </v>',
            f'   <v name="usershift">{zero} </v>',
            "  </generation>",
            *varray("kpointlist", mesh.points),
            *varray("weights", mesh.weights[:, None]),
            " </kpoints>",
        )

    def _atoms(self) -> None:
        p = self._setup.poscar
        self._write(f" <atominfo>\n  <atoms>{len(p.symbols):8d} </atoms>\n  <types>{len(p.species):8d} </types>")
        self._write(*table("atoms", (("string", "element"), ("int", "atomtype"))))
        kinds = {}
        for kind, (species, count) in enumerate(zip(p.species, p.counts, strict=True), 1):
            self._write(*([f"    <rc><c>{species:2s}</c><c>{kind:4d}</c></rc>"] * count))
            kinds[species] = kind
        self._write("   </set>\n  </array>")
        fields = (("int", "atomspertype"), ("string", "element"), ("", "mass"), ("", "valence"))
        self._write(*table("atomtypes", (*fields, ("string", "pseudopotential"))))
        for species, count, data in zip(p.species, p.counts, self._setup.potcar, strict=True):
            cells = (
                f"{count:4d}",
                f"{species:2s}",
                f"{data.mass:16.8f}",
                f"{data.valence:16.8f}",
                f"  {data.title:38s}",
            )
            self._write("    <rc>" + "".join(f"<c>{c}</c>" for c in cells) + "</rc>")
        self._write("   </set>\n  </array>\n </atominfo>")

    def open_step(self) -> None:
        """Begin the ionic step."""
        self._write(" <calculation>")

    def electronic_step(self, energy: float, entropy: float, seconds: float) -> None:
        """Add an electronic step with its energies, eV."""
        self._write("  <scstep>", f'   <time name="total">{seconds:8.2f}{seconds:8.2f}</time>')
        self._write(*energies(energy, entropy), "  </scstep>")

    def close_step(self, solution: Solution, seconds: float) -> None:
        """End the ionic step: structure, forces, stress, energies, bands, density of states."""
        self._write(*structure(self._setup.poscar, None))
        if "missing_forces" not in self._setup.faults:
            self._write(*varray("forces", solution.forces))
        if "missing_stress" not in self._setup.faults:
            self._write(*varray("stress", solution.stress))
        self._write(*energies(solution.energy, solution.entropy))
        self._write(f'  <time name="totalsc">{seconds:8.2f}{seconds:8.2f}</time>')
        self._bands()
        self._write(" </calculation>")

    def _bands(self) -> None:
        s = self._setup
        levels, fermi = band_energies(s)
        filled = occupations(levels, fermi, s.settings["SIGMA"])
        self._write("  <eigenvalues>\n   <array>")
        for dim, name in enumerate(("band", "kpoint", "spin"), 1):
            self._write(f'    <dimension dim="{dim}">{name}</dimension>')
        self._write("    <field>eigene</field>\n    <field>occ</field>\n    <set>")
        for spin in range(s.spins):
            self._write(f'     <set comment="spin {spin + 1}">')
            for k, (row, occupied) in enumerate(zip(levels, filled, strict=True), 1):
                self._write(f'      <set comment="kpoint {k}">')
                self._write(*(f"       <r>{e:10.4f}{o:10.4f} </r>" for e, o in zip(row, occupied, strict=True)))
                self._write("      </set>")
            self._write("     </set>")
        self._write("    </set>\n   </array>\n  </eigenvalues>")
        grid = np.linspace(levels.min() - 1, levels.max() + 1, 301)
        count = np.histogram(levels, bins=np.append(grid, grid[-1] + 1), weights=_band_weights(s))[0] * 2 / s.spins
        self._write(f'  <dos>\n   <i name="efermi">{fermi:17.8f} </i>\n   <total>\n    <array>')
        self._write('     <dimension dim="1">gridpoints</dimension>\n     <dimension dim="2">spin</dimension>')
        self._write(*(f"     <field>{name}</field>" for name in ("energy", "total", "integrated")), "     <set>")
        for spin in range(s.spins):
            rows = zip(grid, count / (grid[1] - grid[0]), np.cumsum(count), strict=True)
            self._write(f'      <set comment="spin {spin + 1}">')
            self._write(*(f"       <r>{a:10.4f}{b:10.4f}{c:10.4f} </r>" for a, b, c in rows), "      </set>")
        self._write("     </set>\n    </array>\n   </total>\n  </dos>")

    def end(self) -> None:
        """Last structure and closing tag."""
        self._write(*structure(self._setup.poscar, "finalpos"), "</modeling>")


def parameters(setup: Setup) -> dict[str, str]:
    """What ran, in VASP's names."""
    out = {name: _text(value) for name, value in setup.settings.items()}
    out |= {"NBANDS": str(setup.bands), "NELECT": f"{setup.electrons:.4f}", "LORBIT": "0", "LNONCOLLINEAR": "F"}
    out |= {"LSORBIT": "F", "LEPSILON": "F", "LCHIMAG": "F", "LHFCALC": "F", "AEXX": "0.0", "HFSCREEN": "0.0"}
    out |= {"LDAU": "F", "LUSE_VDW": "F", "ALDAC": "1.0", "AGGAC": "1.0", "SYMPREC": "0.00001", "IALGO": "38"}
    return out


def _text(value: Any) -> str:
    return "FT"[value] if isinstance(value, bool) else str(value)


def _band_weights(setup: Setup) -> np.ndarray:
    return np.repeat(setup.mesh.weights[:, None], setup.bands, axis=1)


def item(name: str, value: str) -> str:
    """Format a tag by its type, as VASP does."""
    text = value.strip()
    if text.strip(".").upper() in {"T", "F", "TRUE", "FALSE"}:
        return f'  <i type="logical" name="{name}"> {text.strip(".").upper()[0]}  </i>'
    if name == "MAGMOM":
        return f'  <v name="{name}">' + "".join(f"{x:16.8f}" for x in moments(text)) + "</v>"
    if re.fullmatch(r"[+-]?\d+", text) and name not in FLOATS:
        return f'  <i type="int" name="{name}">{int(text):6d}</i>'
    try:
        return f'  <i name="{name}">{float(text):16.8f}</i>'
    except ValueError:
        return f'  <i type="string" name="{name}">{text}</i>'


def moments(text: str) -> list[float]:
    """Read ``3*1.0 2.0``."""
    out: list[float] = []
    for word in text.split():
        count, _, value = word.rpartition("*")
        out += [float(value)] * int(count or 1)
    return out


def varray(name: str, rows: np.ndarray) -> Iterable[str]:
    """Format rows of numbers."""
    yield f'  <varray name="{name}" >'
    for row in rows:
        yield "   <v>" + "".join(f"{x:17.8f}" for x in row) + " </v>"
    yield "  </varray>"


def table(name: str, fields: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Open a table with its fields."""
    yield f'  <array name="{name}" >\n   <dimension dim="1">ion</dimension>'
    for kind, field in fields:
        yield f'   <field type="{kind}">{field}</field>' if kind else f"   <field>{field}</field>"
    yield "   <set>"


def energies(energy: float, entropy: float) -> Iterable[str]:
    """Format the free energy, the one without entropy, and the one at sigma -> 0."""
    yield "   <energy>"
    for name, value in (
        ("e_fr_energy", energy),
        ("e_wo_entrp", energy - entropy),
        ("e_0_energy", energy - entropy / 2),
    ):
        yield f'    <i name="{name}">{value:17.8f} </i>'
    yield "   </energy>"


def structure(poscar: Poscar, name: str | None) -> Iterable[str]:
    """Format a structure."""
    yield f' <structure name="{name}" >' if name else " <structure>"
    yield "  <crystal>"
    yield from varray("basis", poscar.cell)
    yield f'   <i name="volume">{abs(np.linalg.det(poscar.cell)):17.8f} </i>'
    yield from varray("rec_basis", np.linalg.inv(poscar.cell).T)
    yield "  </crystal>"
    yield from varray("positions", poscar.fractional)
    yield " </structure>"
