# A plain self-contained page: tables and figures with what they were made from.


rule report:
    """Write report.html: tables and figures with what they were made from."""
    input:
        figures=[path for path in FIGURES if path.endswith(".png")],
        readings=[path for path in FIGURES if path.endswith(".txt")],
        models=over(REPORTED_STATES, CHECKPOINT),
        validations=validations_of(REPORTED_STATES),
        tables=[path for path in TABLES if path.endswith(".parquet")],
    output:
        report(f"{RESULTS}/report.html", category="Summary"),
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "experiment": CONFIG.experiment,
                "states": [state._asdict() for state in REPORTED_STATES],
                "judges": ATTACK.judges,
                # whether an organism is run on prompts that are not of its language
                "foreign_text": any(
                    CONFIG.datasets[n].kind != "organism" for n in UNSAFE
                ),
            }
        ),
        code=code_of("report"),
    shell:
        "python workflow_scripts/report.py --figures @<(printf '%s\\n' {input.figures:q})"
        " --readings @<(printf '%s\\n' {input.readings:q}) --models @<(printf '%s\\n' {input.models:q})"
        " --validations @<(printf '%s\\n' {input.validations:q})"
        " --tables @<(printf '%s\\n' {input.tables:q}) --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule snapshot:
    """Copy the tables and figures that git keeps of this experiment."""
    input:
        [f"{RESULTS}/{name}" for name in CONFIG.report.snapshot],
    output:
        directory(f"{RESULTS}-snapshot"),
    log:
        f"{RESULTS}/logs/snapshot.log",
    benchmark:
        f"{RESULTS}/benchmarks/snapshot.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json({"folder": RESULTS}),
        code=code_of("snapshot"),
    shell:
        "python workflow_scripts/snapshot.py --files {input:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
