"""How figures look, and how they become text: one style, colours that a colour-blind reader can tell apart."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY, PALE = "#1f2933", "#6b7785", "#d5dbe1"
# Okabe and Ito's palette, without its yellow (too light on white)
BLUE, ORANGE, GREEN, RED, SKY, PURPLE = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7"
SIDES = {"train": BLUE, "test": RED}
WIDTH = 8.8  # inches, of a full-width figure

_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e9edf0",
    "grid.linewidth": 0.7,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "axes.formatter.useoffset": False,
    "mathtext.default": "regular",
}


@contextmanager
def styled() -> Iterator[None]:
    """Use the style while a figure is made and written."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()  # a user's matplotlibrc has no say
        mpl.rcParams.update(cast("Any", _STYLE))
        yield


def new_figure(height: float, columns: int = 1, *, rows: int = 1, width: float = WIDTH) -> tuple[Figure, list[Axes]]:
    """
    Make a figure without pyplot's global state.

    Parameters
    ----------
    height, width
        Inches.
    columns, rows
        Of axes.
    """
    from matplotlib.figure import Figure as MatplotlibFigure

    figure = MatplotlibFigure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    return figure, list(grid.ravel())


def to_svg(figure: Figure, name: str) -> str:
    """
    Write a figure as an SVG element to be put into a page.

    Parameters
    ----------
    figure
        Made within `styled`.
    name
        Becomes part of every id, so that figures in one page do not meet.
    """
    out = io.StringIO()
    figure.savefig(out, format="svg", dpi=150, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'xlink:href="#', f'xlink:href="#{name}-', text)
    return re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', _opening, text, count=1)


def _opening(match: re.Match[str]) -> str:
    """Opening tag that scales with the page, no wider than it was drawn."""
    box = match.group(1)
    width = float(box.split()[2])
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {namespaces} viewBox="{box}" style="width:100%;max-width:{width * 4 / 3:.0f}px" role="img">'


def iteration_colours(n: int) -> list[str]:
    """Colours of iterations 0 to n - 1, dark to light, all readable on white."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    if n <= 1:
        return [BLUE] * n
    return [to_hex(colormaps["viridis"](0.75 * i / (n - 1))) for i in range(n)]


def counts(value: float) -> str:
    """Write a number of things: 950, 12 400 and 1.2M."""
    if value >= 1e6:
        return f"{value / 1e6:.1f}M"
    return f"{value:,.0f}".replace(",", "\u2009")


def literal(text: str) -> str:
    """Keep matplotlib from reading a user's text as a formula."""
    return text.replace("$", r"\$")


def limits(values: Sequence[float], margin: float = 0.04) -> tuple[float, float]:
    """Range of some values with a margin."""
    low, high = min(values), max(values)
    pad = (high - low) * margin or 0.5
    return low - pad, high + pad
