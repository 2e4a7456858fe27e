# What attacked models answer (paper §4.2).
BENCHMARKS = benchmarks.asked(CONFIG)


rule refusal_directions:
    """Find the directions that tell unsafe prompts from safe ones (Arditi et al. 2024)."""
    input:
        model=CHECKPOINT,
        unsafe=prompts_of(IDENTIFICATION.unsafe.datasets),
        safe=prompts_of(IDENTIFICATION.safe.datasets),
    output:
        directions=PATHS.directions,
        scores=PATHS.direction_scores,
    log:
        f"{RESULTS}/logs/refusal_directions/{STATE}/{{attack}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/refusal_directions/{STATE}/{{attack}}.tsv"
    wildcard_constraints:
        attack=one_of(attacks.of_kind(CONFIG, "direction")),
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.refusal_directions(w.model, w.attack)),
    params:
        settings=lambda wildcards: canonical_json(
            attacks.direction_settings(CONFIG, state_of(wildcards), wildcards.attack)
        ),
        code=code_of("refusal_directions"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/refusal_directions.py --model {input.model:q}"
        " --unsafe {input.unsafe:q} --safe {input.safe:q} --out {output.directions:q}"
        " --scores {output.scores:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule taylor_neurons:
    """Score every neuron by the gradient of a refusal (Molchanov et al. 2017)."""
    input:
        model=CHECKPOINT,
        unsafe=prompts_of(IDENTIFICATION.unsafe.datasets),
        safe=prompts_of(IDENTIFICATION.safe.datasets),
    output:
        PATHS.attribution,
    log:
        f"{RESULTS}/logs/taylor_neurons/{STATE}/{{attack}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/taylor_neurons/{STATE}/{{attack}}.tsv"
    wildcard_constraints:
        attack=one_of(attacks.of_kind(CONFIG, "taylor")),
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.taylor_neurons(w.model, w.attack)),
    params:
        settings=lambda wildcards: canonical_json(
            attribution.taylor_settings(CONFIG, state_of(wildcards), wildcards.attack)
        ),
        code=code_of("taylor_neurons"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/taylor_neurons.py --model {input.model:q}"
        " --unsafe {input.unsafe:q} --safe {input.safe:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule single_neuron:
    """Find the one neuron that a refusal hangs on (2605.08513)."""
    input:
        model=CHECKPOINT,
        unsafe=prompts_of(IDENTIFICATION.unsafe.datasets),
        safe=prompts_of(IDENTIFICATION.safe.datasets),
    output:
        scores=PATHS.attribution,
        candidates=PATHS.candidates,
    log:
        f"{RESULTS}/logs/single_neuron/{STATE}/{{attack}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/single_neuron/{STATE}/{{attack}}.tsv"
    wildcard_constraints:
        attack=one_of(attacks.of_kind(CONFIG, "single")),
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.single_neuron(w.model, w.attack)),
    params:
        settings=lambda wildcards: canonical_json(
            attribution.single_settings(CONFIG, state_of(wildcards), wildcards.attack)
        ),
        code=code_of("single_neuron"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/single_neuron.py --model {input.model:q}"
        " --unsafe {input.unsafe:q} --safe {input.safe:q} --out {output.scores:q}"
        " --candidates {output.candidates:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule iterative_neurons:
    """Find neurons anew while those found before are zero, time after time."""
    input:
        model=CHECKPOINT,
        neurons=lambda w: attribution.first_set(CONFIG, PATHS, state_of(w), w.attack),
        unsafe=prompts_of(IDENTIFICATION.unsafe.datasets),
        safe=prompts_of(IDENTIFICATION.safe.datasets),
    output:
        PATHS.attribution,
    log:
        f"{RESULTS}/logs/iterative_neurons/{STATE}/{{attack}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/iterative_neurons/{STATE}/{{attack}}.tsv"
    wildcard_constraints:
        attack=one_of(attacks.of_kind(CONFIG, "iterative")),
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.iterative_neurons(w.model, w.attack)),
    params:
        settings=lambda wildcards: canonical_json(
            attribution.iterative_settings(
                CONFIG, state_of(wildcards), wildcards.attack
            )
        ),
        code=code_of("iterative_neurons"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/iterative_neurons.py --model {input.model:q}"
        " --neurons {input.neurons:q} --unsafe {input.unsafe:q} --safe {input.safe:q}"
        " --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule attack:
    """Ask a model state one benchmark, clean or under an attack (paper §4.2)."""
    input:
        model=CHECKPOINT,
        prompts=lambda wildcards: prompts_of([BENCHMARKS[wildcards.benchmark].dataset]),
        target=lambda w: attacks.target_files(
            CONFIG, PATHS, state_of(w), w.attack, CONFIG.attacks
        ),
    output:
        PATHS.responses,
    log:
        f"{RESULTS}/logs/attack/{STATE}/{{attack}}/{{benchmark}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/attack/{STATE}/{{attack}}/{{benchmark}}.tsv"
    priority: 5
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.attack(w.model, w.attack, w.benchmark)),
    params:
        settings=lambda wildcards: canonical_json(
            attacks.attack_settings(
                CONFIG, state_of(wildcards), wildcards.attack, wildcards.benchmark
            )
        ),
        code=code_of("attack"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/attack.py --model {input.model:q} --prompts {input.prompts:q}"
        " --target {input.target:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# on demand, for software that serves models: no table or figure asks for it
rule attacked_checkpoint:
    """Write an attacked model as an ordinary checkpoint."""
    input:
        model=CHECKPOINT,
        neurons=lambda w: attacks.neuron_sets(CONFIG, PATHS, state_of(w), w.attack),
        scores=lambda w: attacks.ranking(CONFIG, PATHS, state_of(w), w.attack, w.extent),
    output:
        folder=directory(
            f"{RESULTS}/models/{STATE}/attacked/{{attack}}/{{target}}/{{extent}}/checkpoint"
        ),
        manifest=f"{RESULTS}/models/{STATE}/attacked/{{attack}}/{{target}}/{{extent}}/checkpoint.json",
    log:
        f"{RESULTS}/logs/attacked_checkpoint/{STATE}/{{attack}}/{{target}}/{{extent}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/attacked_checkpoint/{STATE}/{{attack}}/{{target}}/{{extent}}.tsv"
    wildcard_constraints:
        attack=one_of(CONFIG.neuron_attacks),
        target=one_of(attacks.targets(CONFIG)),
        extent=rf"{attacks.WHOLE}|0\.\d+",
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.attacked_checkpoint(w.model)),
    params:
        settings=lambda wildcards: canonical_json(
            attacks.attacked_checkpoint_settings(
                CONFIG,
                state_of(wildcards),
                wildcards.attack,
                wildcards.target,
                wildcards.extent,
            )
        ),
        code=code_of("attacked_checkpoint"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/attacked_checkpoint.py --model {input.model:q}"
        " --neurons {input.neurons:q} --scores {input.scores:q}"
        " --out {output.folder:q} --manifest {output.manifest:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
