"""An interatomic potential that LAMMPS can evaluate: pair style, coefficients, files."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .keys import content_key, digest


@dataclass(frozen=True)
class PairPotential:
    """
    What `pair_style` and `pair_coeff` need, files included.

    Attributes
    ----------
    name
        For people: ``zhou2004``, a file name.
    elements
        Chemical symbols in the order of the LAMMPS atom types.
    pair_style
        E.g. ``eam/alloy``.
    pair_coeff
        Arguments of each ``pair_coeff`` line; ``{file}`` style placeholders name entries of ``files``, and
        ``{elements}`` stands for the elements by type.
    files
        File name -> contents.
    masses
        g/mol by type.
    """

    name: str
    elements: tuple[str, ...]
    pair_style: str
    pair_coeff: tuple[str, ...]
    files: Mapping[str, bytes]
    masses: tuple[float, ...]
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Hash of what decides energies and forces (the name does not)."""
        return content_key(
            "pair_potential",
            1,
            {
                "elements": list(self.elements),
                "pair_style": self.pair_style,
                "pair_coeff": list(self.pair_coeff),
                "files": {name: digest(data) for name, data in self.files.items()},
                "masses": list(self.masses),
            },
        )

    def to_bytes(self) -> bytes:
        """Serialise to JSON, files included."""
        body = {
            "name": self.name,
            "elements": list(self.elements),
            "pair_style": self.pair_style,
            "pair_coeff": list(self.pair_coeff),
            "files": {name: base64.b64encode(data).decode() for name, data in sorted(self.files.items())},
            "masses": list(self.masses),
            "info": dict(self.info),
        }
        return json.dumps(body, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> PairPotential:
        """Inverse of `to_bytes`."""
        body = json.loads(data)
        return cls(
            name=body["name"],
            elements=tuple(body["elements"]),
            pair_style=body["pair_style"],
            pair_coeff=tuple(body["pair_coeff"]),
            files={name: base64.b64decode(text) for name, text in body["files"].items()},
            masses=tuple(body["masses"]),
            info=body["info"],
        )

    def write(self, directory: Path) -> None:
        """Write the files into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (directory / name).write_bytes(data)

    def commands(self, directory: Path, *, repeat: int = 1) -> list[str]:
        """
        LAMMPS commands that set masses, style and coefficients.

        Parameters
        ----------
        directory
            Where `write` put the files.
        repeat
            Give the atom types this many times over: types 1..n, then n+1..2n of the same elements (fixed and
            mobile atoms, say).
        """
        elements = self.elements * repeat
        masses = self.masses * repeat
        names = {name: str(directory / name) for name in self.files}
        out = [f"mass {i} {m}" for i, m in enumerate(masses, 1)]
        out.append(f"pair_style {self.pair_style}")
        for line in self.pair_coeff:
            text = line.replace("{elements}", " ".join(elements))
            for name, path in names.items():
                text = text.replace("{" + name + "}", path)
            out.append(f"pair_coeff {text}")
        return out
