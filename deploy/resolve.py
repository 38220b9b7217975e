"""From a campaign file to the planner's inputs: outside files become content in the store."""

from __future__ import annotations

import glob
from pathlib import Path

from ..schemas.artifact import ArtifactStore
from ..schemas.campaign import Campaign
from ..schemas.errors import InputError
from ..schemas.reference import PotentialSpec
from ..tasks.potentials import load_potential
from ..workflows.inputs import CampaignInputs, PotentialInput


def resolve_inputs(campaign: Campaign, base: Path, store: ArtifactStore) -> CampaignInputs:
    """
    Read every file that a campaign names and put its bytes into the store.

    Parameters
    ----------
    campaign
        Validated.
    base
        Directory that relative paths start from: that of the campaign file.
    store
        Receives potentials, trajectories and datasets.

    Raises
    ------
    InputError
        If a file is missing or a potential does not know an element.
    """
    potentials = {}
    for name in potential_names(campaign):
        potential = load_potential(name, campaign.material.elements, base=base)
        potentials[name] = PotentialInput(potential.key, store.put_blob(potential.to_bytes()), potential.name)
    files = {}
    for pattern in file_patterns(campaign):
        found = matching_files(base, pattern)
        files[pattern] = tuple((path.name, store.put_blob(path.read_bytes())) for path in found)
    return CampaignInputs(campaign, potentials, files)


def potential_names(campaign: Campaign) -> list[str]:
    """Potentials that a campaign names, each once."""
    names = {campaign.sampling.potential: None}
    for scenario in campaign.sampling.scenarios:
        if scenario.potential is not None:
            names[scenario.potential] = None
    if isinstance(campaign.reference, PotentialSpec):
        names[campaign.reference.potential] = None
    return list(names)


def file_patterns(campaign: Campaign) -> list[str]:
    """Files and patterns that a campaign names besides potentials, each once."""
    patterns = [p for s in campaign.sampling.scenarios if s.kind == "trajectory" for p in s.files]
    if campaign.basic_set.dataset is not None:
        patterns.append(campaign.basic_set.dataset)
    return list(dict.fromkeys(patterns))


def matching_files(base: Path, pattern: str) -> list[Path]:
    """
    Files of a path or pattern, sorted by name.

    Raises
    ------
    InputError
        If there is none.
    """
    full = pattern if Path(pattern).is_absolute() else str(base / pattern)
    found = sorted(Path(p) for p in glob.glob(full) if Path(p).is_file())  # noqa: PTH207 - patterns may be absolute
    if not found:
        raise InputError(f"no file matches {pattern!r} (looked for {full})")
    return found
