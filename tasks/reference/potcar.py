"""POTCARs: where pymatgen finds them, and which are missing. Their content is never read into anything of ours."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...schemas.reference import VaspSpec
from .vasp_inputs import potcar_functional


def missing_potcars(spec: VaspSpec, elements: Iterable[str]) -> list[str]:
    """
    Say what is missing for a spec, a sentence for each file (or for the library); empty when all is there.

    Parameters
    ----------
    spec
        Names the variants.
    elements
        Those that will be computed; elements for which the spec names no variant are `VaspSpec.problems`.
    """
    root, where = library()
    if root is None:
        return [
            f"POTCAR library: set PMG_VASP_PSP_DIR, or write it to {where} (`pmg config --add PMG_VASP_PSP_DIR DIR`)"
        ]
    if not root.is_dir():
        return [f"POTCAR library: PMG_VASP_PSP_DIR is {root}, which is no directory"]
    folder = root / library_folder(potcar_functional(spec))
    variants = {element: spec.potcar[element] for element in sorted(set(elements)) if element in spec.potcar}
    return [
        f"POTCAR {variant} of {element}: neither POTCAR.{variant} nor {variant}/POTCAR (or .gz) in {folder}"
        for element, variant in variants.items()
        if potcar_path(folder, variant) is None
    ]


def library() -> tuple[Path | None, Path]:
    """Directory of the library, as pymatgen reads it from the environment or its settings; and the settings file."""
    from pymatgen.core import SETTINGS
    from pymatgen.core import SETTINGS_FILE as WHERE

    named = SETTINGS.get("PMG_VASP_PSP_DIR")
    return (Path(named).expanduser() if named else None), Path(WHERE)


def library_folder(functional: str) -> str:
    """Folder of a POTCAR family in the library, by pymatgen's names."""
    from pymatgen.core import SETTINGS
    from pymatgen.io.vasp.inputs import POTCAR_FUNCTIONAL_MAP

    return str(SETTINGS.get("PMG_VASP_PSP_SUB_DIRS", {}).get(functional, POTCAR_FUNCTIONAL_MAP[functional]))


def potcar_path(folder: Path, variant: str) -> Path | None:
    """Find the file of a variant, compressed or not, in pymatgen's order."""
    for base in (folder / f"POTCAR.{variant}", folder / variant / "POTCAR"):
        for suffix in ("", ".gz", ".GZ", ".bz2", ".Z"):
            path = base.with_name(base.name + suffix)
            if path.is_file():
                return path
    return None
