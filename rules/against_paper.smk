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
