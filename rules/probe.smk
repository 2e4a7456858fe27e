# An attack that the alignment is not made against: linear probes (NeuroStrike), and how much their
# neurons are those of the scores (Figure 7).
PROBED_STATES = t0_states(ATTACKED) if PROBES else []


rule probe_neurons:
    """Fit a linear probe a layer and take its neurons (NeuroStrike)."""
    input:
        model=CHECKPOINT,
        unsafe=prompts_of(IDENTIFICATION.unsafe.datasets),
        safe=prompts_of(IDENTIFICATION.safe.datasets),
    output:
        f"{RESULTS}/sets/{STATE}/{{selection}}/overall.parquet",
    log:
        f"{RESULTS}/logs/probe_neurons/{STATE}/{{selection}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/probe_neurons/{STATE}/{{selection}}.tsv"
    wildcard_constraints:
        selection=one_of(PROBES),
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.probe(w.model)),
    params:
        settings=lambda wildcards: canonical_json(
            identification.probed(CONFIG, state_of(wildcards), wildcards.selection)
        ),
        code=code_of("probe_neurons"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/probe_neurons.py --model {input.model:q} --unsafe {input.unsafe:q}"
        " --safe {input.safe:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


TABLES += (
    expand(f"{RESULTS}/tables/probe_overlap.{{ending}}", ending=("parquet", "csv"))
    if PROBED_STATES
    else []
)


rule probe_overlap:
    """Measure how far sets by scores and by probe hold the same neurons."""
    input:
        neurons=over(
            PROBED_STATES,
            f"{RESULTS}/sets/{STATE}/{{selection}}/overall.parquet",
            selection=SELECTIONS,
        ),
        validations=validations_of(PROBED_STATES),
    output:
        table=f"{RESULTS}/tables/probe_overlap.parquet",
        csv=f"{RESULTS}/tables/probe_overlap.csv",
    log:
        f"{RESULTS}/logs/probe_overlap.log",
    benchmark:
        f"{RESULTS}/benchmarks/probe_overlap.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("probe_overlap"),
    shell:
        "python workflow_scripts/probe_overlap.py --neurons @<(printf '%s\\n' {input.neurons:q})"
        " --validations @<(printf '%s\\n' {input.validations:q})"
        " --out {output.table:q} --csv {output.csv:q} --code {params.code} > {log:q} 2>&1"


FIGURES += expand(
    f"{RESULTS}/figures/probe_overlap/{{model}}.{{ending}}",
    model=ATTACKED if PROBES else [],
    ending=ENDINGS,
)


rule figure_probe_overlap:
    """Draw Figure 7: neurons of scores and of a linear probe by layer."""
    input:
        f"{RESULTS}/tables/probe_overlap.parquet",
    output:
        pdf=f"{RESULTS}/figures/probe_overlap/{{model}}.pdf",
        png=report(
            f"{RESULTS}/figures/probe_overlap/{{model}}.png",
            category="Where safety lives",
            subcategory="Figure 7: a linear probe's neurons",
            labels={"model": "{model}"},
        ),
        csv=f"{RESULTS}/figures/probe_overlap/{{model}}.csv",
    log:
        f"{RESULTS}/logs/figure_probe_overlap/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_probe_overlap/{{model}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json({"model": wildcards.model}),
        code=code_of("figure_probe_overlap"),
    shell:
        "python workflow_scripts/figure_probe_overlap.py --table {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
