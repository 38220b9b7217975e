"""Potentials by name, setfl file or YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..schemas.errors import InputError
from ..schemas.pair_potential import PairPotential

BUILT_IN = ("zhou2004", "finnis-sinclair")


def load_potential(name: str, elements: Sequence[str], *, base: Path | None = None) -> PairPotential:
    """
    Load a potential for some elements.

    Parameters
    ----------
    name
        ``zhou2004`` or ``finnis-sinclair`` (generated from their published parameters), the path of a setfl
        file (``.eam.alloy``, ``.eam.fs``), or of a YAML file with ``pair_style`` and ``pair_coeff``.
    elements
        Chemical symbols, in the order of the atom types.
    base
        Directory that relative paths start from.

    Raises
    ------
    InputError
        If the name is neither, a file is missing, or an element is not in it.
    """
    if name == "zhou2004":
        from .sampling.eam_zhou import zhou2004

        return zhou2004(elements)
    if name == "finnis-sinclair":
        from .reference.finnis_sinclair import finnis_sinclair

        return finnis_sinclair(elements)
    path = Path(name) if base is None else base / name
    if not path.is_file():
        raise InputError(
            f"potential {name!r}: neither a built-in name ({', '.join(BUILT_IN)}) nor a file that exists ({path})"
        )
    if path.name.endswith((".eam.alloy", ".eam.fs")):
        return read_setfl(path, elements)
    if path.suffix in {".yaml", ".yml"}:
        return read_potential_yaml(path, elements)
    raise InputError(f"potential {path}: must end in .eam.alloy, .eam.fs or .yaml")


def read_setfl(path: Path, elements: Sequence[str]) -> PairPotential:
    """
    Take a setfl file as it is.

    Raises
    ------
    InputError
        If it is not setfl or lacks an element.
    """
    data = path.read_bytes()
    known, cutoff = setfl_header(data, path)
    missing = [e for e in elements if e not in known]
    if missing:
        raise InputError(f"potential {path}: has {' '.join(known)}, not {' '.join(missing)}")
    style = "eam/fs" if path.name.endswith(".eam.fs") else "eam/alloy"
    return PairPotential(
        name=path.name,
        elements=tuple(elements),
        pair_style=style,
        pair_coeff=("* * {" + path.name + "} {elements}",),
        files={path.name: data},
        masses=element_masses(elements),
        info={"cutoff": cutoff},
    )


def setfl_header(data: bytes, path: Path) -> tuple[list[str], float]:
    """Return (elements, cutoff in A) of a setfl file."""
    try:
        lines = data.decode("utf-8", errors="replace").splitlines()
        head = lines[3].split()
        known = head[1 : 1 + int(head[0])]
        cutoff = float(lines[4].split()[4])
    except (IndexError, ValueError) as error:
        raise InputError(f"potential {path}: not a setfl file (line 4: number of elements and their names)") from error
    return known, cutoff


def read_potential_yaml(path: Path, elements: Sequence[str]) -> PairPotential:
    """
    Read ``pair_style``, ``pair_coeff`` (a line or a list of them) and optional ``masses`` from YAML.

    Words of ``pair_coeff`` that name a file beside the YAML are taken along; ``{elements}`` stands for the
    elements by type.

    Raises
    ------
    InputError
        If a key is missing or unknown, or the file cannot be read.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        raw = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"potential {path}: not readable as YAML: {error}") from error
    allowed = {"name", "pair_style", "pair_coeff", "masses"}
    if not isinstance(raw, dict) or not {"pair_style", "pair_coeff"} <= raw.keys() <= allowed:
        raise InputError(f"potential {path}: needs pair_style and pair_coeff, may have name and masses, nothing else")
    lines = [raw["pair_coeff"]] if isinstance(raw["pair_coeff"], str) else list(raw["pair_coeff"])
    files: dict[str, bytes] = {}
    coeff = []
    for line in lines:
        words = []
        for word in str(line).split():
            candidate = path.parent / word
            if word not in {"*", "."} and candidate.is_file():
                files[candidate.name] = candidate.read_bytes()
                words.append("{" + candidate.name + "}")
            elif "/" in word or word.endswith(
                (".alloy", ".fs", ".meam", ".sw", ".tersoff", ".txt", ".coeff", ".param")
            ):
                raise InputError(f"potential {path}: pair_coeff names {word!r}, which is not at {candidate}")
            else:
                words.append(word)
        coeff.append(" ".join(words))
    masses = raw.get("masses") or {}
    defaults = dict(zip(elements, element_masses(elements), strict=True))
    return PairPotential(
        name=str(raw.get("name", path.stem)),
        elements=tuple(elements),
        pair_style=str(raw["pair_style"]),
        pair_coeff=tuple(coeff),
        files=files,
        masses=tuple(float(masses.get(e, defaults[e])) for e in elements),
    )


def element_masses(elements: Sequence[str]) -> tuple[float, ...]:
    """Standard atomic masses, g/mol."""
    from ase.data import atomic_masses, atomic_numbers

    unknown = [e for e in elements if e not in atomic_numbers or e == "X"]
    if unknown:
        raise InputError(f"unknown element {unknown[0]!r}: give chemical symbols such as W or Cu")
    return tuple(float(atomic_masses[atomic_numbers[e]]) for e in elements)
