"""All that can be known to be wrong with a campaign file before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import TypeAdapter, ValidationError

from ..schemas.campaign import BasicSet, Campaign, Material, Reconstruction, Selection, core_contradictions
from ..schemas.errors import InputError
from ..schemas.label import DFT_ENGINES
from ..schemas.reference import ReferenceSpec
from ..schemas.scenario import Scenario, Size, resolve
from ..tasks.potentials import load_potential
from .resolve import matching_files
from .yaml_input import Location, Problem, YamlFile, read_yaml

SIZE_NAMES = get_args(Size)


def check_campaign(path: Path) -> Campaign:
    """
    Read a campaign file and check it, and the files that it names.

    Raises
    ------
    InputError
        With one line ``file:line:column: key: what is wrong`` for each mistake, all of them at once.
    """
    parsed: YamlFile[Campaign] = read_yaml(path, Campaign)
    known = YamlFile(parsed.path, parsed.tree, parsed.value, tuple(p for p in parsed.problems if p.location))
    return known.require(_beyond_schema(parsed.tree, path.absolute().parent))


def _beyond_schema(tree: Any, base: Path) -> Iterator[Problem]:
    """Contradictions between sections and missing files, as far as the sections concerned are valid."""
    material = _section(tree, "material", Material)
    selection = _section(tree, "selection", Selection)
    reconstruction = _section(tree, "reconstruction", Reconstruction)
    if material is not None and selection is not None and reconstruction is not None:
        for location, message in core_contradictions(reconstruction, selection, material):
            yield Problem(location, message)
    if material is not None:
        yield from _potentials(tree, material, base)
        yield from _scenarios(tree, material)
        yield from _planes(tree, material)
    yield from _files(tree, base)
    yield from _reference(tree, material)


def _reference(tree: Any, material: Material | None) -> Iterator[Problem]:
    """What the reference leaves open for the elements (a potential is looked for elsewhere)."""
    from ..tasks.reference.engine import open_questions

    try:
        spec = TypeAdapter(ReferenceSpec).validate_python(_plain(tree.get("reference", {"engine": "potential"})))
    except ValidationError:
        return
    by_stage = tree.get("resources")
    if spec.engine in DFT_ENGINES and "budget" in tree and not (isinstance(by_stage, dict) and "reference" in by_stage):
        message = "what a DFT label may take is not known: state resources.reference (ntasks and walltime)"
        yield Problem(("budget",), message)
    if material is not None and spec.engine != "potential":
        for line in open_questions(spec, material.elements):
            key, _, message = line.partition(": ")
            yield Problem(tuple(key.split(".")), message)


def _section(tree: Any, name: str, model: type) -> Any:
    try:
        return TypeAdapter(model).validate_python(_plain(tree.get(name, {})))
    except ValidationError:
        return None


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _plain(v) for k, v in node.items()}
    return [_plain(v) for v in node] if isinstance(node, list) else node


def _named(tree: Any) -> Iterator[tuple[Location, str]]:
    """Places of the file that name a potential."""
    sampling = tree.get("sampling")
    if isinstance(sampling, dict):
        yield ("sampling", "potential"), sampling.get("potential", "zhou2004")
        for i, scenario in enumerate(_list(sampling.get("scenarios"))):
            if isinstance(scenario, dict) and scenario.get("potential") is not None:
                yield ("sampling", "scenarios", i, "potential"), scenario["potential"]
    reference = tree.get("reference")
    if isinstance(reference, dict) and reference.get("engine", "potential") == "potential":
        yield ("reference", "potential"), reference.get("potential", "finnis-sinclair")
    elif reference is None:
        yield ("reference", "potential"), "finnis-sinclair"


def _potentials(tree: Any, material: Material, base: Path) -> Iterator[Problem]:
    for location, name in _named(tree):
        if not isinstance(name, str):
            continue  # the schema says so
        try:
            load_potential(name, material.elements, base=base)
        except InputError as error:
            yield Problem(location, str(error))


def _scenarios(tree: Any, material: Material) -> Iterator[Problem]:
    from ..tasks.sampling.registry import check_scenario

    sampling = tree.get("sampling")
    size = sampling.get("size", "standard") if isinstance(sampling, dict) else "standard"
    for section in ("sampling", "active_learning"):
        entries = tree.get(section)
        for i, raw in enumerate(_list(entries.get("scenarios"))) if isinstance(entries, dict) else ():
            try:
                scenario = TypeAdapter(Scenario).validate_python(_plain(raw))
                check_scenario(resolve(scenario, cast("Size", size)) if size in SIZE_NAMES else scenario, material)
            except ValidationError:
                continue  # the schema says so
            except InputError as error:
                yield Problem((section, "scenarios", i), str(error))


def _planes(tree: Any, material: Material) -> Iterator[Problem]:
    """Planes of the basic set that cannot be built for the crystal."""
    from ..tasks.sampling.orientation import oriented

    options = _section(tree, "basic_set", BasicSet)
    for key in ("surfaces", "gamma_surface"):
        for i, plane in enumerate(getattr(options, key, ())):
            try:
                oriented(material, plane)
            except InputError as error:
                yield Problem(("basic_set", key, i), str(error))


def _files(tree: Any, base: Path) -> Iterator[Problem]:
    places: list[tuple[Location, Any]] = []
    if isinstance(tree.get("basic_set"), dict) and tree["basic_set"].get("dataset") is not None:
        places.append((("basic_set", "dataset"), tree["basic_set"]["dataset"]))
    if isinstance(tree.get("sampling"), dict):
        for i, scenario in enumerate(_list(tree["sampling"].get("scenarios"))):
            for j, name in enumerate(_list(scenario.get("files")) if isinstance(scenario, dict) else ()):
                places.append((("sampling", "scenarios", i, "files", j), name))
    for location, name in places:
        if isinstance(name, str):
            try:
                matching_files(base, name)
            except InputError as error:
                yield Problem(location, str(error))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
