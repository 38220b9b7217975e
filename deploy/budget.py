"""The budget: what a campaign has spent, and whether what is about to start still fits."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..schemas.artifact import Artifact, Item
from ..schemas.campaign import Campaign
from ..workflows.campaign import Survey
from .estimate import estimate

# which stage's resources, or whose estimate, an item is charged with
STAGE_OF = {
    "basic_cells": "sampling",
    "user_dataset": "sampling",
    "sample": "sampling",
    "active_set": "selection",
    "candidates": "selection",
    "select": "selection",
    "reconstruct": "reconstruction",
    "label": "reference",
    "dataset": "training",
    "fit": "training",
    "explore": "exploration",
    "properties": "training",
    "uncertainty": "training",
}


@dataclass
class Purse:
    """
    Core-hours of one campaign.

    Attributes
    ----------
    limit
        ``budget.core_hours``; None without a budget.
    expected
        Stage -> core-hours that one item may take: cores x walltime where the resources say so, else the estimate,
        or the mean of those that are published where that is more.
    """

    limit: float | None
    expected: dict[str, float]
    reserved: dict[str, float] = field(default_factory=dict)
    spent: float = 0.0

    @classmethod
    def of(cls, campaign: Campaign) -> Purse:
        """Make the purse of a campaign."""
        expected = {s.stage: s.core_hours / max(s.jobs, 1) for s in estimate(campaign)}
        for stage, resources in campaign.resources.items():
            expected[stage] = resources.ntasks * resources.nodes * hours(resources.walltime)
        return cls(campaign.budget.core_hours if campaign.budget else None, expected)

    def count(self, survey: Survey) -> None:
        """Take what is published as spent, and as what the next ones may cost."""
        self.spent = spent_core_hours(survey)
        costs: dict[str, list[float]] = {}
        for artifact in survey.reachable().values():
            costs.setdefault(STAGE_OF[artifact.task], []).append(core_hours(artifact))
        for stage, found in costs.items():
            self.expected[stage] = max(self.expected.get(stage, 0.0), sum(found) / len(found))

    def reserve(self, item: Item) -> bool:
        """Reserve an item's core-hours; False when they would exceed the limit."""
        cost = self.expected.get(STAGE_OF[item.task], 0.0)
        if self.limit is not None and self.spent + sum(self.reserved.values()) + cost > self.limit:
            return False
        self.reserved[item.key] = cost
        return True

    def release(self, item: Item) -> None:
        """Give back what was reserved for an item that has ended."""
        self.reserved.pop(item.key, None)


def spent_core_hours(survey: Survey) -> float:
    """Core-hours of the published artifacts; those of labels from a shared store count, too."""
    return sum(map(core_hours, survey.reachable().values()))


def core_hours(artifact: Artifact) -> float:
    """Core-hours that an artifact cost."""
    return float(artifact.provenance.get("cpu_s", 0.0)) / 3600


def hours(walltime: str) -> float:
    """Hours of ``[days-]HH:MM:SS``."""
    days, _, clock = walltime.rpartition("-")
    h, m, s = (int(part) for part in clock.split(":"))
    return 24 * int(days or 0) + h + m / 60 + s / 3600
