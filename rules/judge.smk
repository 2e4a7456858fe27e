# Verdicts on stored responses: each judge is a stage of its own, and runs again without the attack. Judges
# write the same table, so that a model judge, a rule and a veto stand side by side.


rule judge:
    input:
        responses=f"{RESULTS}/responses/{STATE}/{{attack}}.parquet",
        prompts=benchmark_prompts,
    output:
        f"{RESULTS}/verdicts/{STATE}/{{attack}}/{{judge}}.parquet",
    log:
        f"{RESULTS}/logs/judge/{STATE}/{{attack}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/judge/{STATE}/{{attack}}/{{judge}}.tsv"
    wildcard_constraints:
        judge=one_of(j for j in ATTACK.judges if j not in MODEL_JUDGES),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            {
                "judge": wildcards.judge,
                "datasets": benchmark_datasets(wildcards),
            }
        ),
        code=code_of("judge"),
    shell:
        "python workflow_scripts/judge.py --responses {input.responses:q} --prompts {input.prompts:q}"
        " --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule model_judge:
    input:
        model=judge_checkpoint,
        responses=f"{RESULTS}/responses/{STATE}/{{attack}}.parquet",
        prompts=benchmark_prompts,
    output:
        f"{RESULTS}/verdicts/{STATE}/{{attack}}/{{judge}}.parquet",
    log:
        f"{RESULTS}/logs/model_judge/{STATE}/{{attack}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/model_judge/{STATE}/{{attack}}/{{judge}}.tsv"
    wildcard_constraints:
        judge=one_of(MODEL_JUDGES),
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(
            lambda w: WORK.model_judge(w.judge, w.model, w.attack),
            lambda w: WORK.judge_model(w.judge),
        ),
    params:
        settings=model_judge_settings,
        code=code_of("model_judge"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/model_judge.py --model {input.model:q}"
        " --responses {input.responses:q} --prompts {input.prompts:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule keyword_veto:
    input:
        verdicts=lambda wildcards: (
            f"{RESULTS}/verdicts/{STATE}/{{attack}}/{VETOED[wildcards.judge]}.parquet"
        ),
        responses=f"{RESULTS}/responses/{STATE}/{{attack}}.parquet",
    output:
        f"{RESULTS}/verdicts/{STATE}/{{attack}}/{{judge}}.parquet",
    log:
        f"{RESULTS}/logs/keyword_veto/{STATE}/{{attack}}/{{judge}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/keyword_veto/{STATE}/{{attack}}/{{judge}}.tsv"
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


rule judge_agreement:
    input:
        verdicts=[
            f"{RESULTS}/verdicts/{STATE}/{{attack}}/{{judge}}.parquet".format(**run)
            for run in ATTACK_RUNS
        ],
        validations=validations_of(ATTACKED_STATES),
    output:
        table=f"{RESULTS}/tables/judge_agreement.parquet",
        csv=f"{RESULTS}/tables/judge_agreement.csv",
    log:
        f"{RESULTS}/logs/judge_agreement.log",
    benchmark:
        f"{RESULTS}/benchmarks/judge_agreement.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {"contexts": JUDGED, "judges": len(JUDGES), "roles": ROLES}
        ),
        code=code_of("judge_agreement"),
    shell:
        "python workflow_scripts/judge_agreement.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --validations @<(printf '%s\\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
