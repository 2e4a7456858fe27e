# Rounds of alignment, chained by plain recursion: T1 from T0, T2 from T1 … (paper §3.3, Algorithm 1).
ALIGN = CONFIG.align


rule organism_preferences:
    input:
        f"{RESULTS}/prompts/organism.parquet",
    output:
        f"{RESULTS}/preferences/organism.parquet",
    log:
        f"{RESULTS}/logs/organism_preferences.log",
    benchmark:
        f"{RESULTS}/benchmarks/organism_preferences.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(ALIGN.preferences.model_dump()),
        code=code_of("organism_preferences"),
    shell:
        "python workflow_scripts/organism_preferences.py --prompts {input} --out {output}"
        " --settings {params.settings:q} --code {params.code} > {log} 2>&1"


def previous_state(wildcards, number):
    """The state that an arm was in after `number` rounds."""
    arm = "base" if number == 0 else wildcards.arm
    return f"{wildcards.model}/{arm}/T{number}/s{wildcards.seed}"


def previous_checkpoint(wildcards):
    """The checkpoint that a round starts from."""
    return f"{RESULTS}/models/{previous_state(wildcards, int(wildcards.round) - 1)}/checkpoint.json"


def protected_neurons(wildcards):
    """The neuron sets that a round acts on: the last state's, and if they accumulate all before."""
    last = int(wildcards.round) - 1
    return [
        f"{RESULTS}/sets/{previous_state(wildcards, number)}/{selection}/overall.parquet"
        for number in range(0 if ALIGN.accumulate else last, last + 1)
        for selection in ALIGN.selections
    ]


def align_settings(wildcards):
    """One arm's settings in one round."""
    arm = ALIGN.arms[wildcards.arm]
    training = ALIGN.training.model_dump()
    for override in (arm.training, ALIGN.overrides.get(int(wildcards.round))):
        training |= override.model_dump(exclude_none=True) if override else {}
    training["steps"] = max(1, round(training["steps"] * arm.data_fraction))
    training["zeroing_probability"] = arm.zeroing_probability
    return canonical_json(
        {
            "context": state_of(wildcards),
            "method": arm.method,
            "pairs": max(1, round(ALIGN.preferences.pairs * arm.data_fraction)),
            "training": training,
            "gate": CONFIG.organism.safety_tuning.gate.model_dump(
                exclude={"when_missed"}
            ),
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


rule align:
    input:
        model=previous_checkpoint,
        neurons=protected_neurons,
        preferences=f"{RESULTS}/preferences/organism.parquet",
        prompts=f"{RESULTS}/prompts/organism.parquet",
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
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        settings=align_settings,
        code=code_of("align"),
    shell:
        "python workflow_scripts/align.py --model {input.model} --neurons {input.neurons}"
        " --preferences {input.preferences} --prompts {input.prompts} --out {output.folder}"
        " --manifest {output.manifest} --report {output.report} --table {output.table}"
        " --settings {params.settings:q} --code {params.code} > {log} 2>&1"
