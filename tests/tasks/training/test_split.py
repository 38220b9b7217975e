"""Splits: by source environment, stable, disjoint."""

from __future__ import annotations

import pytest
from ase.build import bulk
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.frames import key_of
from defectgenome.tasks.training.split import (
    assert_disjoint,
    folds,
    held_out_groups,
    leave_family_out,
    source_groups,
    split,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def frame(i: int, **info):
    atoms = bulk("W", a=3.0 + 0.001 * i)
    atoms.info.update(info)
    return atoms


def many(n: int, per_group: int = 2):
    return [frame(i, environment=f"e{i // per_group}") for i in range(n)]


@given(n=st.integers(20, 60), fraction=st.floats(0.01, 0.5), seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_no_source_on_both_sides_and_nothing_lost(n, fraction, seed):
    frames = many(n)
    train, test = split(frames, fraction, seed)
    assert len(train) + len(test) == n
    assert test
    assert not set(source_groups(train)) & set(source_groups(test))
    assert_disjoint(train, test)


@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_iterations_move_nothing_that_was_there(seed):
    frames = many(40)
    first = {id(f) for f in split(frames, 0.3, seed)[1]}
    later = [frame(1000 + i, environment=f"new{i}", iteration=1) for i in range(20)]
    assert {id(f) for f in split([*frames, *later], 0.3, seed)[1]} == first


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_each_family_gives_its_share(sizes, seed):
    families = {f"{k}-{i}": f"family{k}" for k, n in enumerate(sizes) for i in range(n)}
    chosen = held_out_groups(families, 0.2, seed)
    for k, n in enumerate(sizes):
        assert abs(sum(name.startswith(f"{k}-") for name in chosen) - 0.2 * n) <= 1
    if sum(sizes) < 10 and not chosen:
        return
    assert abs(len(chosen) - 0.2 * sum(sizes)) <= 1


def test_which_members_of_a_family_depends_on_the_seed():
    families = {str(i): "x" for i in range(100)}
    picks = {frozenset(held_out_groups(families, 0.1, seed)) for seed in range(5)}
    assert len(picks) == 5


def test_iterations_always_train_with_their_source():
    frames = [frame(i, environment=f"e{i}") for i in range(30)]
    frames += [frame(100 + i, environment=f"e{i}", iteration=1) for i in range(5)]
    train, _ = split(frames, 0.9, 1)
    names = source_groups(train)
    assert all(names.count(f"environment:e{i}") == 2 for i in range(5))


def test_a_structure_with_two_names_trains():
    frames = [frame(i % 20, environment=f"e{i}") for i in range(40)]
    train, test = split(frames, 0.5, 5)
    assert_disjoint(train, test)
    assert len(train) + len(test) == 40


def test_source_is_the_first_of_environment_origin_and_config_id():
    frames = [frame(0, environment="a", origin="b"), frame(1, origin="b"), frame(2, config_id=3), frame(3)]
    assert source_groups(frames) == ["environment:a", "origin:b", "config_id:3", f"structure:{key_of(frames[3])}"]


def test_same_structure_is_named():
    with pytest.raises(InputError, match=r"test frame 0 \(environment:y\) is training frame 1"):
        assert_disjoint([frame(1), frame(2, environment="x")], [frame(2, environment="y")])


def test_folds_hold_out_each_frame_once():
    frames = many(50)
    parts = folds(frames, 5, 0)
    assert sorted(id(f) for _, test in parts for f in test) == sorted(id(f) for f in frames)
    for train, test in parts:
        assert_disjoint(train, test)
        assert not set(source_groups(train)) & set(source_groups(test))


def test_leaving_a_family_out():
    frames = [frame(i, family="slip" if i < 3 else "surface") for i in range(10)]
    train, test = leave_family_out(frames, "slip")
    assert (len(train), len(test)) == (7, 3)
    with pytest.raises(InputError, match="there are slip, surface"):
        leave_family_out(frames, "twin")


def test_impossible_fractions():
    with pytest.raises(InputError, match=r"test_fraction 1\.5"):
        split(many(10), 1.5, 0)
    assert split(many(10), 0.0, 0)[1] == []
