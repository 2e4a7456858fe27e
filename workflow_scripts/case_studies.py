"""Prompts that T0 answers only under attack, and what each arm's last round does with them."""

from itertools import groupby
from typing import Any

import numpy as np

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.manifests import gate_passed
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.data.prompts import benchmark_texts
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.results import case_studies
from safeneuron.results.case_studies import CASE_STUDIES, read_answers

if __name__ == "__main__":
    with stage(
        __doc__,
        dict[str, Any],
        many=("models", "verdicts", "responses", "prompts"),
        outputs=("table", "page"),
    ) as args:
        settings = args.settings
        judge, attack = settings["judge"], settings["attack"]
        prompts = benchmark_texts(args.prompts, settings["datasets"])
        states = [
            (
                {**state, "gate_passed": gate_passed(model)},
                read_answers(read_table(verdicts, VERDICTS), read_table(responses, RESPONSES)),
            )
            for state, model, verdicts, responses in zip(
                settings["states"], args.models, args.verdicts, args.responses, strict=True
            )
        ]
        rows = []
        page = [case_studies.introduction(settings["experiment"], judge, attack, settings["seed"])]
        for (model, seed), group in groupby(states, lambda one: (one[0]["model"], one[0]["seed"])):
            lineage = list(group)
            found = case_studies.candidates(lineage[0][1], prompts)
            rng = np.random.default_rng([settings["seed"], seed])
            cases = case_studies.draw(found, settings["count"], rng)
            heading = f"{model}, seed {seed}: {len(cases)} of {len(found)} prompts"
            rows += case_studies.case_rows(cases, lineage, judge, attack)
            page.append(
                case_studies.section(heading, cases, lineage, prompts, settings["show_text"])
            )
        write_rows(args.table, CASE_STUDIES, rows)
        write_text(args.page, "\n".join(page))
