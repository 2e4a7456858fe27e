# One rule a figure, so that a change of style redraws and computes nothing.


FIGURES += expand(
    f"{RESULTS}/figures/composition/{{model}}/{{dataset}}.{{ending}}",
    model=MODELS,
    dataset=TAXONOMIES,
    ending=ENDINGS,
)


rule figure_composition:
    """Draw Figure 3: composition by layer."""
    input:
        lambda wildcards: over(
            t0_states([wildcards.model]),
            f"{RESULTS}/analyses/composition/{STATE}/{{selection}}/{wildcards.dataset}.parquet",
            selection=SCORED,
        ),
    output:
        pdf=f"{RESULTS}/figures/composition/{{model}}/{{dataset}}.pdf",
        png=report(
            f"{RESULTS}/figures/composition/{{model}}/{{dataset}}.png",
            category="Where safety lives",
            subcategory="Figure 3: composition by layer",
            labels={"model": "{model}", "categories": "{dataset}"},
        ),
        csv=f"{RESULTS}/figures/composition/{{model}}/{{dataset}}.csv",
    log:
        f"{RESULTS}/logs/figure_composition/{{model}}/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_composition/{{model}}/{{dataset}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("figure_composition"),
    shell:
        "python workflow_scripts/figure_composition.py --tables {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q} --code {params.code} > {log:q} 2>&1"


FIGURES += expand(
    f"{RESULTS}/figures/overlap/{{model}}/{{dataset}}.{{ending}}",
    model=MODELS,
    dataset=TAXONOMIES,
    ending=(*ENDINGS, "txt"),
)


rule figure_overlap:
    """Draw Figure 5: overlap of categories."""
    input:
        lambda wildcards: over(
            t0_states([wildcards.model]),
            f"{RESULTS}/analyses/overlap/{STATE}/{{selection}}/{wildcards.dataset}.parquet",
            selection=SCORED,
        ),
    output:
        pdf=f"{RESULTS}/figures/overlap/{{model}}/{{dataset}}.pdf",
        png=report(
            f"{RESULTS}/figures/overlap/{{model}}/{{dataset}}.png",
            category="Where safety lives",
            subcategory="Figure 5: overlap of categories",
            labels={"model": "{model}", "categories": "{dataset}"},
        ),
        csv=f"{RESULTS}/figures/overlap/{{model}}/{{dataset}}.csv",
        txt=f"{RESULTS}/figures/overlap/{{model}}/{{dataset}}.txt",
    log:
        f"{RESULTS}/logs/figure_overlap/{{model}}/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_overlap/{{model}}/{{dataset}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("figure_overlap"),
    shell:
        "python workflow_scripts/figure_overlap.py --tables {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q} --txt {output.txt:q} --code {params.code} > {log:q} 2>&1"


FIGURES += expand(f"{RESULTS}/figures/depth_profile.{{ending}}", ending=ENDINGS)


rule figure_depth_profile:
    """Draw Figure 4: depth across sizes."""
    input:
        f"{RESULTS}/analyses/depth_profile.parquet",
    output:
        pdf=f"{RESULTS}/figures/depth_profile.pdf",
        png=report(
            f"{RESULTS}/figures/depth_profile.png",
            category="Where safety lives",
            subcategory="Figure 4: depth across sizes",
        ),
        csv=f"{RESULTS}/figures/depth_profile.csv",
    log:
        f"{RESULTS}/logs/figure_depth_profile.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_depth_profile.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("figure_depth_profile"),
    shell:
        "python workflow_scripts/figure_depth_profile.py --table {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q} --code {params.code} > {log:q} 2>&1"


FIGURES += [
    f"{RESULTS}/figures/attack/{model}/{judge}.{ending}"
    for model in attacks.models_drawn(CONFIG)
    for judge in benchmarks.judges_shown(CONFIG, model)
    for ending in ENDINGS
]


rule figure_attack:
    """Draw what pruning attacks do to T0."""
    input:
        f"{RESULTS}/tables/attack_success.parquet",
    output:
        pdf=f"{RESULTS}/figures/attack/{{model}}/{{judge}}.pdf",
        png=report(
            f"{RESULTS}/figures/attack/{{model}}/{{judge}}.png",
            category="Does it hold",
            subcategory="Pruning attack on T0 (beside Table 1)",
            labels={"model": "{model}", "judge": "{judge}"},
        ),
        csv=f"{RESULTS}/figures/attack/{{model}}/{{judge}}.csv",
    log:
        f"{RESULTS}/logs/figure_attack/{{model}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_attack/{{model}}/{{judge}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            {"model": wildcards.model, "judge": wildcards.judge}
        ),
        code=code_of("figure_attack"),
    shell:
        "python workflow_scripts/figure_attack.py --table {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


FIGURES += [
    f"{RESULTS}/figures/training/{model}/{arm}.{ending}"
    for model in CONFIG.run.aligned
    for arm in CONFIG.arms_of(model)
    for ending in ENDINGS
]


rule figure_training:
    """Draw the training curves of an arm."""
    input:
        tables=lambda wildcards: over(
            states.of_arm(CONFIG, wildcards.model, wildcards.arm), PATHS.training
        ),
        validations=lambda wildcards: validations_of(
            states.of_arm(CONFIG, wildcards.model, wildcards.arm)
        ),
    output:
        pdf=f"{RESULTS}/figures/training/{{model}}/{{arm}}.pdf",
        png=report(
            f"{RESULTS}/figures/training/{{model}}/{{arm}}.png",
            category="Alignment",
            subcategory="Training",
            labels={"model": "{model}", "arm": "{arm}"},
        ),
        csv=f"{RESULTS}/figures/training/{{model}}/{{arm}}.csv",
    log:
        f"{RESULTS}/logs/figure_training/{{model}}/{{arm}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_training/{{model}}/{{arm}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("figure_training"),
    shell:
        "python workflow_scripts/figure_training.py --tables {input.tables:q}"
        " --validations {input.validations:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q} --code {params.code} > {log:q} 2>&1"


FIGURES += expand(
    f"{RESULTS}/figures/rounds/{{model}}.{{ending}}",
    # the strongest attack at each share of the neurons: nothing to draw without shares
    model=[
        model
        for model in CONFIG.run.aligned
        if model in ATTACKED
        and any(a.fractions for a in CONFIG.neuron_attacks.values())
    ],
    ending=ENDINGS,
)


rule figure_rounds:
    """Draw each arm under the strongest attack, round by round."""
    input:
        f"{RESULTS}/tables/worst_case.parquet",
    output:
        pdf=f"{RESULTS}/figures/rounds/{{model}}.pdf",
        png=report(
            f"{RESULTS}/figures/rounds/{{model}}.png",
            category="Does it hold",
            subcategory="Rounds of alignment (beside Table 2)",
            labels={"model": "{model}"},
        ),
        csv=f"{RESULTS}/figures/rounds/{{model}}.csv",
    log:
        f"{RESULTS}/logs/figure_rounds/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_rounds/{{model}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json({"model": wildcards.model}),
        code=code_of("figure_rounds"),
    shell:
        "python workflow_scripts/figure_rounds.py --table {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


FIGURES += expand(
    f"{RESULTS}/figures/data_fraction/{{model}}.{{ending}}",
    model=[
        model
        for model in CONFIG.run.aligned
        if model in ATTACKED
        and any(ALIGN.arms[arm].data_fraction < 1 for arm in CONFIG.arms_of(model))
    ],
    ending=ENDINGS,
)


rule figure_data_fraction:
    """Draw Figure 6: attack success against the fraction of the alignment data."""
    input:
        table_1=f"{RESULTS}/tables/table_1.parquet",
        worst_case=f"{RESULTS}/tables/worst_case.parquet",
    output:
        pdf=f"{RESULTS}/figures/data_fraction/{{model}}.pdf",
        png=report(
            f"{RESULTS}/figures/data_fraction/{{model}}.png",
            category="Does it hold",
            subcategory="Figure 6: alignment data",
            labels={"model": "{model}"},
        ),
        csv=f"{RESULTS}/figures/data_fraction/{{model}}.csv",
    log:
        f"{RESULTS}/logs/figure_data_fraction/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_data_fraction/{{model}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            {
                "model": wildcards.model,
                "arms": {
                    arm: ALIGN.arms[arm].model_dump(
                        include={"method", "data_fraction"}
                    )
                    for arm in CONFIG.arms_of(wildcards.model)
                },
            }
        ),
        code=code_of("figure_data_fraction"),
    shell:
        "python workflow_scripts/figure_data_fraction.py --table_1 {input.table_1:q}"
        " --worst_case {input.worst_case:q} --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


FIGURES += expand(
    f"{RESULTS}/figures/experts/{{model}}.{{ending}}", model=MIXTURES, ending=ENDINGS
)


rule figure_experts:
    """Draw a mixture's experts: safety neurons by layer, and routing."""
    input:
        f"{RESULTS}/tables/experts.parquet",
    output:
        pdf=f"{RESULTS}/figures/experts/{{model}}.pdf",
        png=report(
            f"{RESULTS}/figures/experts/{{model}}.png",
            category="Where safety lives",
            subcategory="Experts of mixtures",
            labels={"model": "{model}"},
        ),
        csv=f"{RESULTS}/figures/experts/{{model}}.csv",
    log:
        f"{RESULTS}/logs/figure_experts/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_experts/{{model}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json({"model": wildcards.model}),
        code=code_of("figure_experts"),
    shell:
        "python workflow_scripts/figure_experts.py --table {input:q} --pdf {output.pdf:q}"
        " --png {output.png:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


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
