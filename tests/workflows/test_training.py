"""A dataset: labels of one origin, or an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from defectgenome.deploy.directory_store import DirectoryStore
from defectgenome.schemas.artifact import Artifact, Item, Outcome
from defectgenome.schemas.errors import MixedLabelsError, StoreError
from defectgenome.tasks.frames import frames_from_bytes, frames_to_bytes, key_of
from defectgenome.workflows.bench import Bench
from defectgenome.workflows.training import compute_dataset


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(DirectoryStore(tmp_path / "store"), DirectoryStore(tmp_path / "labels"), tmp_path)


def labelled(a: float, **info: str) -> Atoms:
    atoms = bulk("W", "bcc", a)
    atoms.calc = SinglePointCalculator(atoms, energy=-8.0, free_energy=-8.0, forces=[[0.0, 0.0, 0.0]])
    atoms.info.update(info)
    return atoms


def published_label(bench: Bench) -> Artifact:
    frame = labelled(3.1, engine="vasp", spec="aaaa")
    item = Item("label", 1, {"structure": key_of(frame)})
    return bench.labels.publish(item, Outcome({}, {"frame": frames_to_bytes([frame])}))


def dataset(bench: Bench, label: Artifact, own: Atoms) -> list[Atoms]:
    cells = Outcome({}, {"cells": frames_to_bytes([own])})
    user = bench.artifacts.publish(Item("user_dataset", 1, {"file": str(own.info)}), cells)
    blob = bench.artifacts.put_blob(frames_to_bytes([labelled(3.1, family="bulk")]))
    labels = [[label.key, label.blobs["frame"], blob, 0, 0]]
    made_from = {"labels": labels, "user": [user.key], "test_fraction": 0.0, "seed": 1}
    return frames_from_bytes(compute_dataset(Item("dataset", 1, made_from), bench).blobs["train"])


def test_a_silent_set_of_the_user_takes_the_origin_that_it_is_said_to_have(bench):
    frames = dataset(bench, published_label(bench), labelled(3.2))
    assert [(f.info["engine"], f.info["spec"], bool(f.info["dft"])) for f in frames] == [("vasp", "aaaa", True)] * 2
    assert frames[0].info["family"] == "bulk"


def test_a_set_that_says_another_origin_does_not_mix(bench):
    with pytest.raises(MixedLabelsError, match=r"gpaw \(spec bbbb\), vasp \(spec aaaa\)"):
        dataset(bench, published_label(bench), labelled(3.2, engine="gpaw", spec="bbbb"))


def test_one_reference_potential_under_two_file_names_is_one_origin(bench):
    frames = dataset(bench, published_label(bench), labelled(3.2, engine="potential:copy.eam", spec="aaaa"))
    assert len({f.info["engine"] for f in frames}) == 1


def test_a_label_that_was_withdrawn_meanwhile_is_not_trained_on(bench):
    label = published_label(bench)
    bench.labels.withdraw(label.key, "bad node", again=True)
    with pytest.raises(StoreError, match="no longer what it was"):
        dataset(bench, label, labelled(3.2))
