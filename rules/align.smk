# Rounds of alignment, chained by plain recursion: T1 from T0, T2 from T1 … (paper §3.3, Algorithm 1).


# once for all arms' T1, from T0; of each arm's own state for its later rounds
rule reference_log_probs:
    """Compute the reference model's log-probabilities of all pairs, once a state."""
    input:
        model=CHECKPOINT,
        preferences=lambda w: mixes.tables(CONFIG, PATHS, [w.model]),
    output:
        f"{RESULTS}/reference/{STATE}.parquet",
    log:
        f"{RESULTS}/logs/reference_log_probs/{STATE}.log",
    benchmark:
        f"{RESULTS}/benchmarks/reference_log_probs/{STATE}.tsv"
    priority: 8
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.reference_log_probs(w.model)),
    params:
        settings=canonical_json(
            training.reference_settings(CONFIG).model_dump(mode="json")
        ),
        code=code_of("reference_log_probs"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/reference_log_probs.py --model {input.model:q}"
        " --preferences {input.preferences:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# under ddp and fsdp align.py becomes a process for each GPU that on_gpus.py gives it
rule align:
    """Train one round of alignment in one arm (paper §3.3, Algorithm 1)."""
    input:
        model=lambda w: training.previous_checkpoint(PATHS, state_of(w)),
        neurons=lambda w: training.protected_sets(CONFIG, PATHS, state_of(w)),
        preferences=lambda w: mixes.tables(CONFIG, PATHS, [w.model]),
        reference=lambda w: training.reference_table(CONFIG, PATHS, state_of(w)),
        unsafe=lambda w: training.direction_prompts(
            CONFIG, PATHS, state_of(w), "unsafe"
        ),
        safe=lambda w: training.direction_prompts(CONFIG, PATHS, state_of(w), "safe"),
    output:
        folder=directory(f"{RESULTS}/models/{STATE}/checkpoint"),
        manifest=f"{RESULTS}/models/{STATE}/checkpoint.json",
        report=PATHS.freeze_report,
        table=f"{RESULTS}/models/{STATE}/training.parquet",
    log:
        f"{RESULTS}/logs/align/{STATE}.log",
    benchmark:
        PATHS.training_benchmark
    wildcard_constraints:
        arm=one_of(CONFIG.run.arms),
        round=r"[1-9]\d*",
    priority: 8
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.align(state_of(w))),
        # no parameter: how often a training saves reruns none
        save_every=CONFIG.align.training.save_every,
    params:
        settings=lambda w: canonical_json(
            training.align_settings(CONFIG, state_of(w)).model_dump(mode="json")
        ),
        code=code_of("align"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/align.py --model {input.model:q} --neurons {input.neurons:q}"
        " --preferences {input.preferences:q}"
        " --reference {input.reference:q} --unsafe {input.unsafe:q} --safe {input.safe:q}"
        " --out {output.folder:q}"
        " --manifest {output.manifest:q} --report {output.report:q} --table {output.table:q}"
        " --save-every {resources.save_every}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
