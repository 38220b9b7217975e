"""The page: its style sheet and its template; no scripts, nothing from outside."""

from __future__ import annotations

STYLE = """
:root { --ink: #1f2933; --grey: #5d6875; --line: #d9dfe4; --pale: #f4f6f8; --warn: #8a3b00; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { font: 15.5px/1.5 "Source Sans 3", "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif;
  color: var(--ink); background: #fff; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 56rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 1.25rem; margin: 3rem 0 0.4rem; padding-top: 0.7rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1rem; margin: 1.6rem 0 0.3rem; }
p, .banner { margin: 0.5rem 0; max-width: 44rem; }
.stamp { color: var(--grey); margin: 0.2rem 0 1.2rem; font-size: 0.95rem; }
.banner { border-left: 5px solid var(--warn); background: #fdf3ea; padding: 0.6rem 0.9rem; margin: 0.6rem 0;
  font-size: 0.95rem; }
.banner strong { color: var(--warn); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1.1rem 1.5rem;
  margin: 1.8rem 0 0; }
.facts div { border-top: 1.5px solid var(--ink); padding-top: 0.35rem; }
.facts b { display: block; font-size: 1.4rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.facts span { color: var(--grey); font-size: 0.82rem; line-height: 1.3; display: block; }
table { border-collapse: collapse; font-size: 0.88rem; margin: 0.8rem 0; font-variant-numeric: tabular-nums;
  width: 100%; }
th, td { text-align: left; padding: 0.28rem 0.7rem 0.28rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; border-bottom: 1.5px solid var(--ink); vertical-align: bottom; line-height: 1.25; }
th.n, td.n { text-align: right; padding-left: 0.7rem; padding-right: 0; }
td.n { white-space: nowrap; }
th.n + th:not(.n), td.n + td:not(.n) { padding-left: 1.2rem; }
tr.sum td { font-weight: 600; border-top: 1.5px solid var(--ink); border-bottom: 0; }
.scroll { overflow-x: auto; }
.bar { display: inline-block; height: 0.65em; background: #0072b2; vertical-align: baseline; min-width: 1px; }
td.barcell { width: 30%; }
figure { margin: 1rem 0 1.4rem; }
figure > svg { display: block; height: auto; }
figcaption { font-size: 0.86rem; color: var(--grey); margin-top: 0.35rem; max-width: 46rem; line-height: 1.45; }
.tag { font-size: 0.75em; font-weight: 600; color: var(--warn); border: 1px solid currentColor; border-radius: 2px;
  padding: 0 0.35em; white-space: nowrap; vertical-align: 0.08em; letter-spacing: 0.02em; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: 1.6rem 1.5rem; }
.pictures figure { margin: 0; }
.pair { display: flex; gap: 0.3rem; align-items: center; }
.pair svg { width: calc(50% - 0.15rem); height: auto; }
.pair p { width: 50%; text-align: center; color: var(--grey); font-size: 0.86rem; }
.key { font-size: 0.86rem; }
.key i { display: inline-block; width: 0.75em; height: 0.75em; border-radius: 50%; margin: 0 0.35em 0 0.9em; }
.key i:first-child { margin-left: 0; }
.missing { color: var(--grey); font-style: italic; }
details { margin: 0.6rem 0; } summary { cursor: pointer; font-size: 0.88rem; color: var(--grey); }
code { font: 0.84em ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 0.6rem; }
@media (max-width: 30rem) { .pictures { grid-template-columns: 1fr; } }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { break-after: avoid; } figure, tr, .banner, .facts { break-inside: avoid; }
  .pictures { grid-template-columns: 1fr 1fr; } }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ head.name }}: campaign report{{ "" if head.dft else " (not DFT)" }}</title>
<style>{{ style|safe }}</style>
</head>
<body>
{% macro notdft() %}{% if not head.dft %} <span class="tag">NOT DFT</span>{% endif %}{% endmacro %}
{% macro missing(what) %}<p class="missing">{{ what }}</p>{% endmacro %}
{% macro show(t) %}
<div class="scroll"><table>
{% if t.columns|selectattr(0)|list %}
<thead><tr>
{%- for name, numeric in t.columns %}<th{{ ' class="n"'|safe if numeric }}>{{ name }}</th>{% endfor %}</tr></thead>
{% endif %}
<tbody>
{% for row in t.rows %}
<tr{{ ' class="sum"'|safe if t.total and loop.last }}>
{%- for cell in row -%}
{% if cell is string %}<td{{ ' class="n"'|safe if t.columns[loop.index0][1] }}>{{ cell }}</td>
{%- else %}<td class="barcell"><span class="bar" style="width:{{ cell.percent }}%"></span></td>{% endif %}
{%- endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% endmacro %}
<header>
<h1>{{ head.name }}</h1>
<p class="stamp">Campaign report, {{ head.made }}. State: <strong>{{ head.state }}</strong>
{%- if head.reason %}: {{ head.reason }}{% endif %}.</p>
{% if not head.dft %}
<p class="banner"><strong>NOT DFT.</strong> The reference of this campaign is a teacher potential
(<code>{{ head.reference }}</code>). Its labels, the potential trained on them, and every error and property below
are measured against that teacher, and say nothing about the real material.</p>
{% endif %}
{% if head.rehearsal %}
<p class="banner"><strong>Rehearsal.</strong> The quick size has small cells, short runs and very fast rates: it shows
that the machinery works. What it found may be an artefact; use <code>size: standard</code> for results.</p>
{% endif %}
</header>

<div class="facts">
{% for value, words in facts %}
<div><b>{{ value }}</b><span>{{ words }}</span></div>
{% endfor %}
</div>

<h2>Campaign</h2>
<table><tbody>
<tr><td>Material</td><td>{{ head.material }}</td></tr>
<tr><td>Sampling potential, size</td><td>{{ head.sampling_potential }}, {{ head.size }}</td></tr>
<tr><td>Reference</td><td>{{ head.reference }}{{ notdft() }}</td></tr>
<tr><td>Potential that is trained</td><td>{{ head.potential }}</td></tr>
<tr><td>Descriptors of γ</td><td>{{ head.descriptors }}; environments above γ = {{ head.gamma_select|g }} are
collected, a run above {{ head.gamma_break|g }} ends</td></tr>
<tr><td>Seed</td><td>{{ head.seed }}</td></tr>
</tbody></table>
<p>γ, the extrapolation grade, tells how far an environment lies outside those that the potential was trained on, in
the descriptors named with it. It measures <strong>coverage and is no error bar</strong>: a well covered environment
can still be wrong.</p>
{% if data.scenarios %}
<h3>Sampling runs</h3>
{{ show(tables.scenarios) }}
{% endif %}

<h2>From atoms to labels</h2>
{% if figures.funnel %}
<figure>{{ figures.funnel|safe }}<figcaption>How many environments of each scenario came how far (logarithmic).
Graded: atoms whose environment was compared with the training set in the descriptors {{ head.descriptors }}. Blue:
sampling with the empirical potential; orange: exploration with the new potential, all iterations. At most twelve are
drawn, those with most environments selected.</figcaption></figure>
<details><summary>Numbers by iteration and scenario</summary>
{{ show(tables.funnel) }}
</details>
{% else %}
{{ missing("No snapshot was graded yet.") }}
{% endif %}

<h2>Coverage: γ by iteration</h2>
{% if figures.gamma %}
<figure>{{ figures.gamma|safe }}<figcaption>γ with the descriptors {{ head.descriptors }}, relative to the training set
of the iteration before (iteration 0: to the basic set). Dashed: {{ head.gamma_select|g }}, above which environments are
collected; dotted: {{ head.gamma_break|g }}, where a run ends. A cross marks a run that ended early. γ is coverage, no
error bar.</figcaption></figure>
{% else %}
{{ missing("No gamma was recorded yet.") }}
{% endif %}

<h2>Errors of the potential{{ notdft() }}</h2>
{% if data.learning %}
<p>Errors are those of the written potential file, evaluated again. Held out means by source environment: no
structure of an environment is on both sides. The split is random within the families of this campaign, which is
interpolation; errors on defects of another kind are larger.</p>
<figure>{{ figures.learning|safe }}<figcaption>Learning curve: root-mean-square errors against the
{{ head.reference_words }}, after each iteration.</figcaption></figure>
{{ show(tables.learning) }}
{% else %}
{{ missing("No potential was trained yet.") }}
{% endif %}
{% if figures.parity %}
<figure>{{ figures.parity|safe }}<figcaption>Parity of the newest potential with the {{ head.reference_words }}; numbers
are root-mean-square errors, forces by component.{{ " A subset of the points is drawn." if sampled }}</figcaption>
</figure>
{% endif %}
{% if data.families %}
<details{{ " open" if data.families|length < 14 }}><summary>Errors by family of structures</summary>
{{ show(tables.families) }}
</details>
{% endif %}

<h2>Force uncertainty of the ensemble{{ notdft() }}</h2>
{% if data.uncertainty %}
{% if figures.uncertainty %}
<figure>{{ figures.uncertainty|safe }}<figcaption>Spread of the forces over {{ data.uncertainty.members or "the" }}
members, fitted to resampled training sets, beside the error that the potential makes; atoms in bins of equal number.
Points above the line: the ensemble is too confident.</figcaption></figure>
{% endif %}
{{ show(tables.uncertainty) }}
{% else %}
{{ missing("There is no ensemble, or it was not evaluated yet (training.ensemble).") }}
{% endif %}

<h2>Environments and their cells</h2>
{% if pictures %}
<p>Left, an environment cut out of a simulation; right, the periodic cell that was made of it, in the same axes and to
the same scale. Both are cut open at the centre and seen along the direction in which the columns of atoms line up
best; paler atoms lie deeper.</p>
<p class="key">
{% for role, words in roles %}
<i style="background:{{ colours[role] }}"></i>{{ words }}
{% endfor %}
</p>
<div class="pictures">
{% for p in pictures %}
<figure><div class="pair">{{ p.environment_svg|safe }}
{% if p.cell_svg %}{{ p.cell_svg|safe }}{% else %}<p>no feasible cell</p>{% endif %}</div>
<figcaption><strong>{{ p.scenario }}</strong>, iteration {{ p.iteration }}.
{% for line in p.lines %}
{{ line }}{{ "." if loop.last else ";" }}
{% endfor %}
<code>{{ p.environment }}</code></figcaption></figure>
{% endfor %}
</div>
{% else %}
{{ missing("No environment was selected yet.") }}
{% endif %}

<h2>Refused</h2>
{% if data.refusals %}
<p>A refusal is a result: what cannot be rebuilt or labelled properly does not enter the training set.</p>
{{ show(tables.refusals) }}
{% else %}
{{ missing("Nothing was refused.") }}
{% endif %}

<h2>Explored with the new potential{{ notdft() }}</h2>
{% if data.explored %}
{{ show(tables.temperatures) }}
<details{{ " open" if data.explored|length < 14 }}><summary>Each run</summary>
{{ show(tables.explored) }}
</details>
{% else %}
{{ missing("No molecular dynamics with the new potential yet.") }}
{% endif %}

<h2>Properties{{ notdft() }}</h2>
{% if data.properties %}
{{ show(tables.properties) }}
<p>Vacancy and surfaces are relaxed at the potential's own lattice constant.{% if not head.dft %} The reference is the
teacher potential, not DFT and not experiment.{% endif %}</p>
{% else %}
{{ missing("Properties are computed when the campaign has come to its end.") }}
{% endif %}

<h2>Cost</h2>
{% if data.times %}
{{ show(tables.times) }}
<p>Wall times of jobs that ran side by side are added up. Labels found in a shared store are listed with what they once
cost.</p>
<details><summary>By iteration</summary>
{{ show(tables.iteration_times) }}
</details>
{% else %}
{{ missing("Nothing was computed yet.") }}
{% endif %}

<footer>
{% for name, value in head.digests.items() %}
<p>{{ name }} <code>{{ value }}</code></p>
{% endfor %}
</footer>
</body>
</html>
"""
