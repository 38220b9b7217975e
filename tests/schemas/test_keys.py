"""Keys: the same content gives the same key, whatever carried it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from defectgenome.schemas.keys import canonical, canonical_json, content_key, derive_seed, rounded, structure_key
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_json_round_trip_keeps_the_key(value):
    assert content_key("t", 1, {"v": value}) == content_key("t", 1, json.loads(json.dumps({"v": value})))


@given(JSON)
def test_canonical_is_idempotent(value):
    assert canonical(canonical(value)) == canonical(value)


def test_numbers_that_yaml_and_json_write_differently_are_one():
    assert canonical_json({"T": 300, "x": -0.0}) == canonical_json({"x": 0, "T": 300.0})
    assert canonical_json(np.array([1.0, 2.5])) == b"[1,2.5]"


def test_task_version_and_inputs_all_count():
    keys = {content_key(t, v, {"a": a}) for t in "xy" for v in (1, 2) for a in (1, 2)}
    assert len(keys) == 8


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_without_value_cannot_be_keyed(bad):
    with pytest.raises(ValueError, match="cannot be part of a key"):
        canonical_json([bad])


def test_an_object_cannot_be_keyed():
    with pytest.raises(TypeError, match="cannot be part of a key"):
        canonical_json({"path": object()})


def test_structure_key_ignores_what_rounding_removes():
    x, cell = np.array([[0.0, 0.0, 0.0], [1.5, 1.5, 1.5]]), 3 * np.eye(3)
    key = structure_key(["W", "W"], x, cell, (True, True, True))
    assert structure_key(["W", "W"], x + 3e-8, cell, (True, True, True)) == key
    assert structure_key(["W", "W"], rounded(x + 3e-8), cell, (1, 1, 1)) == key
    assert structure_key(["W", "W"], x + 3e-6, cell, (True, True, True)) != key
    assert structure_key(["W", "Mo"], x, cell, (True, True, True)) != key
    assert structure_key(["W", "W"], x, cell, (True, True, False)) != key


def test_streams_are_independent_and_fit_lammps():
    seeds = [derive_seed(42, "sampling", name) for name in ("a", "b")] + [derive_seed(43, "sampling", "a")]
    assert len(set(seeds)) == 3
    assert seeds[0] == derive_seed(42, "sampling", "a")
    assert all(0 < derive_seed(42, i) < 2**31 - 1 for i in range(1000))
