# Attacks over their strengths, and rankings read from both ends.


if curves.models_on_curves(CONFIG):
    TABLES += PATHS.table("attack_curves", ("parquet", "csv", "md"))


rule attack_curves:
    """Sum up attacks over their strengths: areas, and where models break."""
    input:
        f"{RESULTS}/tables/attack_success.parquet",
    output:
        table=f"{RESULTS}/tables/attack_curves.parquet",
        csv=f"{RESULTS}/tables/attack_curves.csv",
        md=f"{RESULTS}/tables/attack_curves.md",
    log:
        f"{RESULTS}/logs/attack_curves.log",
    benchmark:
        f"{RESULTS}/benchmarks/attack_curves.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {"experiment": CONFIG.experiment, "judges": ATTACK.judges}
        ),
        code=code_of("attack_curves"),
    shell:
        "python workflow_scripts/attack_curves.py --table {input:q} --out {output.table:q}"
        " --csv {output.csv:q} --md {output.md:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


FIGURES += [
    f"{RESULTS}/figures/attack_curves/{model}/{judge}.{ending}"
    for model in curves.models_on_curves(CONFIG)
    for judge in benchmarks.judges_shown(CONFIG, model)
    for ending in ENDINGS
]


rule figure_attack_curves:
    """Draw what attacks on directions, words and weights do against their strength."""
    input:
        f"{RESULTS}/tables/attack_success.parquet",
    output:
        pdf=f"{RESULTS}/figures/attack_curves/{{model}}/{{judge}}.pdf",
        png=report(
            f"{RESULTS}/figures/attack_curves/{{model}}/{{judge}}.png",
            category="Does it hold",
            subcategory="Attacks over their strengths",
            labels={"model": "{model}", "judge": "{judge}"},
        ),
        csv=f"{RESULTS}/figures/attack_curves/{{model}}/{{judge}}.csv",
    log:
        f"{RESULTS}/logs/figure_attack_curves/{{model}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_attack_curves/{{model}}/{{judge}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            {"model": wildcards.model, "judge": wildcards.judge}
        ),
        code=code_of("figure_attack_curves"),
    shell:
        "python workflow_scripts/figure_attack_curves.py --table {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# Whether what a ranking puts first matters more than what it puts last (arXiv 2607.05355).
AUDITED = curves.audited_rankings(CONFIG) if ATTACKED else []
CAUSAL_AUDIT = PATHS.table("causal_audit", ("parquet", "csv", "md"))
CAUSAL_AUDIT += PATHS.table("causal_curves")
TABLES += CAUSAL_AUDIT if AUDITED else []


rule causal_audit:
    """Measure the areas between the curves of rankings read from both ends."""
    input:
        attack_success=f"{RESULTS}/tables/attack_success.parquet",
        verdicts=SHOWN_VERDICTS,
        prompts=ASKED_PROMPTS,
    output:
        table=f"{RESULTS}/tables/causal_audit.parquet",
        csv=f"{RESULTS}/tables/causal_audit.csv",
        md=f"{RESULTS}/tables/causal_audit.md",
        curves=f"{RESULTS}/tables/causal_curves.parquet",
        curves_csv=f"{RESULTS}/tables/causal_curves.csv",
    log:
        f"{RESULTS}/logs/causal_audit.log",
    benchmark:
        f"{RESULTS}/benchmarks/causal_audit.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "experiment": CONFIG.experiment,
                "judges": ATTACK.judges,
                "rankings": AUDITED,
            }
        ),
        code=code_of("causal_audit"),
    shell:
        "python workflow_scripts/causal_audit.py --attack_success {input.attack_success:q}"
        " --verdicts @<(printf '%s\\n' {input.verdicts:q}) --prompts {input.prompts:q} --out {output.table:q}"
        " --csv {output.csv:q} --md {output.md:q} --curves {output.curves:q} --curves_csv {output.curves_csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


FIGURES += expand(
    f"{RESULTS}/figures/causal_audit/{{model}}.{{ending}}",
    model=curves.models_audited(CONFIG),
    ending=ENDINGS,
)


rule figure_causal_audit:
    """Draw rankings read from both ends on T0."""
    input:
        f"{RESULTS}/tables/causal_curves.parquet",
    output:
        pdf=f"{RESULTS}/figures/causal_audit/{{model}}.pdf",
        png=report(
            f"{RESULTS}/figures/causal_audit/{{model}}.png",
            category="Does it hold",
            subcategory="Causal audit: a ranking read from both ends",
            labels={"model": "{model}"},
        ),
        csv=f"{RESULTS}/figures/causal_audit/{{model}}.csv",
    log:
        f"{RESULTS}/logs/figure_causal_audit/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_causal_audit/{{model}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json({"model": wildcards.model}),
        code=code_of("figure_causal_audit"),
    shell:
        "python workflow_scripts/figure_causal_audit.py --table {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
