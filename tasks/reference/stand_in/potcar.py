"""Made-up POTCARs that pymatgen reads: headers of our own, no data of VASP's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

DATE = "01Jan2000"
VALENCE = {"W": 14.0, "Al": 3.0, "Fe": 8.0, "Mo": 14.0, "Ta": 11.0, "Nb": 11.0, "V": 13.0, "C": 4.0, "H": 1.0}

HEADER = """  {family} {variant} {date}
   {valence:.15f}
 parameters from PSCTR are:
   VRHFIN ={element}: made up for the stand-in
   LEXCH  = {exchange}
   EATOM  =   100.0000 eV,    7.3500 Ry

   TITEL  = {family} {variant} {date}
   LULTRA =        F    use ultrasoft PP ?
   IUNSCR =        1    unscreen: 0-lin 1-nonlin 2-no
   RPACOR =    2.000    partial core radius
   POMASS = {mass:8.3f}; ZVAL   = {valence:8.3f}    mass and valenz
   RCORE  =    2.300    outmost cutoff radius
   RWIGS  =    2.750; RWIGS  =    1.455    wigner-seitz radius (au A)
   ENMAX  =  223.000; ENMIN  =  167.000 eV
   LCOR   =        T    correct aug charges
   LPAW   =        T    paw PP
   EAUG   =  358.000
   RMAX   =    2.800    core radius for proj-oper
   RAUG   =    1.300    factor for augmentation sphere
   NDATA  =      100
 END of PSCTR-controll parameters
 local part
  1.0 2.0 3.0 4.0 5.0
  0.5 0.25 0.125 0.0625 0.03125
 End of Dataset
"""


def write_potcars(root: Path, variants: Mapping[str, str], *, release: str = "54", family: str = "PAW_PBE") -> Path:
    """
    Write a library as pymatgen looks for it (``PMG_VASP_PSP_DIR``).

    Parameters
    ----------
    root
        Directory of the library.
    variants
        Variant -> element, e.g. ``{"W_sv": "W"}``.
    release
        Of the library that it plays.
    family
        ``PAW_PBE``, or ``PAW`` for LDA.
    """
    from ase.data import atomic_masses, atomic_numbers

    kind = "GGA_PAW_PBE" if family == "PAW_PBE" else "LDA_PAW"
    folder = root / (f"POT_{kind.removeprefix('GGA_')}_64" if release == "64" else f"POT_{kind}_{release}")
    folder.mkdir(parents=True, exist_ok=True)
    for variant, element in variants.items():
        text = HEADER.format(
            family=family,
            variant=variant,
            element=element,
            date=DATE,
            valence=VALENCE.get(element, 4.0),
            mass=atomic_masses[atomic_numbers[element]],
            exchange="PE" if family == "PAW_PBE" else "CA",
        )
        (folder / f"POTCAR.{variant}").write_text(text)
    return root
