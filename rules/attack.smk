# The pruning attack: responses and the tables of attack success (paper §4.2).


rule attack:
    input:
        model=CHECKPOINT,
        prompts=benchmark_prompts,
        scores=lambda wildcards: attack_source(wildcards, "scores"),
        neurons=lambda wildcards: attack_source(wildcards, "sets"),
    output:
        f"{RESULTS}/responses/{STATE}/{{attack}}.parquet",
    log:
        f"{RESULTS}/logs/attack/{STATE}/{{attack}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/attack/{STATE}/{{attack}}.tsv"
    priority: 5
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.attack(w.model, w.attack)),
    params:
        settings=attack_settings,
        code=code_of("attack"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/attack.py --model {input.model:q} --prompts {input.prompts:q}"
        " --scores {input.scores:q} --neurons {input.neurons:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule attack_success:
    input:
        verdicts=over(
            ATTACK_RUNS, f"{RESULTS}/verdicts/{STATE}/{{attack}}/{{judge}}.parquet"
        ),
        validations=validations_of(ATTACKED_STATES),
        # no attack success on prompts that were trained on: that rule fails
        overlap=f"{RESULTS}/tables/prompt_overlap.parquet",
    output:
        table=f"{RESULTS}/tables/attack_success.parquet",
        csv=f"{RESULTS}/tables/attack_success.csv",
    log:
        f"{RESULTS}/logs/attack_success.log",
    benchmark:
        f"{RESULTS}/benchmarks/attack_success.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "contexts": [attack_success_context(run) for run in ATTACK_RUNS],
                # pairs: a mapping's order is not kept, and tables show the first benchmark
                "roles": list(ROLES.items()),
            }
        ),
        code=code_of("attack_success"),
    shell:
        "python workflow_scripts/attack_success.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --validations @<(printf '%s\\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule over_refusal:
    input:
        verdicts=over(
            ATTACK_RUNS, f"{RESULTS}/verdicts/{STATE}/{{attack}}/{{judge}}.parquet"
        ),
        validations=validations_of(ATTACKED_STATES),
    output:
        table=f"{RESULTS}/tables/over_refusal.parquet",
        csv=f"{RESULTS}/tables/over_refusal.csv",
    log:
        f"{RESULTS}/logs/over_refusal.log",
    benchmark:
        f"{RESULTS}/benchmarks/over_refusal.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "contexts": [
                    {name: value for name, value in run.items() if name != "judge"}
                    for run in ATTACK_RUNS
                ],
                "roles": ROLES,
            }
        ),
        code=code_of("over_refusal"),
    shell:
        "python workflow_scripts/over_refusal.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --validations @<(printf '%s\\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule paper_tables:
    input:
        f"{RESULTS}/tables/attack_success.parquet",
    output:
        PAPER_TABLES,
    log:
        f"{RESULTS}/logs/paper_tables.log",
    benchmark:
        f"{RESULTS}/benchmarks/paper_tables.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {"experiment": CONFIG.experiment, "judge": ATTACK.judges[0]}
        ),
        outputs=" ".join(
            f"--{Path(path).stem}_{Path(path).suffix[1:]} {path}"
            for path in PAPER_TABLES
        ),
        code=code_of("paper_tables"),
    shell:
        "python workflow_scripts/paper_tables.py --attack_success {input:q} {params.outputs}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule table_3:
    input:
        f"{RESULTS}/tables/attack_success.parquet",
    output:
        parquet=f"{RESULTS}/tables/table_3.parquet",
        csv=f"{RESULTS}/tables/table_3.csv",
        md=f"{RESULTS}/tables/table_3.md",
    log:
        f"{RESULTS}/logs/table_3.log",
    benchmark:
        f"{RESULTS}/benchmarks/table_3.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=canonical_json(
            {
                "experiment": CONFIG.experiment,
                "judge": ATTACK.judges[0],
                "benchmarks": IMAGE_BENCHMARKS,
            }
        ),
        code=code_of("table_3"),
    shell:
        "python workflow_scripts/table_3.py --attack_success {input:q} --out {output.parquet:q}"
        " --csv {output.csv:q} --md {output.md:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
