# What the experiment's prompts may hide: prompts that two sets share; topic and length instead of safety.
TABLES += expand(
    f"{RESULTS}/tables/prompt_overlap.{{ending}}", ending=("parquet", "csv")
)


rule prompt_overlap:
    """Count prompts that two sets share; stop if the evaluation's were trained on."""
    input:
        prompts=prompts_of(dict.fromkeys(s["dataset"] for s in PROMPT_SETS)),
        preferences=PATHS.preferences(mixes_of(CONFIG.run.aligned)),
    output:
        table=f"{RESULTS}/tables/prompt_overlap.parquet",
        csv=f"{RESULTS}/tables/prompt_overlap.csv",
    log:
        f"{RESULTS}/logs/prompt_overlap.log",
    benchmark:
        f"{RESULTS}/benchmarks/prompt_overlap.tsv"
    # leakage stops a run before it spends anything
    priority: 100
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "sets": PROMPT_SETS,
                "mixes": list(
                    map(training.compared_name, mixes_of(CONFIG.run.aligned))
                ),
                "allowed": CONFIG.allow_overlap,
            }
        ),
        code=code_of("prompt_overlap"),
    shell:
        "python workflow_scripts/prompt_overlap.py --prompts @<(printf '%s\\n' {input.prompts:q})"
        " --preferences {input.preferences:q} --out {output.table:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule length_matched_prompts:
    """Choose safe prompts that are as long as the unsafe ones."""
    input:
        unsafe=prompts_of(IDENTIFICATION.unsafe.datasets),
        safe=prompts_of(IDENTIFICATION.safe.datasets),
    output:
        f"{RESULTS}/prompts/controls/length_matched.parquet",
    log:
        f"{RESULTS}/logs/length_matched_prompts.log",
    benchmark:
        f"{RESULTS}/benchmarks/length_matched_prompts.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(identification.length_matched(CONFIG)),
        code=code_of("length_matched_prompts"),
    shell:
        "python workflow_scripts/length_matched_prompts.py --unsafe {input.unsafe:q}"
        " --safe {input.safe:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


TABLES += (
    expand(f"{RESULTS}/tables/topic_control.{{ending}}", ending=("parquet", "csv"))
    if TOPIC
    else []
)


rule topic_control:
    """Compare safety sets with those of topic and of length: tables/topic_control."""
    input:
        neurons=over(
            t0_states(MODELS) if TOPIC else [],
            f"{RESULTS}/sets/{STATE}/{{selection}}/{{contrast}}.parquet",
            selection=SCORED,
            contrast=("overall", "topic", "length"),
        ),
        validations=validations_of(t0_states(MODELS) if TOPIC else []),
    output:
        table=f"{RESULTS}/tables/topic_control.parquet",
        csv=f"{RESULTS}/tables/topic_control.csv",
    log:
        f"{RESULTS}/logs/topic_control.log",
    benchmark:
        f"{RESULTS}/benchmarks/topic_control.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(identification.topic_controlled(CONFIG)),
        code=code_of("topic_control"),
    shell:
        "python workflow_scripts/topic_control.py --neurons @<(printf '%s\\n' {input.neurons:q})"
        " --validations @<(printf '%s\\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
