"""YAML that a user wrote, validated: every mistake as ``file:line:column: key: what is wrong``, all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..schemas.errors import InputError

M = TypeVar("M")
Location = tuple[str | int, ...]
UNION_TAGS = ("kind", "engine")  # keys that say which member of a union a mapping is


@dataclass(frozen=True)
class Problem:
    """One mistake: where in the document, and what."""

    location: Location
    message: str


@dataclass(frozen=True)
class YamlFile(Generic[M]):
    """A parsed file: its raw tree with line marks, the validated value (None when invalid), the problems."""

    path: Path
    tree: Any
    value: M | None
    problems: tuple[Problem, ...]

    def require(self, more: Iterable[Problem] = ()) -> M:
        """Return the value, or raise one InputError with every problem on a line of its own."""
        problems = [*self.problems, *more]
        if problems or self.value is None:
            raise InputError("\n".join(describe(self.path, self.tree, problems)))
        return self.value


def read_yaml(path: Path, schema: Any) -> YamlFile[Any]:
    """
    Parse and validate a YAML file.

    Parameters
    ----------
    path
        The file.
    schema
        A pydantic model, or any annotation that pydantic validates (a discriminated union, say).

    Raises
    ------
    InputError
        If the file cannot be read or is not YAML (with its line and column).
    """
    tree = _parse(path)
    if not isinstance(tree, dict):
        raise InputError(f"{path}:1:1: the file must be a mapping (key: value lines)")
    try:
        value = TypeAdapter(schema).validate_python(_plain(tree))
    except ValidationError as error:
        return YamlFile(path, tree, None, tuple(_problems(error, schema)))
    return YamlFile(path, tree, value, ())


def load_yaml_model(path: Path, schema: Any) -> Any:
    """Read, validate and return, or raise InputError with all mistakes."""
    return read_yaml(path, schema).require()


def describe(path: Path, tree: Any, problems: Sequence[Problem]) -> list[str]:
    """Lines ``file:line:column: key: message``, in the order of the file."""
    placed = sorted(((*locate(tree, p.location), p) for p in problems), key=lambda t: t[:2])
    return [f"{path}:{line}:{column}: {_dotted(tree, p.location)}{p.message}" for line, column, p in placed]


def locate(tree: Any, location: Location) -> tuple[int, int]:
    """Return the deepest (line, column), from 1, that the document has for a location."""
    line, column = 0, 0
    node = tree
    for part in location:
        try:
            if isinstance(part, int):
                line, column = node.lc.item(part)
            elif part in node:
                line, column = node.lc.key(part)
            else:
                continue  # a missing key, or the tag of a union: stay at the parent
            node = node[part]
        except (AttributeError, KeyError, TypeError, IndexError):
            break
    return line + 1, column + 1


def _parse(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}:1:1: not readable as text: {error}") from error
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        problem = " ".join((error.problem or "not YAML").split())
        raise InputError(f"{path}:{where}: {problem}") from error
    except (YAMLError, ValueError) as error:
        raise InputError(f"{path}:1:1: not YAML: {' '.join(str(error).split())}") from error


def _plain(node: Any) -> Any:
    """Turn ruamel's round-trip types into plain ones; sequences become tuples only by validation."""
    if isinstance(node, dict):
        return {str(k): _plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v) for v in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _problems(error: ValidationError, schema: Any) -> Iterable[Problem]:
    for e in error.errors(include_url=False):
        location = tuple(e["loc"])
        message = e["msg"].removeprefix("Value error, ")
        if e["type"] == "extra_forbidden":
            message = "unknown key" + _suggestion(schema, location)
        elif e["type"] == "missing":
            message = "is missing"
        elif e["type"] == "union_tag_not_found":
            tags = sorted(t for m in _models_at(schema, location) for n in UNION_TAGS if (t := _tag(m, n)))
            message = f"{e['ctx']['discriminator']} is missing: one of {', '.join(tags)}"
        elif e["type"] != "value_error" and not isinstance(e["input"], dict | list):
            message = f"{message[0].lower()}{message[1:]} (got {e['input']!r})"
        yield Problem(location, message)


def _suggestion(schema: Any, location: Location) -> str:
    """What the user may have meant, from the fields of the model that the unknown key is in."""
    fields: set[str] = set()
    for model in _models_at(schema, location[:-1]):
        fields |= set(model.model_fields)
    close = difflib.get_close_matches(str(location[-1]), sorted(fields), n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known here: {', '.join(sorted(fields))}" if fields else ""


def _models_at(schema: Any, location: Location) -> list[type[BaseModel]]:
    """Models that a location of the schema may hold; a union's tag picks the member that has it."""
    models = _models_in(schema)
    if not location:
        return models
    head, rest = location[0], location[1:]
    if isinstance(head, int):
        return _models_at(schema, rest)
    tagged = [m for m in models if head in {_tag(m, name) for name in UNION_TAGS}]
    if tagged:
        return _models_at(tagged[0], rest)
    for model in models:
        if head in model.model_fields:
            return _models_at(model.model_fields[head].annotation, rest)
    return []


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for argument in get_args(annotation):
        found += _models_in(argument)
    return found


def _tag(model: type[BaseModel], name: str) -> str | None:
    field = model.model_fields.get(name)
    values = get_args(field.annotation) if field is not None else ()
    return values[0] if values else None


def _dotted(tree: Any, location: Location) -> str:
    """The key as the user wrote it: without the tags of unions, which stand in no file."""
    parts: list[str] = []
    node = tree
    for part in location:
        if isinstance(node, dict) and part in {node.get(tag) for tag in UNION_TAGS} and part not in node:
            continue
        parts.append(str(part))
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
    return ".".join(parts) + ": " if parts else ""
