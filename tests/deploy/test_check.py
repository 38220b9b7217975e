"""Every mistake of a campaign file as file:line:column: key: what is wrong, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from defectgenome.deploy.check import check_campaign
from defectgenome.deploy.template import campaign_template
from defectgenome.schemas.errors import InputError

GOOD = """\
campaign: t
material: {elements: [W], structure: bcc, lattice_constant: 3.165}
sampling:
  scenarios:
    - {kind: vacancies}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        check_campaign(path)
    return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]


def test_a_good_file_passes(tmp_path: Path):
    path = tmp_path / "c.yaml"
    path.write_text(GOOD)
    assert check_campaign(path).campaign == "t"


def test_all_mistakes_at_once_in_the_order_of_the_file(tmp_path: Path):
    text = """\
campaign: t
material: {elements: [W, Xx], structure: bcc, lattice_constant: 3.165}
sampling:
  potential: missing.eam.alloy
  scenarios:
    - {kind: polycrystal, grain: 4, temperatures: [300, hot]}
    - {kind: polyxtal}
    - {kind: nanoindentation, radius: -3}
reconstuction: {core_radius: 8}
reference: {engine: potential, potental: x}
"""
    found = problems(tmp_path, text)
    assert [line.split(": ")[0] for line in found] == ["2:12", "6:27", "6:57", "7:7", "8:31", "9:1", "10:32"]
    assert "unknown element 'Xx'" in found[0]
    assert "sampling.scenarios.0.grain: unknown key; did you mean 'grains'?" in found[1]
    assert "got 'hot'" in found[2]
    assert "'nanoindentation'" in found[3]  # names the kinds that there are
    assert "greater than 0 (got -3)" in found[4]
    assert "did you mean 'reconstruction'?" in found[5]
    assert "did you mean 'potential'?" in found[6]


@pytest.mark.parametrize(
    ("extra", "where", "what"),
    [
        (
            "selection: {context_radius: 6}\nreconstruction: {core_radius: 6.5}",
            "7:18",
            "exceeds selection.context_radius",
        ),
        ("reconstruction: {core_radius: 8}", "6:1", "at least 183"),
        ("reconstruction: {core_radius: 4}", "6:1", "exact_radius 5.0 exceeds core_radius 4.0"),
        ("reference: {engine: potential, potential: missing.eam.alloy}", "6:32", "neither a built-in name"),
        ("basic_set: {dataset: missing.extxyz, spec: same}", "6:13", "no file matches 'missing.extxyz'"),
        ("active_learning: {gamma_select: 4, gamma_break: 3}", "6:1", "below gamma_select"),
        ("seed: 1\nseed: 2", "7:1", "duplicate"),
        ("seed: [1", "7:1", "expected"),
        ("budget: {core_hours: .inf}", "6:10", "finite"),
        ("reference: {engine: vasp}", "6:1", "reference.potcar: no variant for W"),
        ("reference: {engine: vasp, potcar: {W: W}}\nbudget: {core_hours: 5}", "7:1", "state resources.reference"),
        ("reference: {potential: zhou2004}", "6:1", "'engine' is missing: one of"),
    ],
)
def test_one_mistake(tmp_path: Path, extra, where, what):
    found = problems(tmp_path, GOOD + extra + "\n")
    assert found[0].split(": ")[0] == where, found
    assert what in found[0]


def test_contradictions_are_told_beside_other_mistakes(tmp_path: Path):
    found = problems(tmp_path, GOOD + "reconstruction: {core_radius: 8}\nseed: x\n")
    assert len(found) == 2
    assert "at least 183" in found[0]
    assert "seed" in found[1]


def test_an_element_that_the_potential_lacks(tmp_path: Path):
    [found] = problems(tmp_path, GOOD.replace("[W]", "[V]"))
    assert found.startswith("3:1: sampling.potential: ")
    assert "V" in found
    assert "Cu" in found  # names those that it has


def test_a_scenario_that_the_crystal_does_not_have(tmp_path: Path):
    text = (
        GOOD.replace("bcc", "fcc")
        .replace("[W]", "[Cu]")
        .replace("3.165", "3.615")
        .replace("vacancies", "screw_dislocation")
    )
    found = problems(tmp_path, text + "reference: {engine: potential, potential: zhou2004}\n")
    assert found == ["5:7: sampling.scenarios.0: scenario screw_dislocation: not known for fcc, only for bcc"]


@pytest.mark.parametrize("content", [b"\x00\x01\xff\xfe", b"", b"- a\n- b\n", b"just text"])
def test_what_is_no_campaign_at_all(tmp_path: Path, content):
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match="c.yaml:1:1"):
        check_campaign(path)


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        check_campaign(tmp_path / "none.yaml")


@pytest.mark.parametrize("element", ["W", "Cu", "Al", "Mg", "Fe", "Ti"])
@pytest.mark.parametrize("size", ["quick", "standard", "production"])
def test_what_init_writes_passes(tmp_path: Path, element, size):
    path = tmp_path / "c.yaml"
    path.write_text(campaign_template(element, size))
    assert check_campaign(path).sampling.size == size


@pytest.mark.parametrize("name", ["tungsten-quick", "tungsten-standard", "aluminium-gpaw"])
def test_the_shipped_examples_pass(name):
    check_campaign(Path(__file__).parents[2] / "examples" / f"{name}.yaml")
