"""The commands `sample` and `scenarios`: files, tables, mistakes."""

import json

import pytest
import typer
from defectgenome.deploy.cli.sample import sample
from defectgenome.deploy.cli.scenarios import scenarios
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.frames import read_frames
from typer.testing import CliRunner

SMALL = "kind: vacancies\nbox: 13\nduration: 0.05\nconcentration: 0.02\n"


def invoke(command, *arguments):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def test_sample_writes_snapshots_and_a_report(scenario, tmp_path):
    out = tmp_path / "out"
    done = invoke(sample, scenario, "--element", "W", "--potential", "zhou2004", "-o", out)
    assert done.exit_code == 0, done.output
    assert "vacancies" in done.stderr
    assert done.stdout == ""
    report = json.loads((out / "report.json").read_text())
    assert report["material"]["lattice_constant"] == pytest.approx(3.16485, abs=1e-4)
    assert report["material"]["structure"] == "bcc"
    files = sorted((out / "snapshots").iterdir())
    assert len(files) == report["runs"][0]["snapshots"] == 2
    (frame,) = read_frames(files[0])
    assert set(frame.arrays["centre_allowed"]) == {1}
    assert frame.info["scenario"] == "vacancies"


def test_alloy_and_given_lattice(scenario, tmp_path):
    arguments = ["-e", "W", "-e", "Ta", "--structure", "bcc", "--lattice-constant", "3.2", "-o", tmp_path / "out"]
    assert invoke(sample, scenario, *arguments).exit_code == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text())["material"]["elements"] == ["W", "Ta"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense", "-e", "W"], "neither a .yaml file nor a kind"),
        (["trajectory", "-e", "W"], "needs files"),
        (["vacancies", "-e", "U"], "no parameters for U"),
        (["vacancies", "-e", "W", "--size", "huge"], "--size huge"),
        (["vacancies", "-e", "W", "--structure", "sc"], "--structure sc"),
        (["vacancies", "-e", "W", "--lattice-constant", "99"], "--lattice-constant 99"),
        (["screw_dislocation", "-e", "Cu"], "only for bcc"),
        (["missing.yaml", "-e", "W"], "no such file"),
    ],
)
def test_mistakes(arguments, message, tmp_path):
    done = invoke(sample, *arguments, "-o", tmp_path)
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)


def test_the_library_as_json():
    done = invoke(scenarios, "--json")
    library = {entry["kind"]: entry for entry in json.loads(done.stdout)}
    assert len(library) == 6
    assert library["screw_dislocation"]["structures"] == ["bcc"]
    assert "W" in library["polycrystal"]["elements"]
    (rate,) = [p for p in library["polycrystal_tension"]["parameters"] if p["name"] == "rate"]
    assert rate["unit"] == "1/ps"
    assert rate["default"]["standard"] == 0.001
    assert all(p["description"] for entry in library.values() for p in entry["parameters"])
    assert invoke(scenarios).exit_code == 0
