"""A campaign with everything outside its file resolved to content: what the planner plans from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..schemas.campaign import Campaign
from ..schemas.scenario import ScenarioBase, label, resolve, single_runs


@dataclass(frozen=True)
class PotentialInput:
    """A sampling or reference potential: its content key, and the blob that holds it."""

    key: str
    blob: str
    name: str


@dataclass(frozen=True)
class CampaignInputs:
    """
    All that decides a campaign.

    Attributes
    ----------
    campaign
        The validated file.
    potentials
        Name in the file -> potential, for ``sampling.potential``, each scenario's and the reference's.
    files
        Pattern or path in the file -> ((file name, digest of its bytes), ...): trajectories and datasets.
    """

    campaign: Campaign
    potentials: Mapping[str, PotentialInput]
    files: Mapping[str, tuple[tuple[str, str], ...]]

    @property
    def reference_potential(self) -> PotentialInput:
        """The teacher, when the reference is a potential."""
        return self.potentials[self.campaign.reference.potential]  # type: ignore[union-attr]

    def sampling_runs(self) -> list[ScenarioBase]:
        """Single runs of the sampling scenarios, with distinct labels."""
        return _runs(self.campaign.sampling.scenarios, self.campaign.sampling.size)

    def exploration_runs(self) -> list[ScenarioBase]:
        """Single runs of the active-learning scenarios, with distinct labels."""
        return _runs(self.campaign.active_learning.scenarios, self.campaign.sampling.size)


def _runs(scenarios: tuple[ScenarioBase, ...], size: str) -> list[ScenarioBase]:
    """Resolve, split, and number the labels that would coincide."""
    runs = [run for s in scenarios for run in single_runs(resolve(s, size))]  # type: ignore[arg-type]
    taken: dict[str, int] = {}
    out = []
    for run in runs:
        name = label(run)
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            run = run.model_copy(update={"name": f"{run.name or run.kind}-{taken[name]}"})  # type: ignore[attr-defined]  # noqa: PLW2901
        out.append(run)
    return out
