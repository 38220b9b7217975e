"""A run directory: one process at a time, one physics, what was given up."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from defectgenome.deploy.resolve import resolve_inputs
from defectgenome.deploy.run_directory import PublishedHere, RunDirectory, differing_keys
from defectgenome.schemas.artifact import Item, Outcome
from defectgenome.schemas.campaign import Campaign
from defectgenome.schemas.errors import InputError, LockedError

RAW = {
    "campaign": "t",
    "material": {"elements": ["W"], "structure": "bcc", "lattice_constant": 3.165},
    "sampling": {"scenarios": [{"kind": "vacancies"}]},
}


def test_the_second_process_is_refused_and_told_who_runs(tmp_path: Path):
    directory = RunDirectory(tmp_path)
    assert not directory.locked()
    with directory.lock():
        assert directory.locked()
        with pytest.raises(LockedError, match=r"being run by process \d+ on"), RunDirectory(tmp_path).lock():
            pass
    assert not directory.locked()
    with directory.lock():
        pass


def test_the_lock_ends_with_a_killed_process(tmp_path: Path):
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom defectgenome.deploy.run_directory import RunDirectory\n"
        "with RunDirectory(Path(sys.argv[1])).lock():\n    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, tmp_path], check=False).returncode == -9
    with RunDirectory(tmp_path).lock():
        pass


def test_physics_is_fixed_and_resources_are_not(tmp_path: Path):
    directory = RunDirectory(tmp_path)
    directory.identify(Campaign.model_validate(RAW), tmp_path)
    free = RAW | {
        "resources": {"sampling": {"ntasks": 4}},
        "budget": {"core_hours": 3},
        "active_learning": {"max_iterations": 2},
        "reference": {"engine": "potential", "max_refused": 0.3},
        "reconstruction": {"max_refused": 0.7},
    }
    RunDirectory(tmp_path).identify(Campaign.model_validate(free), tmp_path)
    with pytest.raises(InputError, match="seed, selection.gamma_select changed"):
        RunDirectory(tmp_path).identify(
            Campaign.model_validate(RAW | {"seed": 1, "selection": {"gamma_select": 3}}), tmp_path
        )
    campaign, base = RunDirectory(tmp_path).campaign()
    assert campaign.active_learning.max_iterations == 2
    assert base == tmp_path


def test_a_campaign_is_found_by_name(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no campaign 't'"):
        RunDirectory.find("t", None)
    RunDirectory(tmp_path / "runs" / "t").identify(Campaign.model_validate(RAW), tmp_path)
    assert RunDirectory.find("t", None).root == tmp_path / "runs" / "t"


def test_labels_have_a_store_of_their_own_that_is_remembered(tmp_path: Path):
    directory = RunDirectory(tmp_path / "run", tmp_path / "shared")
    directory.identify(Campaign.model_validate(RAW), tmp_path)
    item = Item("label", 1, {"structure": "x"})
    directory.labels.publish(item, Outcome({"energy": 1}))
    again = RunDirectory(tmp_path / "run")
    assert again.labels.root == tmp_path / "shared"
    assert PublishedHere(again).get(item).document == {"energy": 1}
    assert again.store.get(item.key) is None


def test_a_run_directory_may_be_moved_with_its_labels(tmp_path: Path):
    directory = RunDirectory(tmp_path / "run")
    directory.identify(Campaign.model_validate(RAW), tmp_path)
    item = Item("label", 1, {"structure": "x"})
    directory.labels.publish(item, Outcome({"energy": 1}))
    directory.root.rename(tmp_path / "moved")
    assert RunDirectory(tmp_path / "moved").labels.get(item.key).document == {"energy": 1}


def test_a_damaged_record_is_said_to_be_one(tmp_path: Path):
    (tmp_path / "campaign.json").write_text('{"campa')
    with pytest.raises(InputError, match=r"campaign.json: not readable"):
        RunDirectory.find("t", tmp_path).campaign()


def test_files_that_a_campaign_names_may_not_change_under_it(tmp_path: Path):
    (tmp_path / "own.extxyz").write_text("one")
    basic_set = {"dataset": "own.extxyz", "spec": "same"}
    campaign = Campaign.model_validate(RAW | {"basic_set": basic_set})
    directory = RunDirectory(tmp_path / "run")
    for _ in range(2):
        directory.identify(campaign, tmp_path)
        directory.identify_contents(resolve_inputs(campaign, tmp_path, directory.store))
    (tmp_path / "own.extxyz").write_text("two")
    directory.identify(campaign, tmp_path)
    with pytest.raises(InputError, match=r"another content of own\.extxyz; give it a new name"):
        directory.identify_contents(resolve_inputs(campaign, tmp_path, directory.store))


def test_what_was_given_up_stays_given_up_until_it_is_forgotten(tmp_path: Path):
    directory = RunDirectory(tmp_path)
    item = Item("fit", 1, {})
    PublishedHere(directory).give_up(item, "segfault")
    assert PublishedHere(RunDirectory(tmp_path)).given_up(item)
    directory.forget_given_up()
    assert not PublishedHere(RunDirectory(tmp_path)).given_up(item)


def test_differing_keys_are_dotted():
    assert differing_keys({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 1, "c": 3}, "d": [2]}) == ["a.c", "d"]


def test_asking_whether_a_campaign_runs_does_not_keep_it_from_running(tmp_path: Path):
    directory, done = RunDirectory(tmp_path), threading.Event()
    with directory.lock():
        pass

    def ask() -> None:
        while not done.is_set():
            directory.locked()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(100):
            with directory.lock():
                pass
    finally:
        done.set()
        asking.join()
