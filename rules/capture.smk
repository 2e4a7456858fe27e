# Moments of every neuron's activation, one job a model state and category (paper §3.1).
MERGED = prompt_sets.merged_from(CONFIG, CATALOG)


rule capture:
    """Capture the moments of every neuron's activation over a prompt set (paper §3.1)."""
    input:
        model=CHECKPOINT,
        prompts=lambda w: identification.prompt_tables(CONFIG, PATHS, w.category),
    output:
        f"{RESULTS}/moments/{STATE}/{{category}}.safetensors",
    log:
        f"{RESULTS}/logs/capture/{STATE}/{{category}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/capture/{STATE}/{{category}}.tsv"
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.capture(w.model, w.category)),
    params:
        settings=lambda wildcards: canonical_json(
            identification.captured(CONFIG, wildcards.category)
        ),
        code=code_of("capture"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/capture.py --model {input.model:q} --prompts {input.prompts:q}"
        " --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# one pass for all groups: a job that runs a model takes seconds to start
rule capture_nulls:
    """Capture prompts in groups that are no categories, nulls of Figure 5."""
    input:
        model=CHECKPOINT,
        unsafe=lambda w: prompts_of([w.dataset]),
        safe=prompts_of(IDENTIFICATION.safe.datasets),
    output:
        PATHS.null_moments,
    log:
        f"{RESULTS}/logs/capture_nulls/{STATE}/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/capture_nulls/{STATE}/{{dataset}}.tsv"
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.capture_nulls(w.model, w.dataset)),
    params:
        settings=canonical_json(identification.regrouped(CONFIG)),
        code=code_of("capture_nulls"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/capture_nulls.py --model {input.model:q}"
        " --unsafe {input.unsafe:q} --safe {input.safe:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# T0's categories are captured for their own contrasts: no second pass over the same prompts
rule merge_moments:
    """Merge T0's moments of all unsafe prompts from its categories'."""
    input:
        [
            f"{RESULTS}/moments/{{model}}/base/T0/s{{seed}}/{category}.safetensors"
            for category in MERGED
        ],
    output:
        f"{RESULTS}/moments/{{model}}/base/T0/s{{seed}}/overall.safetensors",
    log:
        f"{RESULTS}/logs/merge_moments/{{model}}/s{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/merge_moments/{{model}}/s{{seed}}.tsv"
    wildcard_constraints:
        model=one_of(MODELS if MERGED else []),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json({"poolings": IDENTIFICATION.poolings}),
        code=code_of("merge_moments"),
    shell:
        "python workflow_scripts/merge_moments.py --moments @<(printf '%s\\n' {input:q}) --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


ruleorder: merge_moments > capture
