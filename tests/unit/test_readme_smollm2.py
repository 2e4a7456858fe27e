"""Every number of README's results on SmolLM2 is a row of a table in git, which a rule has made."""

import json

import pytest

from unit.test_readme import ROOT, difference, rows, section, share, summary

ARMS = ("dpo", "freeze", "freeze_ablate", "ablate", "random_ablate")
SHOWN = section("On a real language model")


def cell(benchmark, column="asr", arm="base", model="smollm2", **where):
    """One row of `attack_success` or `over_refusal`: a share, or how many were asked."""
    where = {"attack": "paper", "target": "es+sas", "fraction": None, "control_seed": None} | where
    where |= {"model": model, "arm": arm, "benchmark": benchmark, "category": "overall"}
    where["judge"] = "refusal_prefix"
    table = "attack_success" if benchmark == "strongreject" else "over_refusal"
    (found,) = rows("smollm2", table, **where)[column]
    return found


def clean(benchmark, column="asr", **where):
    return cell(benchmark, column, attack="clean", target="none", **where)


def wilson(**where):
    return "{} [{}, {}]".format(
        *(share(cell("strongreject", column, **where)) for column in ("asr", "asr_low", "asr_high"))
    )


def controls(benchmark, column="asr", **where):
    return " and ".join(share(cell(benchmark, column, control_seed=n, **where)) for n in (0, 1))


def over_refusal(**where):
    return " and ".join(
        share(clean(name, "over_refusal", **where)) for name in ("xstest", "or_bench")
    )


def line(arm, about=""):
    """A line of README's table of rounds: clean, over-refusal, under FULL, its random controls."""
    full = {"arm": arm, "attack": "full"}
    return (
        f"| `{arm}`{about} | {share(clean('strongreject', arm=arm))} | {over_refusal(arm=arm)} | "
        f"{wilson(**full)} | {controls('strongreject', **full)} |"
    )


def contrast(arm, column="complied"):
    return summary("smollm2", "contrasts", difference, arm=arm, fraction=0.02, column=column)


def arc(model="smollm2", arm="base", attack="clean"):
    """Share of ARC-Easy's questions that are answered right."""
    where = {"model": model, "arm": arm, "attack": attack, "control_seed": None}
    (found,) = rows("smollm2", "capability", **where, metric="acc")["value"]
    return share(found)


def after(arm):
    """The same of an arm's T1."""
    return arc(arm=arm)


def gate_saw():
    path = ROOT / "results/smollm2-snapshot/models/smollm2/base/T0/s0/validation.json"
    document = json.loads(path.read_text())
    assert document["gate"] == "passed"
    return document["validation"]


def frozen():
    reports = rows("smollm2", "freeze_reports")
    assert reports.set_index("arm")["frozen_neurons"].gt(0).to_dict() == {
        arm: arm.startswith("freeze") for arm in ARMS
    }
    return int(reports["frozen_moved"].sum())


def claims():
    """What the section says in numbers, from the tables."""
    neurons = cell("strongreject", "n_neurons")
    return [
        f"{clean('strongreject', 'n_prompts'):.0f} of StrongREJECT's questions",
        f"refuses {share(clean('strongreject', 'refused', model='smollm2-base'))} of them",
        f"after safety tuning {share(clean('strongreject', 'refused'))}",
        f"({neurons:,.0f} of 46,080 neurons, {100 * neurons / 46080:.1f} %)",
        f"from {share(clean('strongreject'))} to {wilson()};",
        f"random neurons a layer give {controls('strongreject')}, and the interval of the second, "
        f"[{wilson(control_seed=1).partition('[')[2]}, overlaps.",
        f"XSTest's and OR-Bench's harmless questions from {over_refusal()} to "
        f"{share(cell('xstest', 'over_refusal'))} and {share(cell('or_bench', 'over_refusal'))}",
        f"alone gives {wilson(target='es')} with {cell('strongreject', 'n_neurons', target='es')} "
        f"neurons, activation shift alone {wilson(target='sas')}",
        line("base", ", T0"),
        *(line(arm) for arm in ARMS),
        f"gate, on other prompts, was passed with {share(gate_saw()['over_refusal'])}.",
        f"as published answers {arc('smollm2-base')} of 100 questions of ARC-Easy right,",
        f"of ARC-Easy right, T0 {arc()}, under FULL {arc(attack='paper')},",
        f"after a round {min(map(after, ARMS))} to {max(map(after, ARMS))}, with a standard error "
        f"of {share(rows('smollm2', 'capability', metric='acc')['stderr'].mean())} each.",
        f"not refused {contrast('freeze_ablate', 'not_refused')}",
        {0: "no bit of the frozen neurons moved"}[frozen()],
        f"primary, complies {contrast('freeze_ablate')} more often than",
    ]


@pytest.mark.parametrize("claim", claims())
def test_a_number_of_the_results_is_a_row_of_a_table(claim):
    assert " ".join(claim.split()) in SHOWN
