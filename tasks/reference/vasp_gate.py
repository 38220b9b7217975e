"""The acceptance gate of a finished VASP run: positive evidence, not the absence of an error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...schemas.reference import VaspSpec
from .gate import Verdict, verdict
from .vasp_inputs import ismear, spacing_mesh
from .vasp_outcar import Outcar
from .vasp_outputs import VaspRun, Vasprun

PRINTED = 1e-8  # eV: vasprun.xml has 8 decimals
FUNCTIONALS = {"PE": "PBE", "PS": "PBEsol", "CA": "LDA", "91": "PW91", "RP": "RPBE", "AM": "AM05"}
METAGGA = {"SCAN": "SCAN", "R2SCAN": "r2SCAN"}


def judge_run(run: VaspRun, spec: VaspSpec | None = None, mesh: tuple[int, int, int] | None = None) -> Verdict:
    """
    Judge a run as a whole: it came to its own end, every electronic loop converged, the settings are those asked for.

    Parameters
    ----------
    run
        As read.
    spec
        Without it settings are not judged.
    mesh
        Divisions that were asked for, where they are known; else those that the spec gives for the run's cell.
    """
    xml, outcar = run.vasprun, run.outcar
    if xml is None or outcar is None:
        return verdict(
            {
                "vasprun": "no vasprun.xml: nothing to read energies and forces from" if xml is None else None,
                "outcar": "no OUTCAR: nothing proves that the run came to its end" if outcar is None else None,
            }
        )
    reasons = {
        "vasprun": f"vasprun.xml is cut off or damaged ({xml.broken})" if xml.broken else None,
        "finished": None if outcar.finished else "OUTCAR has no timing footer: the run did not come to its end",
        "stopped": "a STOPCAR ended the run" if outcar.stopped else None,
        "ionic_steps": None if xml.steps else "no ionic step",
        "ediff_reached": ediff_not_reached(xml, outcar),
        "nelm": nelm_reached(xml),
        "energy_change": energy_still_changes(xml),
        "one_run": different_runs(xml, outcar),
    }
    if spec is not None:
        reasons["engine"] = engine_differs(run, spec)
        reasons |= {f"setting_{name}": reason for name, reason in settings_differ(xml, spec, mesh).items()}
    return verdict(reasons)


def ediff_not_reached(xml: Vasprun, outcar: Outcar) -> str | None:
    """Say how often EDIFF was not reached, or None: once per ionic step is right."""
    if outcar.converged == len(xml.steps) and not outcar.unconverged:
        return None
    return f"EDIFF was reached {outcar.converged} times in {len(xml.steps)} ionic steps"


def nelm_reached(xml: Vasprun) -> str | None:
    """Say in which ionic step the electronic steps ran out, or None."""
    nelm = _number(xml.setting("NELM"))
    if nelm is None:
        return "NELM is not in vasprun.xml"
    for i, step in enumerate(xml.steps):
        if len(step.scf_energies) >= nelm:
            return f"ionic step {i + 1} took all NELM = {nelm:.0f} electronic steps"
    return None


def energy_still_changes(xml: Vasprun) -> str | None:
    """Say in which ionic step the energy had not come to rest, or None."""
    ediff = _number(xml.setting("EDIFF"))
    if ediff is None:
        return "EDIFF is not in vasprun.xml"
    for i, step in enumerate(xml.steps):
        if len(step.scf_energies) < 2:
            return f"ionic step {i + 1} has {len(step.scf_energies)} electronic steps"
        change = abs(step.scf_energies[-1] - step.scf_energies[-2])
        if not change <= abs(ediff) + PRINTED:  # also when it is not a number
            return f"energy of ionic step {i + 1} changed by {change:.1e} eV in the end, EDIFF is {abs(ediff):.1e}"
    return None


def different_runs(xml: Vasprun, outcar: Outcar) -> str | None:
    """Say that OUTCAR and vasprun.xml tell of different runs, or None."""
    energies = [step.energy for step in xml.steps]
    if len(energies) != len(outcar.energies):
        return f"vasprun.xml has {len(energies)} ionic steps, OUTCAR {len(outcar.energies)}"
    for i, (a, b) in enumerate(zip(energies, outcar.energies, strict=True)):
        if a is not None and np.isfinite([a, b]).all() and abs(a - b) > 1e-5:
            return f"energy of ionic step {i + 1} is {a:.6f} eV in vasprun.xml and {b:.6f} eV in OUTCAR"
    return None


def engine_differs(run: VaspRun, spec: VaspSpec) -> str | None:
    """Say that the program was the stand-in where VASP was asked for, or the other way round; or None."""
    asked = "vasp-stand-in" if spec.stand_in else "vasp"
    return None if run.engine == asked else f"program: asked {asked}, ran {run.engine}"


def settings_differ(xml: Vasprun, spec: VaspSpec, mesh: tuple[int, int, int] | None = None) -> dict[str, str | None]:
    """Compare the physics that ran with a spec, whatever an error handler made of the input on the way."""
    found = settings_found(xml)
    out = {
        "functional": _differs("functional", spec.functional, found["functional"]),
        "dispersion": "a van der Waals correction ran, the spec has none" if found["dispersion"] else None,
        "ENCUT": _differs("ENCUT", spec.encut, found["ENCUT"]),
        "EDIFF": _differs("EDIFF", spec.ediff, found["EDIFF"]),
        "ISMEAR": _differs("ISMEAR", ismear(spec), found["ISMEAR"]),
        "SIGMA": None if ismear(spec) == -5 else _differs("SIGMA", spec.smearing.sigma, found["SIGMA"]),
        "ISPIN": _differs("ISPIN", 2 if spec.spin else 1, found["ISPIN"] or 1),
        "ISYM": _symmetry_differs(xml, spec.symmetry),
        "kpoints": kpoints_differ(xml, spec, mesh),
    }
    if xml.setting("PREC"):
        out["PREC"] = _differs("PREC", spec.precision[:4], found["PREC"])
    for name, asked in (("LASPH", spec.aspherical), ("LREAL", False)):
        if xml.setting(name):
            out[name] = None if found[name] == asked else f"{name}: asked {asked}, ran {found[name]}"
    for element, variant in spec.potcar.items():
        if element in xml.potcar:
            out[f"potcar_{element}"] = potcar_differs(xml.potcar[element], variant, spec.functional)
    return out


def potcar_differs(title: str, variant: str, functional: str) -> str | None:
    """Say that a title is not of the variant and the family asked for, or None."""
    words = title.split()
    family = "PAW" if functional == "LDA" else "PAW_PBE"
    if len(words) < 2 or words[1] != variant:
        return f"POTCAR: asked {variant}, ran {title}"
    return None if words[0] == family else f"POTCAR: asked one of {family}, ran {title}"


def kpoints_differ(xml: Vasprun, spec: VaspSpec, mesh: tuple[int, int, int] | None = None) -> str | None:
    """
    Say how the k-points differ from those asked for, or None.

    With KSPACING in the INCAR that value counts. A mesh from a KPOINTS file must be the one asked for: ``mesh``, else
    the spec's, else what its spacing gives along each reciprocal vector.
    """
    asked = mesh or spec.kpoint_mesh
    spacing = _number(xml.incar.get("KSPACING"))
    gamma = not (xml.setting("KGAMMA") or "T").upper().lstrip(".").startswith("F")
    if spacing is not None and asked is None and spec.kpoint_rounding == "up":  # as VASP itself rounds it
        if abs(spacing - spec.kpoint_spacing) > 1e-6:
            return f"KSPACING: asked {spec.kpoint_spacing:g}, ran {spacing:g}"
        return (
            None if gamma == spec.gamma_centred or _all_odd(xml) else f"KGAMMA: asked {spec.gamma_centred}, ran {gamma}"
        )
    if not xml.steps:
        return None  # nothing was computed, with whatever mesh: said by another criterion
    if xml.kpoints is None or xml.kpoints.divisions is None:
        return f"k-points: a list or no mesh, the spec asks for {asked or f'{spec.kpoint_spacing:g} 1/A'}"
    if asked is None:
        asked = spacing_mesh(xml.steps[0].cell, spec.kpoint_spacing, spec.kpoint_rounding)
    if asked != xml.kpoints.divisions:
        ran = " x ".join(map(str, xml.kpoints.divisions))
        why = "" if spec.kpoint_mesh else f"a spacing of {spec.kpoint_spacing:g} 1/A is "
        return f"k-points: {why}{' x '.join(map(str, asked))}, ran {ran}"
    centred = xml.kpoints.scheme.lower().startswith("g")
    if centred != spec.gamma_centred and not _all_odd(xml):
        return f"k-points: {xml.kpoints.scheme}, asked gamma_centred {spec.gamma_centred}"
    return None


def _all_odd(xml: Vasprun) -> bool:
    """A mesh of odd divisions holds Gamma in either scheme."""
    return xml.kpoints is not None and all(n % 2 for n in xml.kpoints.divisions or (2,))


def physics_found(run: VaspRun) -> dict[str, Any]:
    """
    Physics that a run was made with: labels whose values differ never meet in a dataset.

    The k-point mesh, which goes with the cell, counts by its spacing where the INCAR gives one.
    """
    assert run.vasprun is not None
    return {"engine": run.engine, **settings_found(run.vasprun)}


def settings_found(xml: Vasprun) -> dict[str, Any]:
    """Physics settings of a run."""
    return {
        "functional": functional_of(xml),
        "dispersion": _true(xml.setting("LUSE_VDW")) or (_number(xml.incar.get("IVDW")) or 0) != 0,
        "ENCUT": _number(xml.setting("ENMAX", "ENCUT")),
        "EDIFF": _number(xml.setting("EDIFF")),
        "PREC": (xml.setting("PREC") or "normal").lower()[:4],
        "ISMEAR": _number(xml.setting("ISMEAR")),
        "SIGMA": _number(xml.setting("SIGMA")),
        "ISPIN": _number(xml.setting("ISPIN")),
        "LREAL": (xml.setting("LREAL") or "F").upper().lstrip(".").startswith(("T", "A", "O")),
        "LASPH": _true(xml.setting("LASPH")),
        "KSPACING": _number(xml.incar.get("KSPACING")),
        "potcar": dict(sorted(xml.potcar.items())),
    }


def functional_of(xml: Vasprun) -> str:
    """Name the functional; what VASP takes from the POTCAR where the INCAR says nothing."""
    if _true(xml.setting("LHFCALC")):
        return "hybrid"
    meta = (xml.incar.get("METAGGA") or xml.parameters.get("METAGGA") or "").strip().upper()
    if meta and meta not in {"--", "NONE", "F"}:
        return METAGGA.get(meta, meta)
    gga = (xml.incar.get("GGA") or xml.parameters.get("GGA") or "--").strip().upper()
    if gga != "--":
        return FUNCTIONALS.get(gga, gga)
    families = {title.split()[0] for title in xml.potcar.values() if title}
    return {"PAW_PBE": "PBE", "PAW_GGA": "PW91", "PAW": "LDA"}.get("".join(families), "unknown")


def _symmetry_differs(xml: Vasprun, wanted: bool) -> str | None:
    isym = _number(xml.setting("ISYM"))
    if isym is None or (isym > 0) == wanted:
        return None
    return f"ISYM: asked symmetry {wanted}, ran {isym:.0f}"


def _differs(name: str, asked: float | str, ran: float | str | None) -> str | None:
    if ran is None:
        return f"{name}: asked {asked}, not in vasprun.xml"
    if isinstance(asked, str) or isinstance(ran, str):
        same = str(asked).lower() == str(ran).lower()
    else:
        same = math.isclose(asked, ran, rel_tol=1e-6, abs_tol=1e-12)
    if same:
        return None
    return f"{name}: asked {asked}, ran {ran:g}" if isinstance(ran, float) else f"{name}: asked {asked}, ran {ran}"


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text.split()[0])
    except (ValueError, IndexError):
        return None


def _true(text: str | None) -> bool:
    return (text or "F").upper().lstrip(".").startswith("T")
