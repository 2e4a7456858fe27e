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
