"""Campaign files: defaults of the paper, bounds, contradictions."""

from __future__ import annotations

import pytest
from defectgenome.schemas.campaign import Campaign, Material, core_contradictions
from defectgenome.schemas.scenario import SCENARIO_MODELS, SIZES, Polycrystal, label, rates, resolve, single_runs
from pydantic import ValidationError

TUNGSTEN = {"elements": ["W"], "structure": "bcc", "lattice_constant": 3.165}

NOTHING = {
    "equation_of_state": False,
    "strains": 0,
    "rattles": [],
    "vacancy": False,
    "surfaces": [],
    "gamma_surface": [],
}


def campaign(**changes) -> Campaign:
    return Campaign.model_validate({"campaign": "t", "material": TUNGSTEN, "sampling": {}, **changes})


def test_defaults_are_the_papers():
    c = campaign()
    assert (c.active_learning.gamma_select, c.active_learning.gamma_break) == (2.0, 10.0)
    assert c.active_learning.scenarios[0].temperatures == (300, 900, 1200, 2000)
    assert (c.reconstruction.core_radius, c.reconstruction.max_atoms) == (6.0, 140)
    assert c.training.size == "255"


@pytest.mark.parametrize(
    "changes",
    [
        {"seeed": 1},
        {"campaign": "../x"},
        {"seed": -1},
        {"sampling": {"scenarios": [{"kind": "polycrystal", "temperatures": [-1]}]}},
        {"sampling": {"scenarios": [{"kind": "unknown"}]}},
        {"selection": {"gamma_select": float("nan")}},
        {"active_learning": {"gamma_select": 5, "gamma_break": 2}},
        {"active_learning": {"scenarios": [{"kind": "trajectory", "files": ["x"]}]}},
        {"basic_set": {"dataset": "x.extxyz"}},
        {"reconstruction": {"core_radius": 8}},
        {"reconstruction": {"exact_radius": 7}},
        {"selection": {"context_radius": 6}, "reconstruction": {"core_radius": 6.5}},
        {"resources": {"sampling": {"walltime": "4h"}}},
        {"material": TUNGSTEN | {"elements": ["Xx"]}},
        {"active_learning": {"scenarios": []}},
        {"basic_set": NOTHING},
    ],
)
def test_what_cannot_be_right_is_an_error(changes):
    with pytest.raises(ValidationError):
        campaign(**changes)


def test_a_campaign_may_stop_before_it_explores_and_start_from_a_dataset_alone():
    assert campaign(active_learning={"scenarios": [], "max_iterations": 0}).active_learning.scenarios == ()
    assert campaign(basic_set=NOTHING | {"dataset": "x.extxyz", "spec": "same"}).basic_set.dataset == "x.extxyz"


def test_the_cap_is_compared_with_the_core():
    c = campaign()
    material = Material.model_validate(TUNGSTEN)
    big = c.reconstruction.model_copy(update={"core_radius": 8.0})
    [(location, message)] = core_contradictions(big, c.selection, material)
    assert location == ("reconstruction", "max_atoms")
    assert "183" in message  # (4/3 pi 8^3 / 0.7405) / 15.85


def test_atomic_volumes():
    def volume(structure, a):
        return Material(elements=("Cu",), structure=structure, lattice_constant=a).atomic_volume

    assert volume("bcc", 3.165) == pytest.approx(15.852, abs=1e-3)
    assert volume("fcc", 3.615) == pytest.approx(11.810, abs=1e-3)
    assert volume("diamond", 5.431) == pytest.approx(20.024, abs=1e-3)
    assert volume("hcp", 3.2) == pytest.approx(3.2**3 / 2**0.5, rel=1e-9)  # ideal c/a: close packing


def test_every_kind_has_every_size_and_resolves_completely():
    for model in SCENARIO_MODELS:
        kind = model.model_fields["kind"].default
        for size in ("quick", "standard", "production"):
            scenario = model.model_construct(files=("x",)) if kind == "trajectory" else model()
            filled = resolve(scenario, size)
            left = [k for k in SIZES[kind][size] if getattr(filled, k) is None]
            assert not left


def test_standard_rates_stay_below_what_the_field_accepts():
    for model in SCENARIO_MODELS:
        if model.model_fields["kind"].default == "trajectory":
            continue
        found = rates(resolve(model(), "standard"))
        assert found.get("strain_rate_per_s", 0) <= 1e9
        assert found.get("speed_m_per_s", 0) <= 50


def test_a_polycrystal_is_one_run_a_temperature():
    runs = single_runs(resolve(Polycrystal(temperatures=(300, 900)), "quick"))
    assert [label(r) for r in runs] == ["polycrystal-300K", "polycrystal-900K"]
