# Where attacks are chosen on prompts of their own: arms against attacks, each within a bound.
CHOSEN_MODELS = matrix.models(CONFIG)
MATRIX_TABLES = [
    *PATHS.table("matrix", ("parquet", "csv", "md")),
    *PATHS.table("bounded_worst_case"),
    *PATHS.table("bounded_contrasts", ("parquet", "csv", "md")),
]
TABLES += MATRIX_TABLES if CHOSEN_MODELS else []


rule matrix:
    """Lay out arms against the strongest attacks within a bound on utility."""
    input:
        attack_success=f"{RESULTS}/tables/attack_success.parquet",
        verdicts=lambda _: attacks.shown_verdicts(
            CONFIG, PATHS, attacks.answered_by(CONFIG, matrix.needed(CONFIG))
        ),
        prompts=ASKED_PROMPTS,
    output:
        MATRIX_TABLES,
    log:
        f"{RESULTS}/logs/matrix.log",
    benchmark:
        f"{RESULTS}/benchmarks/matrix.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                **matrix.settings(CONFIG),
                "experiment": CONFIG.experiment,
                "judges": ATTACK.judges,
                "baseline": CONFIG.contrasts.baseline,
                "primary": {
                    model: contrast.model_dump()
                    for model, contrast in contrasts.within_bound(CONFIG).items()
                },
            }
        ),
        outputs=" ".join(
            f"--{Path(path).stem}_{Path(path).suffix[1:]} {path}"
            for path in MATRIX_TABLES
        ),
        code=code_of("matrix"),
    shell:
        "python workflow_scripts/matrix.py --attack_success {input.attack_success:q}"
        " --verdicts @<(printf '%s\n' {input.verdicts:q}) --prompts {input.prompts:q} {params.outputs}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


TIMED_STATES = matrix.training_states(CONFIG)
TABLES += PATHS.table("training_time") if TIMED_STATES else []


rule training_time:
    """Add up what each arm's training took, beside the baseline's."""
    input:
        over(TIMED_STATES, PATHS.training_benchmark),
    output:
        table=f"{RESULTS}/tables/training_time.parquet",
        csv=f"{RESULTS}/tables/training_time.csv",
    log:
        f"{RESULTS}/logs/training_time.log",
    benchmark:
        f"{RESULTS}/benchmarks/training_time.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "states": [state._asdict() for state in TIMED_STATES],
                "baseline": CONFIG.contrasts.baseline,
            }
        ),
        code=code_of("training_time"),
    shell:
        "python workflow_scripts/training_time.py --benchmarks @<(printf '%s\n' {input:q})"
        " --out {output.table:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


FIGURES += expand(
    f"{RESULTS}/figures/matrix/{{model}}.{{ending}}",
    model=CHOSEN_MODELS,
    ending=ENDINGS,
)


rule figure_matrix:
    """Draw arms against the strongest attacks within a bound on utility."""
    input:
        table=f"{RESULTS}/tables/matrix.parquet",
        time=f"{RESULTS}/tables/training_time.parquet" if TIMED_STATES else [],
    output:
        pdf=f"{RESULTS}/figures/matrix/{{model}}.pdf",
        png=report(
            f"{RESULTS}/figures/matrix/{{model}}.png",
            category="Does it hold",
            subcategory="Arms against attacks",
            labels={"model": "{model}"},
        ),
        csv=f"{RESULTS}/figures/matrix/{{model}}.csv",
    log:
        f"{RESULTS}/logs/figure_matrix/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_matrix/{{model}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            {"model": wildcards.model, "utility_bound": ATTACK.utility_bound}
        ),
        code=code_of("figure_matrix"),
    shell:
        "python workflow_scripts/figure_matrix.py --table {input.table:q} --time {input.time:q}"
        " --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
