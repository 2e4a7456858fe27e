# Scores and neuron sets, per category and overall (paper §3.2). No torch.


rule score:
    """Score every neuron by every criterion on one contrast (paper §3.2)."""
    input:
        unpack(lambda w: identification.moments(CONFIG, PATHS, state_of(w), w.category)),
    output:
        f"{RESULTS}/scores/{STATE}/{{pooling}}/{{category}}.parquet",
    log:
        f"{RESULTS}/logs/score/{STATE}/{{pooling}}/{{category}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score/{STATE}/{{pooling}}/{{category}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            identification.scored(
                state_of(wildcards), wildcards.category, wildcards.pooling
            )
        ),
        code=code_of("score"),
    shell:
        "python workflow_scripts/score.py --unsafe {input.unsafe:q}"
        " --safe {input.safe:q} --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule select_neurons:
    """Select a neuron set by its scores (paper §3.2)."""
    input:
        lambda w: identification.scores(
            CONFIG, PATHS, state_of(w), w.selection, w.category
        ),
    output:
        f"{RESULTS}/sets/{STATE}/{{selection}}/{{category}}.parquet",
    log:
        f"{RESULTS}/logs/select_neurons/{STATE}/{{selection}}/{{category}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/select_neurons/{STATE}/{{selection}}/{{category}}.tsv"
    wildcard_constraints:
        selection=one_of(SCORED),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.selected(CONFIG, wildcards.model, wildcards.selection)
        ),
        code=code_of("select_neurons"),
    shell:
        "python workflow_scripts/select_neurons.py --scores {input:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
