"""One picture of a campaign: funnel, coverage and parity."""

from __future__ import annotations

import io

from .accuracy import draw_energy_parity, draw_force_parity
from .coverage import draw_histograms, merged_histograms
from .data import ReportData
from .funnel import draw_bars, step_names, whole
from .style import BLUE, GREY, literal, new_figure, styled


def overview_figure(data: ReportData) -> bytes:
    """
    Draw the overview.

    Parameters
    ----------
    data
        Panels without data say so.

    Returns
    -------
    bytes
        PNG, about 1500 pixels wide.
    """
    head = data.head
    with styled():
        figure, axes = new_figure(6.6, 2, rows=2, width=9.6)
        row = whole(data.funnel)
        if row.candidates or row.graded:
            draw_bars(axes[0], row, step_names(head.gamma_select), BLUE, max(row.graded or 0, row.candidates, 1))
            axes[0].set_xlabel("environments, all iterations")
        else:
            axes[0].set_axis_off()
        axes[0].set_title("From atoms to labelled cells")
        if merged_histograms(data.gamma):
            draw_histograms(axes[1], data.gamma, head)
        else:
            axes[1].set_axis_off()
        axes[1].set_title("Coverage (γ is no error bar)")
        mark = "" if head.dft else " (teacher, not DFT)"
        for a, draw, name in ((axes[2], draw_energy_parity, "Energies"), (axes[3], draw_force_parity, "Forces")):
            if data.parity:
                draw(a, data.parity, head)
            else:
                a.set_axis_off()
            a.set_title(name + mark)
        note = f"{head.name}: {head.state}, reference {literal(head.reference)}{'' if head.dft else ', NOT DFT'}"
        figure.suptitle(note + (", a rehearsal" if head.rehearsal else ""), fontsize=8.5, color=GREY, x=0.01, ha="left")
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=160, metadata={"Software": None})
    return out.getvalue()
