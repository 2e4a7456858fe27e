# Single prompts under attack (Figures 8 and 9): T0, and each arm's last round if it is attacked.
CASES = CONFIG.report.case_studies
HARMFUL_DATASETS = {
    name: benchmark.dataset
    for name, benchmark in BENCHMARKS.items()
    if benchmark.role == "harmful"
}
CASE_STATES = sorted(
    (
        state
        for state in ATTACKED_STATES
        if state["round"] in (0, ALIGN.rounds_for(state["model"]))
        and CASES.attack in attacks_on(state)
    ),
    key=lambda state: (state["model"], state["seed"]),
)
TABLES += (
    expand(f"{RESULTS}/tables/case_studies.{{ending}}", ending=("parquet", "md"))
    if CASE_STATES
    else []
)


rule case_studies:
    input:
        validations=validations_of(CASE_STATES),
        verdicts=over(
            CASE_STATES,
            f"{RESULTS}/verdicts/{STATE}/{CASES.attack}/{ATTACK.judges[0]}.parquet",
        ),
        responses=over(
            CASE_STATES, f"{RESULTS}/responses/{STATE}/{CASES.attack}.parquet"
        ),
        prompts=prompts_of(sorted(set(HARMFUL_DATASETS.values()))),
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
                **CASES.model_dump(),
                "states": CASE_STATES,
                "judge": ATTACK.judges[0],
                "datasets": HARMFUL_DATASETS,
                "show_text": CONFIG.report.show_text,
                "experiment": CONFIG.experiment,
            }
        ),
        code=code_of("case_studies"),
    shell:
        "python workflow_scripts/case_studies.py --validations @<(printf '%s\\n' {input.validations:q})"
        " --verdicts @<(printf '%s\\n' {input.verdicts:q}) --responses @<(printf '%s\\n' {input.responses:q}) --prompts {input.prompts:q}"
        " --table {output.table:q} --page {output.page:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
