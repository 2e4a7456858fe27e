# The tables that are read: attack success, what it cost, and the paper's own layout.
ATTACKED_STATES = attacks.attacked_states(CONFIG)
VERDICTS = attacks.verdicts(CONFIG, PATHS, attacks.answered(CONFIG))
TABLES += PATHS.table("attack_success") if ATTACKED else []


rule attack_success:
    """Count what every attack achieved on every state: the table all else is read from."""
    input:
        verdicts=VERDICTS,
        validations=validations_of(ATTACKED_STATES),
        # no attack success on prompts that were trained on: that rule fails
        overlap=f"{RESULTS}/tables/prompt_overlap.parquet",
    output:
        table=f"{RESULTS}/tables/attack_success.parquet",
        csv=f"{RESULTS}/tables/attack_success.csv",
    log:
        f"{RESULTS}/logs/attack_success.log",
    benchmark:
        f"{RESULTS}/benchmarks/attack_success.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("attack_success"),
    shell:
        "python workflow_scripts/attack_success.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --validations @<(printf '%s\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --code {params.code} > {log:q} 2>&1"


if benchmarks.of_role(BENCHMARKS, "safe"):
    TABLES += PATHS.table("over_refusal")


rule over_refusal:
    """Count what becomes of safe prompts under attack, benchmark by benchmark."""
    input:
        verdicts=VERDICTS,
        validations=validations_of(ATTACKED_STATES),
    output:
        table=f"{RESULTS}/tables/over_refusal.parquet",
        csv=f"{RESULTS}/tables/over_refusal.csv",
    log:
        f"{RESULTS}/logs/over_refusal.log",
    benchmark:
        f"{RESULTS}/benchmarks/over_refusal.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("over_refusal"),
    shell:
        "python workflow_scripts/over_refusal.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --validations @<(printf '%s\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --code {params.code} > {log:q} 2>&1"


if benchmarks.judges_are_compared(CONFIG):
    TABLES += PATHS.table("judge_agreement")


rule judge_agreement:
    """Compare every two judges by Cohen's kappa."""
    input:
        verdicts=VERDICTS,
        validations=validations_of(ATTACKED_STATES),
    output:
        table=f"{RESULTS}/tables/judge_agreement.parquet",
        csv=f"{RESULTS}/tables/judge_agreement.csv",
    log:
        f"{RESULTS}/logs/judge_agreement.log",
    benchmark:
        f"{RESULTS}/benchmarks/judge_agreement.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("judge_agreement"),
    shell:
        "python workflow_scripts/judge_agreement.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --validations @<(printf '%s\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --code {params.code} > {log:q} 2>&1"


SHOWN_VERDICTS = attacks.shown_verdicts(CONFIG, PATHS, attacks.answered(CONFIG))
ASKED_PROMPTS = prompts_of(
    dict.fromkeys(benchmark.dataset for benchmark in BENCHMARKS.values())
)
PAPER_TABLES = [
    path
    for name in ("table_1", "worst_case", "contrasts", "table_2")
    for path in PATHS.table(name, ("parquet", "csv", "md"))
]
PAPER_TABLES += PATHS.table("worst_case_by_seed")
TABLES += PAPER_TABLES if ATTACKED and CONFIG.attacks else []


rule paper_tables:
    """Lay out Tables 1 and 2 of the paper, the worst case and contrasts, over seeds."""
    input:
        attack_success=f"{RESULTS}/tables/attack_success.parquet",
        verdicts=SHOWN_VERDICTS,
        prompts=ASKED_PROMPTS,
        models=over(training.acting_states(CONFIG, ATTACKED_STATES), CHECKPOINT),
    output:
        PAPER_TABLES,
    log:
        f"{RESULTS}/logs/paper_tables.log",
    benchmark:
        f"{RESULTS}/benchmarks/paper_tables.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "experiment": CONFIG.experiment,
                "judges": ATTACK.judges,
                "baseline": CONFIG.contrasts.baseline,
                "primary": {
                    model: contrast.model_dump()
                    for model, contrast in contrasts.at_fraction(CONFIG).items()
                },
            }
        ),
        outputs=" ".join(
            f"--{Path(path).stem}_{Path(path).suffix[1:]} {path}"
            for path in PAPER_TABLES
        ),
        code=code_of("paper_tables"),
    shell:
        "python workflow_scripts/paper_tables.py --attack_success {input.attack_success:q}"
        " --verdicts @<(printf '%s\\n' {input.verdicts:q}) --prompts {input.prompts:q}"
        " --models @<(printf '%s\\n' {input.models:q}) {params.outputs}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


IMAGE_BENCHMARKS = benchmarks.with_images(CONFIG)
if benchmarks.of_role(IMAGE_BENCHMARKS, "harmful"):
    TABLES += PATHS.table("table_3", ("parquet", "csv", "md"))


rule table_3:
    """Lay out Table 3 of the paper: benchmarks with images."""
    input:
        attack_success=f"{RESULTS}/tables/attack_success.parquet",
        verdicts=SHOWN_VERDICTS,
        prompts=ASKED_PROMPTS,
    output:
        parquet=f"{RESULTS}/tables/table_3.parquet",
        csv=f"{RESULTS}/tables/table_3.csv",
        md=f"{RESULTS}/tables/table_3.md",
    log:
        f"{RESULTS}/logs/table_3.log",
    benchmark:
        f"{RESULTS}/benchmarks/table_3.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "experiment": CONFIG.experiment,
                "judges": ATTACK.judges,
                "benchmarks": list(IMAGE_BENCHMARKS),
            }
        ),
        code=code_of("table_3"),
    shell:
        "python workflow_scripts/table_3.py --attack_success {input.attack_success:q}"
        " --verdicts @<(printf '%s\\n' {input.verdicts:q}) --prompts {input.prompts:q} --out {output.parquet:q}"
        " --csv {output.csv:q} --md {output.md:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


TABLES += PATHS.table("capability") if CAPABILITY_RUNS else []


rule capability_table:
    """Gather what was measured of every state's capability."""
    input:
        measured=[
            fill(PATHS.capability, state, attack=attack, task=task)
            for state, attack, task in CAPABILITY_RUNS
        ],
        validations=validations_of(states.states(CONFIG, CAPABILITY_MODELS)),
    output:
        table=f"{RESULTS}/tables/capability.parquet",
        csv=f"{RESULTS}/tables/capability.csv",
    log:
        f"{RESULTS}/logs/capability_table.log",
    benchmark:
        f"{RESULTS}/benchmarks/capability_table.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("capability_table"),
    shell:
        "python workflow_scripts/capability_table.py --measured @<(printf '%s\\n' {input.measured:q})"
        " --validations @<(printf '%s\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --code {params.code} > {log:q} 2>&1"


ALIGNED_STATES = states.aligned_states(CONFIG, MODELS)
TABLES += PATHS.table("freeze_reports") if ALIGNED_STATES else []


rule freeze_reports:
    """Gather every training's proof of what it froze and what it moved."""
    input:
        reports=over(ALIGNED_STATES, PATHS.freeze_report),
        validations=validations_of(ALIGNED_STATES),
    output:
        table=f"{RESULTS}/tables/freeze_reports.parquet",
        csv=f"{RESULTS}/tables/freeze_reports.csv",
    log:
        f"{RESULTS}/logs/freeze_reports.log",
    benchmark:
        f"{RESULTS}/benchmarks/freeze_reports.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("freeze_reports"),
    shell:
        "python workflow_scripts/freeze_reports.py --reports @<(printf '%s\\n' {input.reports:q})"
        " --validations @<(printf '%s\\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --code {params.code} > {log:q} 2>&1"


# The paper's Tables 1 to 3 with our values in their cells, for the models that the config names.
PUBLISHED = CONFIG.published
COMPARED = [model for model in MODELS if model in PUBLISHED.models]
AGAINST_PAPER = expand(
    f"{RESULTS}/tables/against_paper.{{ending}}", ending=("parquet", "csv", "md")
)
TABLES += AGAINST_PAPER if set(COMPARED) & {*ATTACKED, *CAPABILITY_MODELS} else []


rule against_paper:
    """Put our values beside the paper's Tables 1 to 3: tables/against_paper."""
    input:
        published=str(LIBRARY / "safeneuron/results/published/values.csv"),
        attack_success=(f"{RESULTS}/tables/attack_success.parquet" if ATTACKED else []),
        capability=(f"{RESULTS}/tables/capability.parquet" if CAPABILITY_RUNS else []),
    output:
        table=f"{RESULTS}/tables/against_paper.parquet",
        csv=f"{RESULTS}/tables/against_paper.csv",
        page=f"{RESULTS}/tables/against_paper.md",
    log:
        f"{RESULTS}/logs/against_paper.log",
    benchmark:
        f"{RESULTS}/benchmarks/against_paper.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                **PUBLISHED.model_dump(),
                "experiment": CONFIG.experiment,
                "judges": ATTACK.judges,
            }
        ),
        code=code_of("against_paper"),
    shell:
        "python workflow_scripts/against_paper.py --published {input.published:q}"
        " --attack_success {input.attack_success:q} --capability {input.capability:q}"
        " --table {output.table:q} --csv {output.csv:q} --page {output.page:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# Single prompts under attack (Figures 8 and 9): T0, and each arm's last round if it is attacked.
CASES = attacks.case_studies(CONFIG)
TABLES += PATHS.table("case_studies", ("parquet", "md")) if CASES else []


rule case_studies:
    """Draw single prompts that T0 answers only under attack (Figures 8 and 9)."""
    input:
        verdicts=[one.fill(PATHS.verdicts, judge=judge) for one, judge in CASES],
        responses=[one.fill(PATHS.responses) for one, _ in CASES],
        validations=validations_of(ATTACKED_STATES),
    output:
        table=f"{RESULTS}/tables/case_studies.parquet",
        page=f"{RESULTS}/tables/case_studies.md",
    log:
        f"{RESULTS}/logs/case_studies.log",
    benchmark:
        f"{RESULTS}/benchmarks/case_studies.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                **CONFIG.report.case_studies.model_dump(),
                "show_text": CONFIG.report.show_text,
                "experiment": CONFIG.experiment,
            }
        ),
        code=code_of("case_studies"),
    shell:
        "python workflow_scripts/case_studies.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --responses @<(printf '%s\\n' {input.responses:q}) --validations @<(printf '%s\n' {input.validations:q})"
        " --table {output.table:q} --page {output.page:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
