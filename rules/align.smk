# Rounds of alignment, chained by plain recursion: T1 from T0, T2 from T1 … (paper §3.3, Algorithm 1).


rule align:
    input:
        model=previous_checkpoint,
        neurons=protected_neurons,
        preferences=lambda wildcards: preferences_of([wildcards.model]),
        prompts=gate_prompts,
    output:
        folder=directory(f"{RESULTS}/models/{STATE}/checkpoint"),
        manifest=f"{RESULTS}/models/{STATE}/checkpoint.json",
        report=f"{RESULTS}/models/{STATE}/freeze_report.json",
        table=f"{RESULTS}/models/{STATE}/training.parquet",
    log:
        f"{RESULTS}/logs/align/{STATE}.log",
    benchmark:
        f"{RESULTS}/benchmarks/align/{STATE}.tsv"
    wildcard_constraints:
        arm=one_of(CONFIG.run.arms),
        round=r"[1-9]\d*",
    priority: 8
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(align_work),
    params:
        settings=align_settings,
        code=code_of("align"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/align.py --model {input.model} --neurons {input.neurons}"
        " --preferences {input.preferences} --prompts {input.prompts} --out {output.folder}"
        " --manifest {output.manifest} --report {output.report} --table {output.table}"
        " --settings {params.settings:q} --code {params.code} > {log} 2>&1"
