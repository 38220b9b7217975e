"""Training as a whole: the directory, its errors, its ensemble, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase.build import bulk
from defectgenome.schemas.errors import InputError, MixedLabelsError
from defectgenome.schemas.reference import PotentialSpec
from defectgenome.tasks.frames import attach_label, energy_of, forces_of, key_of
from defectgenome.tasks.pair_calculator import pair_calculator
from defectgenome.tasks.potentials import load_potential
from defectgenome.tasks.reference.potential import label_with_potential
from defectgenome.tasks.selection.active_set import build_active_set
from defectgenome.tasks.training.ensemble import calibration, force_uncertainty, member_frames
from defectgenome.tasks.training.evaluate import evaluate
from defectgenome.tasks.training.origin import dataset_hash, origin_of
from defectgenome.tasks.training.pod import pod_potential
from defectgenome.tasks.training.potential_directory import read_trained_potential
from defectgenome.tasks.training.split import source_groups
from defectgenome.tasks.training.train import TrainOptions, assemble, evaluate_split, fit_potential, train_pod

OPTIONS = TrainOptions(size="34", test_fraction=0.2, ensemble=3)


@pytest.fixture(scope="module")
def trained(labelled):
    return train_pod(labelled, OPTIONS, seed=11)


def test_directory_reads_back_as_it_was_written(trained, tmp_path):
    trained.write(tmp_path / "W")
    again = read_trained_potential(tmp_path / "W")
    assert again.card == trained.card
    assert dict(again.files) == dict(trained.files)
    assert again.potential().key == trained.potential().key
    assert len(again.members()) == 3
    assert again.active_set().descriptors == "pod-34"


def test_card_says_what_the_potential_is(trained, labelled):
    card = trained.card
    assert card.engine == "potential:finnis-sinclair"
    assert card.dft is False
    assert card.n_structures + card.split["n_test"] == len(labelled)
    assert card.errors["test"]["n_structures"] == card.split["n_test"] > 0
    assert set(card.errors["train"]["by"]) == {"bulk", "vacancy"}
    assert card.lammps[1] == "pair_style pod"
    json.dumps(card.content())


def test_same_content_again(trained, labelled):
    again = train_pod(labelled, OPTIONS, seed=11)
    assert dict(again.files) == dict(trained.files)
    assert again.card.content() == trained.card.content()


def test_errors_are_those_of_the_written_file(trained, labelled):
    errors = evaluate(trained.potential(), labelled, "family")
    summary = errors.summary()
    with pair_calculator(trained.potential()) as calculator:
        results = [calculator.evaluate(f) for f in labelled]
    energy = [1000 * (r.energy - energy_of(f)) / len(f) for r, f in zip(results, labelled, strict=True)]
    force = np.concatenate([1000 * (r.forces - forces_of(f)) for r, f in zip(results, labelled, strict=True)])
    assert summary["energy_rmse_mev_per_atom"] == pytest.approx(np.sqrt(np.mean(np.square(energy))))
    assert summary["force_rmse_mev_per_angstrom"] == pytest.approx(np.sqrt(np.mean(force**2)))
    assert sum(group["n_atoms"] for group in summary["by"].values()) == summary["n_atoms"]
    assert "by" not in summary["by"]["bulk"]
    assert errors.force_reference.shape == errors.force_predicted.shape == (summary["n_atoms"], 3)


def test_training_atoms_are_covered_by_the_active_set(trained, labelled):
    from defectgenome.tasks.selection.descriptors import pod_rows
    from defectgenome.tasks.training.split import split

    train, _ = split(labelled, OPTIONS.test_fraction, 11)
    gamma = trained.active_set().gamma(np.concatenate(pod_rows(train, "pod-34", ["W"])))
    assert gamma.max() < 1.05


def test_force_uncertainty_is_the_spread_over_the_members(trained, labelled):
    sigma = force_uncertainty(trained.members(), labelled[:2])
    forces = []
    for member in trained.members():
        with pair_calculator(member) as calculator:
            forces.append(calculator.evaluate(labelled[1]).forces)
    expected = np.sqrt((np.std(forces, axis=0) ** 2).sum(axis=1))
    np.testing.assert_allclose(sigma[1], expected, atol=1e-12)
    assert (expected > 0).all()
    with pytest.raises(InputError, match="at least 2"):
        force_uncertainty(trained.members()[:1], labelled)


def test_calibration_sorts_atoms_by_uncertainty(trained, labelled):
    result = calibration(trained.members(), labelled)
    sigmas = [b["sigma"] for b in result["bins"]]
    assert sigmas == sorted(sigmas)
    assert sum(b["atoms"] for b in result["bins"]) == sum(map(len, labelled))
    assert -1 <= result["correlation"] <= 1


def test_members_are_bootstraps_over_sources(labelled):
    assert member_frames(labelled, 0, 1) == labelled
    first, again, other = (member_frames(labelled, k, s) for k, s in ((1, 1), (1, 1), (2, 1)))
    assert [key_of(f) for f in first] == [key_of(f) for f in again]
    assert [key_of(f) for f in first] != [key_of(f) for f in other]
    names = source_groups(first)
    assert all(names.count(n) % source_groups(labelled).count(n) == 0 for n in set(names))


def test_labels_of_two_origins_do_not_mix(labelled):
    foreign = labelled[0].copy()
    foreign.calc = labelled[0].calc
    foreign.info.update(engine="vasp", spec="f" * 64)
    with pytest.raises(MixedLabelsError, match=r"potential:finnis-sinclair.*vasp \(spec ffffffffffff\)"):
        train_pod([*labelled, foreign], OPTIONS, 1)


def test_unknown_origin_stays_unknown(labelled):
    bare = [f.copy() for f in labelled[:3]]
    for copy, frame in zip(bare, labelled, strict=False):
        copy.calc = frame.calc
        copy.info.clear()
    origin = origin_of(bare)
    assert (origin.engine, origin.is_dft) == ("unknown", None)


def test_dataset_hash_knows_content_not_order(labelled):
    assert dataset_hash(labelled) == dataset_hash(labelled[::-1])
    assert dataset_hash(labelled) != dataset_hash(labelled[1:])


def test_potential_directories_are_checked(trained, tmp_path):
    with pytest.raises(InputError, match=r"no potential\.json"):
        read_trained_potential(tmp_path)
    trained.write(tmp_path)
    (tmp_path / "W_member2_coefficients.pod").unlink()
    with pytest.raises(InputError, match=r"W_member2_coefficients\.pod is missing"):
        read_trained_potential(tmp_path)
    (tmp_path / "potential.json").write_text("{}")
    with pytest.raises(InputError, match="Field required"):
        read_trained_potential(tmp_path)


def test_published_cells(data):
    """A small fit to published DFT cells: errors of the size that POD 34 has, far from overfitting."""
    from defectgenome.tasks.frames import read_frames

    frames = read_frames(data / "W-vasp-924.extxyz.gz")[::12]
    card = train_pod(frames, TrainOptions(size="34", test_fraction=0.2), seed=1).card
    assert card.dft is None
    assert card.errors["train"]["energy_rmse_mev_per_atom"] < 16
    assert card.errors["test"]["force_rmse_mev_per_angstrom"] < 330


def test_an_alloy_keeps_the_order_of_its_elements(tmp_path):
    """`pair_style pod` goes by the order of its arguments: a directory in another order would swap the species."""
    elements = ["W", "Ta"]  # not that of the alphabet
    teacher = load_potential("zhou2004", elements)
    frames = []
    for seed in range(24):
        atoms = bulk("W", a=3.2, cubic=True) * (2, 2, 2)
        random = np.random.default_rng(seed)
        atoms.symbols[random.permutation(16)[: random.integers(2, 14)]] = "Ta"
        atoms.positions += random.normal(0, 0.08, (16, 3))
        atoms.info["environment"] = f"e{seed}"
        frames.append(attach_label(atoms, label_with_potential(atoms, PotentialSpec(potential="zhou2004"), teacher)))
    files = fit_potential(frames, "34", elements)
    errors = evaluate_split(files, elements, frames, [])
    active = build_active_set(frames[:3], "pod-34", elements).to_bytes()
    assemble(
        [files], active_set=active, descriptors="pod-34", size="34", train=frames, test=[], split={}, errors=errors,
        provenance={},
    ).write(tmp_path)  # fmt: skip
    trained = read_trained_potential(tmp_path)
    assert trained.card.elements == ("W", "Ta")
    again = evaluate(trained.potential(), frames).summary()
    assert again["energy_rmse_mev_per_atom"] == pytest.approx(errors["train"]["energy_rmse_mev_per_atom"], rel=1e-6)
    assert again["energy_rmse_mev_per_atom"] < 10
    with pytest.raises(InputError, match="in this order"):
        pod_potential(files, ["Ta", "W"])
