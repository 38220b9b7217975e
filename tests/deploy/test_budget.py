"""The budget is a hard limit that is checked before anything starts."""

from __future__ import annotations

import pytest
from defectgenome.deploy.budget import STAGE_OF, Purse, hours
from defectgenome.schemas.artifact import Artifact, Item
from defectgenome.schemas.campaign import Campaign
from defectgenome.workflows.campaign import StageView, Survey
from defectgenome.workflows.compute import COMPUTED_BY
from defectgenome.workflows.stage import Stage

RAW = {
    "campaign": "t",
    "material": {"elements": ["W"], "structure": "bcc", "lattice_constant": 3.165},
    "sampling": {"size": "quick", "scenarios": [{"kind": "vacancies"}]},
}


def test_every_task_is_charged_somewhere():
    assert STAGE_OF.keys() == COMPUTED_BY.keys()


@pytest.mark.parametrize(("text", "expected"), [("04:00:00", 4), ("2-00:30:00", 48.5), ("00:00:36", 0.01)])
def test_walltimes(text, expected):
    assert hours(text) == pytest.approx(expected)


def test_resources_say_what_an_item_may_cost():
    raw = RAW | {"budget": {"core_hours": 100}, "resources": {"reference": {"ntasks": 48, "walltime": "01:00:00"}}}
    purse = Purse.of(Campaign.model_validate(raw))
    one, two, three = (Item("label", 1, {"n": n}) for n in range(3))
    assert purse.reserve(one)
    assert purse.reserve(two)
    assert not purse.reserve(three)  # 3 x 48 > 100
    purse.release(one)
    assert purse.reserve(three)
    purse.release(three)
    purse.spent = 60.0
    assert not purse.reserve(three)


def test_without_a_budget_nothing_is_held_back():
    purse = Purse.of(Campaign.model_validate(RAW))
    assert all(purse.reserve(Item("label", 1, {"n": n})) for n in range(1000))


def test_what_labels_have_cost_says_what_the_next_ones_may_cost():
    purse = Purse.of(Campaign.model_validate(RAW | {"budget": {"core_hours": 10}}))
    one, two = (Item("label", 1, {"n": n}) for n in range(2))
    found = {
        k: Artifact(k, "label", 1, {}, {}, {}, None, {"cpu_s": 3600.0 * hours}) for k, hours in (("a", 2), ("b", 4))
    }
    stage = Stage(0, "labels", ())
    purse.count(Survey([StageView(stage, found, ())]))
    assert purse.spent == 6
    assert purse.reserve(one)  # 6 + 3
    assert not purse.reserve(two)  # 6 + 3 + 3
