# Verdicts on stored responses: each judge is a stage of its own, and runs again without the attack. Judges
# write the same table, so that a model judge, a rule and a veto stand side by side.


rule judge:
    """Judge stored responses by rule or oracle, without a model."""
    input:
        responses=PATHS.responses,
    output:
        PATHS.verdicts,
    log:
        f"{RESULTS}/logs/judge/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/judge/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.tsv"
    wildcard_constraints:
        judge=one_of(j for j in ATTACK.judges if j not in MODEL_JUDGES),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json({"judge": wildcards.judge}),
        code=code_of("judge"),
    shell:
        "python workflow_scripts/judge.py --responses {input.responses:q}"
        " --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule model_judge:
    """Judge stored responses to harmful prompts by a model."""
    input:
        # a model without seeds, kept where T0 of seed 0 is
        model=lambda wildcards: fill(
            CHECKPOINT, State(MODEL_JUDGES[wildcards.judge].model, "base", 0, 0)
        ),
        responses=PATHS.responses,
    output:
        PATHS.verdicts,
    log:
        f"{RESULTS}/logs/model_judge/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/model_judge/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.tsv"
    wildcard_constraints:
        judge=one_of(MODEL_JUDGES),
        benchmark=one_of(benchmarks.of_role(BENCHMARKS, "harmful")),
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(
            lambda w: WORK.model_judge(w.judge, w.attack, w.benchmark),
            lambda w: WORK.judge_model(w.judge),
        ),
    params:
        settings=lambda wildcards: canonical_json(
            stages.model_judge(CONFIG, wildcards.judge)
        ),
        code=code_of("model_judge"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/model_judge.py --model {input.model:q}"
        " --responses {input.responses:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule safe_verdicts:
    """Judge responses to safe prompts, which a model judge is not asked about."""
    input:
        responses=PATHS.responses,
    output:
        PATHS.verdicts,
    log:
        f"{RESULTS}/logs/safe_verdicts/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/safe_verdicts/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.tsv"
    wildcard_constraints:
        judge=one_of(MODEL_JUDGES),
        benchmark=one_of(benchmarks.of_role(BENCHMARKS, "safe")),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json({"judge": wildcards.judge}),
        code=code_of("safe_verdicts"),
    shell:
        "python workflow_scripts/safe_verdicts.py --responses {input.responses:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule keyword_veto:
    """Veto a judge's successes where the response has words of refusal."""
    input:
        verdicts=lambda wildcards: (
            PATHS.verdicts.replace("{judge}", VETOED[wildcards.judge])
        ),
        responses=PATHS.responses,
    output:
        PATHS.verdicts,
    log:
        f"{RESULTS}/logs/keyword_veto/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/keyword_veto/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.tsv"
    wildcard_constraints:
        judge=one_of(VETOED),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json({"judge": wildcards.judge}),
        code=code_of("keyword_veto"),
    shell:
        "python workflow_scripts/keyword_veto.py --verdicts {input.verdicts:q}"
        " --responses {input.responses:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
