"""The report's page: the paper's order of figures, and a new one without a line in the report."""

import re

from pictures import picture
from safeneuron.report.page import render, summarise
from safeneuron.results.attack_success import ATTACK_SUCCESS


def page(figures, readings=None):
    return render("mine", [], [], {}, "oracle", figures, readings or {}, [], {})


def test_figures_stand_in_the_papers_order_and_one_that_it_does_not_name_comes_last(tmp_path):
    names = (
        "figures/mine/tiny.png",
        "figures/overlap/tiny/d.png",
        "figures/composition/tiny/d.png",
    )
    figures = {}
    for number, name in enumerate(names):
        figures[name] = tmp_path / f"{number}.png"
        figures[name].write_bytes(picture("red"))
    titles = re.findall(r"<h2>(Figure \d|mine)", page(figures))
    assert titles == ["Figure 3", "Figure 5", "mine"]


def row(target, complied, *, control=None, strength=None, seed=0):
    values = dict.fromkeys(ATTACK_SUCCESS.names) | {
        "model": "m", "arm": "base", "round": 0, "seed": seed, "attack": "mine",
        "target": target, "control_seed": control, "strength": strength, "category": "overall",
        "n_neurons": 7, "asr": complied, "asr_low": 0.0, "asr_high": 1.0, "complied": complied,
        "not_refused": complied + 0.125, "not_refused_low": 0.0, "not_refused_high": 1.0,
    }  # fmt: skip
    return values


def test_the_summary_is_over_seeds_with_the_control_beside_and_strengths_apart():
    rows = [
        *(row("es", complied, seed=seed) for seed, complied in enumerate((0.25, 0.75))),
        row("es", 0.125, control=3),
        row("es", 1.0, strength=2.0),
    ]
    lines = [(r["attack"], r["seeds"], r["complied"], r["random_asr"]) for r in summarise(rows)]
    assert lines == [("mine", 2, 0.5, 0.125), ("mine 2", 1, 1.0, None)]
    beside = [(r["not_refused"], r["random_not_refused"]) for r in summarise(rows)]
    assert beside == [(0.625, 0.25), (1.125, None)]


def test_what_was_not_refused_stands_beside_the_success_rate_with_its_interval_and_control():
    shares = {"attempted": 0.0625, "refused": 0.375, "broken": 0.03125}
    rows = [row("es", 0.5) | shares, row("es", 0.125, control=3)]
    html = render("mine", [], rows, {}, "oracle", {}, {}, [], {})
    table = html[html.index("Attacks on T0") :]
    header = re.findall(r"<th.*?>(.*?)</th>", table)
    cells = [re.sub(r"</?b>", "", cell) for cell in re.findall(r"<td.*?>(.*?)</td>", table)]
    assert header[6:15] == [
        "ASR", "95 %", "random", "not refused", "95 %", "random", "attempted", "refused", "broken",
    ]  # fmt: skip
    assert cells[6:15] == [
        "0.50", "0.00\u20131.00", "0.12", "0.62", "0.00\u20131.00", "0.25", "0.06", "0.38", "0.03",
    ]  # fmt: skip


def test_attempts_have_a_column_only_where_there_are_any():
    html = render("mine", [], [row("es", 0.5)], {}, "refusal_prefix", {}, {}, [], {})
    table = html[html.index("Attacks on T0") :].lower()
    assert "attempted" not in table
    header, cells = (re.findall(rf"<{tag}[ >]", table) for tag in ("th", "td"))
    assert len(header) == len(cells) == 17


def test_what_a_figure_says_stands_under_it_and_for_those_who_do_not_see_it(tmp_path):
    names = ("figures/overlap/tiny/d.png", "figures/depth_profile.png")
    figures = {name: tmp_path / f"{number}.png" for number, name in enumerate(names)}
    for path in figures.values():
        path.write_bytes(picture("red"))
    html = page(figures, {tmp_path / "0.png": "Overlap is > chance.\n"})
    said = "Overlap is &gt; chance."
    assert f'alt="figures/overlap/tiny/d.png: {said}"' in html
    assert f"<br>{said}</figcaption>" in html
    assert html.count(said) == 2
    assert 'alt="figures/depth_profile.png"' in html
