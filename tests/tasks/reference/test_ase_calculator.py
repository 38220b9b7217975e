"""Any ASE calculator as the reference: what it says goes through the gate, and is never taken for DFT."""

import re

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from defectgenome.schemas.artifact import Refusal
from defectgenome.schemas.calculator_spec import CalculatorSpec
from defectgenome.schemas.errors import InputError
from defectgenome.schemas.label import Label
from defectgenome.schemas.reference import spec_key
from defectgenome.schemas.spec_parts import Limits
from defectgenome.tasks.reference.ase_calculator import label_with_calculator_class, load_calculator
from pydantic import ValidationError

EMT_PATH = "ase.calculators.emt:EMT"
MORSE = {"epsilon": 0.3, "r0": 2.9, "rho0": 4.0}


def spec(path=EMT_PATH, limits=None, **arguments):
    return CalculatorSpec(engine="calculator", calculator=path, arguments=arguments, limits=limits or Limits())


@pytest.fixture
def aluminium():
    atoms = bulk("Al", a=4.05, cubic=True)
    atoms.rattle(0.05, seed=3)
    return atoms


def test_label_is_what_the_calculator_says(aluminium):
    label = label_with_calculator_class(aluminium, spec())
    direct = aluminium.copy()
    direct.positions = np.round(direct.positions, 6)
    direct.calc = EMT()
    assert isinstance(label, Label)
    assert label.energy == direct.get_potential_energy(force_consistent=True)
    assert label.energy_sigma0 == direct.get_potential_energy()
    np.testing.assert_array_equal(label.forces, direct.get_forces())
    np.testing.assert_array_equal(label.stress, direct.get_stress())
    assert label.engine == f"calculator:{EMT_PATH}"
    assert not label.is_dft
    assert label.engine_version.startswith("ase ")
    assert all(label.gate.values())


def test_arguments_decide_the_numbers_and_the_key(aluminium):
    one, two = spec("ase.calculators.morse:MorsePotential", **MORSE), spec("ase.calculators.morse:MorsePotential")
    assert spec_key(one.physics()) != spec_key(two.physics())
    labels = [label_with_calculator_class(aluminium, s) for s in (one, one)]
    assert labels[0].spec_key == spec_key(one.physics())
    assert labels[0].energy == labels[1].energy


def test_a_calculator_is_used_again(aluminium):
    tool = load_calculator(spec())
    stretched = aluminium.copy()
    stretched.set_cell(aluminium.cell * 1.02, scale_atoms=True)
    for atoms in (aluminium, stretched, aluminium):
        assert (
            label_with_calculator_class(atoms, spec(), tool).energy == label_with_calculator_class(atoms, spec()).energy
        )


@pytest.mark.parametrize(
    ("path", "arguments", "message"),
    [
        ("no_such_package.module:Class", {}, "no_such_package.module cannot be imported"),
        ("ase.calculators.emt:Nothing", {}, "has no Nothing"),
        ("ase.calculators.emt:parameters", {}, "is no class"),
        ("ase.calculators.singlepoint:SinglePointCalculator", {"x": 1}, "cannot be made with"),
        ("fractions:Fraction", {}, "is no ASE calculator"),
    ],
)
def test_what_cannot_be_loaded_is_an_input_error(aluminium, path, arguments, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        label_with_calculator_class(aluminium, spec(path, **arguments))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["ase.calculators.emt", "os.system('x'):y", "a b:c", ":EMT", "../x:EMT", "a:b;c"])
def test_an_import_path_has_one_form(path):
    with pytest.raises(ValidationError):
        spec(path)


def test_a_failing_calculator_is_a_refusal():
    answer = label_with_calculator_class(bulk("W", a=3.2, cubic=True), spec())  # EMT knows no tungsten
    assert isinstance(answer, Refusal)
    assert answer.code == "engine_failed"
    assert "EMT" in answer.reasons[0]


def test_limits_refuse(aluminium):
    answer = label_with_calculator_class(aluminium, spec(limits=Limits(max_force=1e-3)))
    assert answer.code == "gate"
    assert answer.data["failed"] == ["force_limit"]
    close = aluminium.copy()
    close.positions[1] = close.positions[0] + [0.5, 0, 0]
    assert label_with_calculator_class(close, spec()).data["failed"] == ["distance"]


def test_a_calculator_without_stress_labels_clusters_only(aluminium, tmp_path, monkeypatch):
    module = "import ase.calculators.emt as e\nclass Half(e.EMT):\n    implemented_properties = ['energy', 'forces']\n"
    module += "    def get_stress(self, atoms=None):\n"
    module += "        from ase.calculators.calculator import PropertyNotImplementedError\n"
    module += "        raise PropertyNotImplementedError('stress')\n"
    (tmp_path / "half_calculator_of_test.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    path = "half_calculator_of_test:Half"
    assert label_with_calculator_class(aluminium, spec(path)).reasons == ("no stress",)
    cluster = aluminium.copy()
    cluster.pbc = False
    assert label_with_calculator_class(cluster, spec(path)).stress is None
