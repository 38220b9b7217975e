"""The reference spec of any ASE calculator, named by its import path."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, JsonValue

from .base import UserModel
from .spec_parts import Limits

IMPORT_PATH = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"


class CalculatorSpec(UserModel):
    """An ASE calculator, a foundation model say, as the reference. Its labels are never DFT."""

    engine: Literal["calculator"]
    calculator: str = Field(pattern=IMPORT_PATH, max_length=200, description="package.module:Class (or a function)")
    arguments: dict[str, JsonValue] = Field(default_factory=dict, description="its keyword arguments, plain JSON")
    limits: Limits = Limits()
    max_refused: float = Field(default=0.1, ge=0, le=1, description="share of refused labels that stops the campaign")

    def physics(self) -> dict[str, Any]:
        """What decides the numbers; the version of the distribution is none of it."""
        return {"engine": self.engine, "calculator": self.calculator, "arguments": self.arguments}
