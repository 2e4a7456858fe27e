# Scores and neuron sets, of `overall` and of what is only compared (paper §3.2), and where the sets lie. Only
# the probe runs a model.
CONTRASTS = prompt_sets.compared(CONFIG, CATALOG)


ruleorder: score_contrasts > score
ruleorder: select_contrasts > select_neurons


rule score:
    """Score every neuron by every criterion on one contrast (paper §3.2)."""
    input:
        unpack(
            lambda w: identification.moments(CONFIG, PATHS, state_of(w), [w.category])
        ),
    output:
        [
            f"{RESULTS}/scores/{STATE}/{pooling}/{{category}}.parquet"
            for pooling in IDENTIFICATION.poolings
        ],
    log:
        f"{RESULTS}/logs/score/{STATE}/{{category}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score/{STATE}/{{category}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            identification.scored(CONFIG, state_of(wildcards))
            | {"contrast": wildcards.category}
        ),
        code=code_of("score"),
    shell:
        "python workflow_scripts/score.py --unsafe {input.unsafe:q}"
        " --safe {input.safe:q} --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# one job: a process takes longer to start than a contrast to score
rule score_contrasts:
    """Score every neuron on T0's categories and controls (paper §3.2)."""
    input:
        unpack(lambda w: identification.moments(CONFIG, PATHS, state_of(w), CONTRASTS)),
    output:
        [
            f"{RESULTS}/scores/{STATE}/{pooling}/{contrast}.parquet"
            for contrast in CONTRASTS
            for pooling in IDENTIFICATION.poolings
        ],
    log:
        f"{RESULTS}/logs/score_contrasts/{STATE}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_contrasts/{STATE}.tsv"
    wildcard_constraints:
        arm="base" if CONTRASTS else one_of([]),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            identification.scored(CONFIG, state_of(wildcards))
            | {"contrasts": CONTRASTS}
        ),
        code=code_of("score_contrasts"),
    shell:
        "python workflow_scripts/score_contrasts.py --unsafe @<(printf '%s\\n' {input.unsafe:q})"
        " --safe @<(printf '%s\\n' {input.safe:q}) --out @<(printf '%s\\n' {output:q})"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule select_neurons:
    """Select a neuron set by its scores (paper §3.2)."""
    input:
        lambda w: identification.scores(
            CONFIG, PATHS, state_of(w), w.selection, [w.category]
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


rule select_contrasts:
    """Select the neuron sets of T0's categories and controls by their scores."""
    input:
        lambda w: identification.scores(
            CONFIG, PATHS, state_of(w), w.selection, CONTRASTS
        ),
    output:
        [
            f"{RESULTS}/sets/{STATE}/{{selection}}/{contrast}.parquet"
            for contrast in CONTRASTS
        ],
    log:
        f"{RESULTS}/logs/select_contrasts/{STATE}/{{selection}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/select_contrasts/{STATE}/{{selection}}.tsv"
    wildcard_constraints:
        arm="base" if CONTRASTS else one_of([]),
        selection=one_of(SCORED),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.selected(CONFIG, wildcards.model, wildcards.selection)
        ),
        code=code_of("select_contrasts"),
    shell:
        "python workflow_scripts/select_contrasts.py --scores @<(printf '%s\\n' {input:q})"
        " --out @<(printf '%s\\n' {output:q})"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


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


rule composition:
    """Split safety neurons into core, shared and specific ones by layer (Figure 3)."""
    input:
        neurons=lambda w: identification.category_sets(
            PATHS, state_of(w), w.selection, CATEGORIES[w.dataset]
        ),
        validations=lambda w: validations_of([state_of(w)]),
    output:
        f"{RESULTS}/analyses/composition/{STATE}/{{selection}}/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/composition/{STATE}/{{selection}}/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/composition/{STATE}/{{selection}}/{{dataset}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("composition"),
    shell:
        "python workflow_scripts/composition.py --neurons {input.neurons:q}"
        " --validations {input.validations:q} --out {output:q}"
        " --code {params.code} > {log:q} 2>&1"


rule overlap:
    """Measure the overlap of categories' neuron sets against nulls (Figure 5)."""
    input:
        neurons=lambda w: identification.category_sets(
            PATHS, state_of(w), w.selection, CATEGORIES[w.dataset]
        ),
        nulls=lambda w: identification.null_moments(
            CONFIG, PATHS, state_of(w), w.dataset
        ),
        validations=lambda w: validations_of([state_of(w)]),
    output:
        f"{RESULTS}/analyses/overlap/{STATE}/{{selection}}/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/overlap/{STATE}/{{selection}}/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/overlap/{STATE}/{{selection}}/{{dataset}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            identification.overlapped(CONFIG, wildcards.model, wildcards.selection)
        ),
        code=code_of("overlap"),
    shell:
        "python workflow_scripts/overlap.py --neurons {input.neurons:q} --nulls {input.nulls:q}"
        " --validations {input.validations:q}"
        " --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule depth_profile:
    """Measure the share of safety neurons by depth (Figure 4)."""
    input:
        neurons=over(
            t0_states(MODELS),
            f"{RESULTS}/sets/{STATE}/{{selection}}/overall.parquet",
            selection=SCORED,
        ),
        validations=validations_of(t0_states(MODELS)),
    output:
        f"{RESULTS}/analyses/depth_profile.parquet",
    log:
        f"{RESULTS}/logs/depth_profile.log",
    benchmark:
        f"{RESULTS}/benchmarks/depth_profile.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        code=code_of("depth_profile"),
    shell:
        "python workflow_scripts/depth_profile.py --neurons @<(printf '%s\\n' {input.neurons:q})"
        " --validations @<(printf '%s\\n' {input.validations:q}) --out {output:q}"
        " --code {params.code} > {log:q} 2>&1"


TOPIC = stages.topic_control(CONFIG)
TABLES += (
    expand(f"{RESULTS}/tables/topic_control.{{ending}}", ending=("parquet", "csv"))
    if TOPIC
    else []
)


rule topic_control:
    """Find which part of a safety set is topic, and which is not length."""
    input:
        neurons=over(
            t0_states(MODELS) if TOPIC else [],
            f"{RESULTS}/sets/{STATE}/{{selection}}/{{contrast}}.parquet",
            selection=SCORED,
            contrast=("overall", "topic", "length_matched"),
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


# Where safety neurons lie in mixtures of experts, and which experts unsafe prompts reach.
MIXTURES = mixtures.mixtures(CONFIG)
TABLES += PATHS.table("experts") if MIXTURES else []


rule experts:
    """Count safety neurons by expert, and how often prompts reach it."""
    input:
        neurons=over(
            t0_states(MIXTURES), PATHS.neuron_set, selection=SCORED, contrast="overall"
        ),
        unsafe=over(t0_states(MIXTURES), PATHS.moments, prompt_set="overall"),
        safe=over(t0_states(MIXTURES), PATHS.moments, prompt_set="safe"),
        validations=validations_of(t0_states(MIXTURES)),
    output:
        table=f"{RESULTS}/tables/experts.parquet",
        csv=f"{RESULTS}/tables/experts.csv",
    log:
        f"{RESULTS}/logs/experts.log",
    benchmark:
        f"{RESULTS}/benchmarks/experts.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(mixtures.tabled(CONFIG)),
        code=code_of("experts"),
    shell:
        "python workflow_scripts/experts.py --neurons @<(printf '%s\\n' {input.neurons:q})"
        " --unsafe @<(printf '%s\\n' {input.unsafe:q}) --safe @<(printf '%s\\n' {input.safe:q})"
        " --validations @<(printf '%s\\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
