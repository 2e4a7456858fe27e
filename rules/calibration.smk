# What chance would select, and what other prompts would find again.
COMPARED_CATEGORIES = {dataset: CATEGORIES[dataset] for dataset in TAXONOMIES}
TABLES += PATHS.table("calibration", ("parquet", "csv", "md")) if SCORED else []


rule calibration:
    """Hold neuron sets against Welch's t test of all neurons (Theorem 3.1)."""
    input:
        neurons=over(
            t0_states(MODELS),
            PATHS.neuron_set,
            selection=SCORED,
            contrast=identification.calibration_contrasts(COMPARED_CATEGORIES),
        ),
        unsafe=over(
            t0_states(MODELS),
            PATHS.moments,
            prompt_set=identification.calibration_contrasts(COMPARED_CATEGORIES),
        ),
        safe=over(t0_states(MODELS), PATHS.moments, prompt_set="safe"),
        nulls=[
            path
            for state in t0_states(MODELS)
            for dataset in TAXONOMIES
            for path in identification.null_moments(CONFIG, PATHS, state, dataset)
        ],
        validations=validations_of(t0_states(MODELS)),
    output:
        table=f"{RESULTS}/tables/calibration.parquet",
        csv=f"{RESULTS}/tables/calibration.csv",
        md=f"{RESULTS}/tables/calibration.md",
    log:
        f"{RESULTS}/logs/calibration.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibration.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            identification.calibrated(CONFIG, t0_states(MODELS), COMPARED_CATEGORIES)
        ),
        code=code_of("calibration"),
    shell:
        "python workflow_scripts/calibration.py --neurons @<(printf '%s\\n' {input.neurons:q})"
        " --unsafe @<(printf '%s\\n' {input.unsafe:q}) --safe @<(printf '%s\\n' {input.safe:q})"
        " --nulls @<(printf '%s\\n' {input.nulls:q})"
        " --validations @<(printf '%s\\n' {input.validations:q})"
        " --out {output.table:q} --csv {output.csv:q} --md {output.md:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


GROUPED = SCORED if TAXONOMIES and IDENTIFICATION.nulls.draws else []
TABLES += PATHS.table("stability", ("parquet", "csv", "md")) if GROUPED else []


rule stability:
    """Measure what prompts without one in common find again (the ceiling of Figure 5)."""
    input:
        neurons=over(
            t0_states(MODELS),
            PATHS.neuron_set,
            selection=GROUPED,
            contrast=identification.calibration_contrasts(COMPARED_CATEGORIES),
        ),
        nulls=over(t0_states(MODELS), PATHS.null_moments, dataset=TAXONOMIES),
        validations=validations_of(t0_states(MODELS)),
    output:
        table=f"{RESULTS}/tables/stability.parquet",
        csv=f"{RESULTS}/tables/stability.csv",
        md=f"{RESULTS}/tables/stability.md",
    log:
        f"{RESULTS}/logs/stability.log",
    benchmark:
        f"{RESULTS}/benchmarks/stability.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            identification.halved(CONFIG, t0_states(MODELS), COMPARED_CATEGORIES)
        ),
        code=code_of("stability"),
    shell:
        "python workflow_scripts/stability.py --neurons @<(printf '%s\\n' {input.neurons:q})"
        " --nulls @<(printf '%s\\n' {input.nulls:q})"
        " --validations @<(printf '%s\\n' {input.validations:q})"
        " --out {output.table:q} --csv {output.csv:q} --md {output.md:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
