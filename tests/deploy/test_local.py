"""The local manager's memory of what failed: bounded, counted by kind, forgotten when a failed campaign is run again."""

from __future__ import annotations

from pathlib import Path

import pytest
from defectgenome.deploy.budget import Purse
from defectgenome.deploy.local import ATTEMPTS, EXTENSIONS, _failed, _Work, with_new_chances
from defectgenome.deploy.monitor import Monitor
from defectgenome.deploy.resolve import resolve_inputs
from defectgenome.deploy.run_directory import PublishedHere, RunDirectory
from defectgenome.schemas.artifact import Item, Outcome
from defectgenome.schemas.campaign import Campaign
from defectgenome.schemas.errors import EngineCrash, MixedLabelsError, OutOfTime
from defectgenome.workflows import basic

CAMPAIGN = Campaign.model_validate(
    {
        "campaign": "t",
        "material": {"elements": ["W"], "structure": "bcc", "lattice_constant": 3.165},
        "sampling": {"scenarios": []},
    }
)
LABEL = Item("label", 1, {"structure": "x"})


@pytest.fixture
def published(tmp_path: Path) -> PublishedHere:
    return PublishedHere(RunDirectory(tmp_path))


def fail(published: PublishedHere, work: _Work, error: Exception, times: int) -> None:
    for _ in range(times):
        _failed([LABEL], error, published, work, Monitor())


def test_running_out_of_time_leaves_the_attempts_at_a_crash(published):
    work = _Work(Purse(None, {}))
    fail(published, work, OutOfTime("walltime"), EXTENSIONS - 1)
    fail(published, work, EngineCrash("segfault"), ATTEMPTS - 1)
    assert not published.given_up(LABEL)
    fail(published, work, EngineCrash("segfault"), 1)
    assert published.given_up(LABEL)


def test_labels_of_two_origins_stop_the_run_and_say_so(published):
    with pytest.raises(MixedLabelsError, match="vasp"):
        fail(published, _Work(Purse(None, {})), MixedLabelsError("vasp, gpaw"), 1)
    assert not published.given_up(LABEL)


def test_a_failed_campaign_that_is_run_again_tries_what_was_given_up(tmp_path):
    directory = RunDirectory(tmp_path)
    inputs = resolve_inputs(CAMPAIGN, tmp_path, directory.store)
    [cells] = basic.items(inputs)
    PublishedHere(directory).give_up(cells, "segfault")
    assert not with_new_chances(inputs, directory).given_up(cells)
    assert not directory.given_up()


def test_a_campaign_that_goes_on_without_an_item_does_not_turn_back_for_it(tmp_path):
    directory = RunDirectory(tmp_path)
    inputs = resolve_inputs(CAMPAIGN, tmp_path, directory.store)
    [cells] = basic.items(inputs)
    directory.store.publish(cells, Outcome({"structures": []}, {"cells": b""}))
    PublishedHere(directory).give_up(LABEL, "segfault")
    assert with_new_chances(inputs, directory).given_up(LABEL)
