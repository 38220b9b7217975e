"""The planner is a pure function: driven here by artifacts that a test writes, through whole campaigns."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from defectgenome.schemas.artifact import Artifact, Item, Refusal
from defectgenome.schemas.campaign import Campaign
from defectgenome.workflows.campaign import Survey, advance, survey
from defectgenome.workflows.compute import COMPUTED_BY, chains_of
from defectgenome.workflows.inputs import CampaignInputs, PotentialInput

GAMMAS = {1: 30.0, 2: 3.0, 3: 1.2}  # of the exploration, by iteration


def campaign_inputs(**changes) -> CampaignInputs:
    raw = {
        "campaign": "t",
        "material": {"elements": ["W"], "structure": "bcc", "lattice_constant": 3.165},
        "sampling": {
            "size": "quick",
            "scenarios": [{"kind": "polycrystal", "temperatures": [300, 900]}, {"kind": "vacancies"}],
        },
        "training": {"ensemble": 2},
        "active_learning": {"scenarios": [{"kind": "polycrystal", "temperatures": [300, 900]}]},
    }
    for section, values in changes.items():
        raw[section] = raw.get(section, {}) | values
    potentials = {n: PotentialInput(f"key-{n}", f"blob-{n}", n) for n in ("zhou2004", "finnis-sinclair")}
    return CampaignInputs(Campaign.model_validate(raw), potentials, {})


@dataclass
class Ledger:
    """Published artifacts, made up from the items alone."""

    gammas: dict[int, float] = field(default_factory=lambda: dict(GAMMAS))
    refuse: set[str] = field(default_factory=set)  # tasks that are refused
    refuse_one_in: dict[str, int] = field(default_factory=dict)
    labels: str = "frame"  # what labels say
    later_environments: int = 3  # that are selected from an exploration
    break_down: set[str] = field(default_factory=set)  # temperatures of explorations that are refused
    lose: set[str] = field(default_factory=set)
    found: dict[str, Artifact] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    explored: dict[str, int] = field(default_factory=dict)  # active set -> iteration

    def get(self, item: Item) -> Artifact | None:
        return self.found.get(item.key)

    def given_up(self, item: Item) -> bool:
        return item.key in self.lost

    def publish(self, item: Item) -> None:
        assert item.key not in self.found, f"{item.task} computed twice"
        assert item.task in COMPUTED_BY
        if item.task in self.lose:
            self.lost.add(item.key)
            return
        every = self.refuse_one_in.get(item.task, 0)
        no = item.task in self.refuse or (every and int(item.key[:8], 16) % every == 0)
        no = no or (item.task == "explore" and any(t in str(item.inputs["scenario"]) for t in self.break_down))
        refusal = Refusal("made_up", ("because",)) if no else None
        document, blobs = ({}, {}) if no else self._result(item)
        self.found[item.key] = Artifact(item.key, item.task, 1, item.inputs, document, blobs, refusal)

    def _result(self, item: Item) -> tuple[dict, dict]:
        short = item.key[:6]
        if item.task == "basic_cells":
            return {"structures": [f"basic-{i}" for i in range(20)]}, {"cells": "blob-basic"}
        if item.task == "candidates":
            return {"gamma_max": 12.0}, {}
        if item.task == "select":
            names = [f"{short}-{i}" for i in range(self.later_environments if self.explored else 3)]
            return {"environments": names}, {n: f"blob-{n}" for n in names}
        if item.task == "reconstruct":
            return {"structure": f"cell-{item.inputs['environment']}"}, {"cell": f"blob-{short}"}
        if item.task == "explore":
            n = self.explored.setdefault(item.inputs["active_set"], len(self.explored) + 1)
            return {"gamma_max": self.gammas[n], "ended": "finished"}, {}
        if item.task == "label":
            return {}, {"frame": f"{self.labels}-{short}"}
        return {}, {}


def drive(inputs: CampaignInputs, ledger: Ledger, rng: random.Random | None = None) -> Survey:
    """Do what `advance` says until it says nothing; with a generator, in random order and in part only."""
    for _ in range(500):
        flows = advance(inputs, ledger)
        items = [i for _, flow in flows for chain in chains_of(flow) for i in chain[:1]]
        if not items:
            return survey(inputs, ledger)
        if rng is not None:
            items = rng.sample(items, rng.randint(1, len(items)))
        for item in items:
            if ledger.get(item) is None:
                ledger.publish(item)
    raise AssertionError("it does not end")


def test_a_campaign_runs_to_convergence():
    ledger = Ledger()
    end = drive(campaign_inputs(), ledger)
    assert end.state == "converged"
    assert end.iterations == 4  # 0, and exploration 1 to 3, the last of which finds nothing
    names = [v.stage.name for v in end.stages if v.stage.iteration == 1]
    assert names == ["exploration", "selection", "reconstruction", "labels", "dataset", "training"]
    assert end.stages[-1].stage.name == "validation"
    assert end.fit in ledger.found
    tasks = [a.task for a in ledger.found.values()]
    assert tasks.count("fit") == 2 * 3  # two members, three datasets
    assert tasks.count("label") == 20 + 3 * 3


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_completion_does_not_matter(seed):
    calm, stormy = Ledger(), Ledger()
    drive(campaign_inputs(), calm)
    drive(campaign_inputs(), stormy, random.Random(seed))
    assert calm.found.keys() == stormy.found.keys()


def test_advance_changes_nothing_and_says_the_same_twice():
    inputs, ledger = campaign_inputs(), Ledger()
    first, second = advance(inputs, ledger), advance(inputs, ledger)
    assert [s for s, _ in first] == [s for s, _ in second]
    assert not ledger.found


def test_a_stage_keeps_its_id_while_its_work_is_done():
    inputs, ledger = campaign_inputs(), Ledger()
    ids = set()
    for _ in range(40):
        flows = advance(inputs, ledger)
        if not flows:
            break
        ids |= {stage_id for stage_id, _ in flows}
        ledger.publish(chains_of(flows[0][1])[0][0])
    assert len(ids) > 4
    assert len(ids) == len({i.rsplit(".", 1)[0] for i in ids})


def test_batches_hold_all_the_work_once():
    inputs, ledger = campaign_inputs(), Ledger()
    for _ in range(2):
        for _, flow in advance(inputs, ledger):
            for chain in chains_of(flow):
                for item in chain:
                    if ledger.get(item) is None:
                        ledger.publish(item)
            break
    whole = {s: sorted(i.key for c in chains_of(f) for i in c) for s, f in advance(inputs, ledger)}
    cut = {s: sorted(i.key for c in chains_of(f) for i in c) for s, f in advance(inputs, ledger, batches=4)}
    assert whole == cut
    assert max(len(f.jobs) for _, f in advance(inputs, ledger, batches=4)) == 4


def test_resources_budget_and_limits_do_not_enter_a_key():
    plain, rich = Ledger(), Ledger()
    drive(campaign_inputs(), plain)
    drive(campaign_inputs(resources={"sampling": {"ntasks": 16}}, budget={"core_hours": 5}), rich)
    assert plain.found.keys() == rich.found.keys()
    limited = Ledger()
    end = drive(campaign_inputs(active_learning={"max_iterations": 1}), limited)
    assert (end.state, end.iterations) == ("stopped", 2)
    assert "max_iterations 1" in end.reason
    assert {k for k, a in limited.found.items() if a.task == "fit"} <= plain.found.keys()


@pytest.mark.parametrize(
    "change", [{"seed": 43}, {"sampling": {"size": "standard"}}, {"selection": {"descriptors": "pod-73"}}]
)
def test_a_change_of_physics_changes_keys(change):
    a, b = Ledger(), Ledger()
    drive(campaign_inputs(), a)
    raw = campaign_inputs().campaign.model_dump()
    for key, value in change.items():
        raw[key] = raw[key] | value if isinstance(value, dict) else value
    changed = campaign_inputs()
    drive(CampaignInputs(Campaign.model_validate(raw), changed.potentials, {}), b)
    assert {k for k, v in a.found.items() if v.task == "fit"}.isdisjoint(b.found)


def test_a_few_refused_environments_do_not_stop_it():
    ledger = Ledger(refuse_one_in={"reconstruct": 4}, later_environments=12)
    assert drive(campaign_inputs(), ledger).state == "converged"


def test_too_many_refused_labels_stop_it_with_the_reason():
    ledger = Ledger(refuse={"label"})
    end = drive(campaign_inputs(), ledger)
    assert end.state == "failed"
    assert "labels: 20 of 20 refused" in end.reason
    assert "max_refused 0.1" in end.reason


def test_work_that_is_given_up_does_not_block_a_join():
    lost = Ledger(lose={"candidates"})
    end = drive(campaign_inputs(), lost)
    assert end.state == "failed"
    assert "no sampling run succeeded" in end.reason


def test_a_refused_run_is_counted_once():
    ledger = Ledger(refuse={"sample"})
    end = drive(campaign_inputs(), ledger)
    assert (end.state, end.reason) == ("failed", "no sampling run succeeded")
    [sampled] = end.named("sampling")
    assert (len(sampled.refused), len(sampled.lost), len(sampled.dropped)) == (
        3,
        0,
        3,
    )  # without snapshots no candidates
    assert sampled.settled


def test_a_lost_fit_is_a_failure_with_a_reason():
    end = drive(campaign_inputs(), Ledger(lose={"fit"}))
    assert end.state == "failed"
    assert "training: given up" in end.reason


def test_no_labels_in_scenarios_needs_no_sampling():
    ledger = Ledger()
    end = drive(campaign_inputs(sampling={"scenarios": []}), ledger)
    assert end.state == "converged"
    assert "sample" not in {a.task for a in ledger.found.values()}


def test_what_exploration_found_is_selected_by_its_own_threshold():
    ledger = Ledger()
    drive(campaign_inputs(selection={"gamma_select": 5.0}, active_learning={"gamma_select": 2.5}), ledger)
    found = sorted(a.inputs["gamma_select"] for a in ledger.found.values() if a.task == "select")
    assert found == [2.5, 2.5, 5.0]  # the sampling's once


def test_runs_that_broke_down_are_said_to_be_why_it_stops():
    ledger = Ledger(gammas={1: 1.2}, break_down={"900"}, later_environments=0)
    end = drive(campaign_inputs(), ledger)
    assert (end.state, end.reason) == ("stopped", "1 of 2 runs of iteration 1 broke down; the others met nothing new")


def test_what_depends_on_a_label_that_was_computed_anew_is_trained_anew():
    ledger = Ledger()
    first = drive(campaign_inputs(), ledger)
    withdrawn = next(k for k, a in ledger.found.items() if a.task == "label")
    del ledger.found[withdrawn]
    assert drive(campaign_inputs(), ledger).fit == first.fit  # it says the same again
    del ledger.found[withdrawn]
    ledger.labels = "another"
    ledger.explored.clear()
    assert drive(campaign_inputs(), ledger).fit != first.fit
