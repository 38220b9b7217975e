"""Labels that proved wrong are taken out of use, and computed anew if that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk
from defectgenome.deploy.cli.ledger import ledger
from defectgenome.deploy.directory_store import DirectoryStore
from defectgenome.deploy.ledger import Choice, entries, withdraw
from defectgenome.schemas.artifact import Item, Outcome
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.frames import frames_to_bytes
from defectgenome.workflows.bench import Bench

ITEM = Item("label", 1, {"structure": "x", "spec": "y"})


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    out = DirectoryStore(tmp_path / "labels")
    frame = frames_to_bytes([bulk("W")])
    out.publish(ITEM, Outcome({"engine": "vasp"}, {"frame": frame}, provenance={"host": "node17", "started": 1e9}))
    return out


def test_a_withdrawn_label_is_a_refusal_and_stays_in_the_ledger(store):
    withdraw(store, Choice(host="node17"), "bad memory", again=False)
    assert store.get(ITEM.key).refusal.code == "withdrawn"
    assert [(e.verdict, e.reasons) for e in entries(store)] == [("withdrawn", ("bad memory",))]


def test_one_that_is_to_be_computed_anew_does_not_find_its_old_run(store, tmp_path):
    calculations = tmp_path / "calculations"
    bench = Bench(store, store, tmp_path, calculations)
    place, other = bench.place("vasp", ITEM.key).directory, bench.place("vasp", "0" * 64).directory
    for directory in (place, other):
        directory.mkdir(parents=True)
        (directory / "OUTCAR").write_text("finished")
    withdraw(store, Choice(host="node17"), "bad memory", again=True, calculations=calculations)
    assert store.get(ITEM.key) is None
    assert not place.exists()
    assert other.is_dir()
    assert len(list(calculations.glob("*.withdrawn-*"))) == 1
    assert [(e.verdict, e.code) for e in entries(store)] == [("withdrawn", "withdrawn")]


def test_the_command_needs_a_campaign():
    with pytest.raises(InputError, match="give the NAME"):
        ledger()


def test_a_slip_does_not_withdraw_everything(store):
    with pytest.raises(InputError, match="say which labels"):
        withdraw(store, Choice(), "slip", again=False)
