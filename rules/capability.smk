# What models can do besides refusing (paper §4.1), clean and with the neurons of an attack zeroed.
CAPABILITY_MODELS = ATTACKED if CAPABILITY.models is None else CAPABILITY.models
CAPABILITY_RUNS = attacks.capability_runs(CONFIG, CAPABILITY_MODELS)


rule file_questions:
    """Read a capability task's questions from files."""
    input:
        questions=lambda wildcards: CAPABILITY.tasks[wildcards.task].questions,
        shots=lambda wildcards: CAPABILITY.tasks[wildcards.task].shots,
    output:
        f"{RESULTS}/questions/{{task}}.parquet",
    log:
        f"{RESULTS}/logs/file_questions/{{task}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/file_questions/{{task}}.tsv"
    wildcard_constraints:
        task=one_of(n for n, task in CAPABILITY.tasks.items() if task.kind == "file"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.questions(CONFIG, wildcards.task)
        ),
        code=code_of("file_questions"),
    shell:
        "python workflow_scripts/file_questions.py --questions {input.questions:q}"
        " --shots {input.shots:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule hub_questions:
    """Download a capability task's questions from the hub."""
    output:
        f"{RESULTS}/questions/{{task}}.parquet",
    log:
        f"{RESULTS}/logs/hub_questions/{{task}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/hub_questions/{{task}}.tsv"
    wildcard_constraints:
        task=one_of(n for n, task in CAPABILITY.tasks.items() if task.kind == "hub"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.questions(CONFIG, wildcards.task)
        ),
        code=code_of("hub_questions"),
    shell:
        "python workflow_scripts/hub_questions.py --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# lm-eval draws a progress bar: TQDM_MININTERVAL keeps it to a line now and then in the log
rule capability:
    """Measure one task by lm-eval, clean or under an attack (paper §4.1)."""
    input:
        model=CHECKPOINT,
        questions=f"{RESULTS}/questions/{{task}}.parquet",
        target=lambda w: attacks.target_files(
            CONFIG, PATHS, state_of(w), w.attack, CAPABILITY.attacks
        ),
    output:
        PATHS.capability,
    log:
        f"{RESULTS}/logs/capability/{STATE}/{{attack}}/{{task}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/capability/{STATE}/{{attack}}/{{task}}.tsv"
    wildcard_constraints:
        attack=one_of([attacks.CLEAN, *CAPABILITY.attacks]),
        task=one_of(CAPABILITY.run),
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.capability(w.model, w.attack, w.task)),
    params:
        settings=lambda wildcards: canonical_json(
            attacks.capability_settings(
                CONFIG, state_of(wildcards), wildcards.attack, wildcards.task
            )
        ),
        code=code_of("capability"),
        libraries=LIBRARIES,
    shell:
        "TQDM_MININTERVAL=30 python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/capability.py --model {input.model:q}"
        " --questions {input.questions:q} --target {input.target:q}"
        " --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
