"""The page: self-contained, escaped, marked, deterministic, and whole without data."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from defectgenome.tasks.report.accuracy import parity_figure
from defectgenome.tasks.report.data import FunnelRow, ReportData
from defectgenome.tasks.report.funnel import by_scenario, funnel_figure, total
from defectgenome.tasks.report.overview import overview_figure
from defectgenome.tasks.report.page import facts, render

VOID = {"meta", "br", "img", "link", "hr"}


class Checker(HTMLParser):
    """Collects ids, references and mistakes of nesting."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in {"src", "href", "xlink:href", "action", "data", "poster", "srcset"}:
                self.links.append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    return checker


@pytest.fixture(scope="module")
def page(example) -> str:
    return render(example)


def test_page_fetches_nothing_and_runs_nothing(page):
    found = checked(page)
    assert not found.tags & {"script", "iframe", "link", "object", "embed"}
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in found.links)
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_ids_of_all_figures_are_distinct_and_referenced_ones_exist(page):
    ids = checked(page).ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)
    assert {link[1:] for link in checked(page).links if link.startswith("#")} <= set(ids)


def test_figures_are_well_formed(page):
    figures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(figures) == 5 + 3  # five diagrams, two environments, one cell
    for figure in figures:
        ET.fromstring(figure)


def test_page_is_small_and_the_same_each_time(page, example):
    assert len(page.encode()) < 3_000_000
    assert render(example) == page


def test_teacher_is_marked_everywhere_and_dft_nowhere(page, example):
    for section in ("Errors of the potential", "Properties", "Force uncertainty", "Explored with"):
        assert re.search(rf"<h2>{section}[^<]*<span class=\"tag\">NOT DFT", page)
    assert page.count("teacher potential, not DFT") > 6  # axes and captions
    head = replace(example.head, dft=True, reference="VASP, PBE, 520 eV", size="standard")
    real = render(replace(example, head=head))
    assert "not dft" not in re.sub(r"<style>.*?</style>", "", real, flags=re.DOTALL).lower()
    assert "Rehearsal" in page
    assert "Rehearsal" not in real


def test_gamma_never_stands_without_descriptors(page):
    assert "coverage and is no error bar" in page
    for axis in ("extrapolation grade γ (pod-73)", "largest γ (pod-73)"):
        assert axis in page


def test_text_of_a_user_is_escaped(example):
    evil = '<img src=x onerror="alert(1)">$x^$'
    row = replace(example.funnel[0], scenario=evil)
    refusal = replace(example.refusals[0], examples=(evil,))
    picture = replace(example.pictures[0], scenario=evil, environment=evil)
    head = replace(example.head, name=evil, reason=evil, reference=evil)
    text = render(replace(example, head=head, funnel=(row,), refusals=(refusal,), pictures=(picture,)))
    assert "<img" not in text
    assert "img" not in checked(text).tags


def test_campaign_that_has_just_begun(example):
    text = render(ReportData(replace(example.head, state="submitted", iterations=0)))
    checked(text)
    assert "<svg" not in text
    assert text.count('class="missing"') == 9


@pytest.mark.parametrize("names", [("funnel", "gamma", "parity"), ("learning", "pictures", "explored", "uncertainty")])
def test_any_part_may_be_missing(example, names):
    missing = {name: None if name == "uncertainty" else () for name in names}
    checked(render(replace(example, **missing)))


def test_overview_is_a_picture_even_without_data(example):
    png = overview_figure(example)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert overview_figure(example) == png
    assert overview_figure(ReportData(example.head)) != png


def test_iterations_of_one_exploration_are_added_up():
    rows = [FunnelRow(0, "a", 10, 5, 3, 2, 1, 1), FunnelRow(1, "a", None, None, 2, 2, 2, 1), FunnelRow(2, "a", 7, 1, 1)]
    assert by_scenario(rows) == [FunnelRow(0, "a", 10, 5, 3, 2, 1, 1), FunnelRow(1, "a", 7, 1, 3, 2, 2, 1)]
    assert total(rows, 1) == FunnelRow(1, "", 7, 1, 3, 2, 2, 1)
    assert total([], 0).graded is None


def test_many_scenarios_are_still_one_figure():
    rows = [FunnelRow(0, f"run-{i}", 10 ** (i % 7), i, i, i, i, i) for i in range(30)]
    assert len(funnel_figure(rows, 2.0)) < 400_000


def test_forces_beyond_the_axes_are_counted(example):
    side = example.parity[0]
    far = side.force_reference.copy()
    far[:3] = 500.0
    text = parity_figure((replace(side, force_reference=far, force_predicted=far),), example.head)
    assert "3 beyond the axes" in text


def test_facts_take_the_held_out_errors_of_the_last_iteration(example):
    words = {w: v for v, w in facts(example)}
    assert words["meV/atom, energy error, held out, not DFT"] == "8.0"
    assert words["largest γ of the last iteration (pod-73)"] == f"{max(r.gamma_max for r in example.explored[2:]):.2f}"
    fitted = tuple(replace(p, test_energy=None, test_force=None) for p in example.learning)
    assert ("6.0", "meV/atom, energy error, fitted, not DFT") in facts(replace(example, learning=fitted))


def test_large_parity_is_drawn_as_pixels(example):
    random = np.random.default_rng(0)
    many = random.normal(size=20_000)
    text = parity_figure((replace(example.parity[0], force_reference=many, force_predicted=many + 0.1),), example.head)
    assert len(text) < 400_000
