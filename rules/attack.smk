# What attacked models answer, and the tables of attack success (paper §4.2).


rule attack:
    """Ask a model state one benchmark, clean or under an attack (paper §4.2)."""
    input:
        model=CHECKPOINT,
        prompts=lambda wildcards: prompts_of([BENCHMARKS[wildcards.benchmark].dataset]),
        neurons=attack_sets,
        scores=lambda wildcards: attacks.rankings(
            CONFIG,
            PATHS,
            state_of(wildcards),
            wildcards.attack,
            attacks.fractions_of(CONFIG, wildcards.attack),
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
        " --neurons {input.neurons:q} --scores {input.scores:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule attack_success:
    """Count what every attack achieved on every state: the table all else is read from."""
    input:
        verdicts=VERDICTS,
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
        code=code_of("attack_success"),
    shell:
        "python workflow_scripts/attack_success.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --validations @<(printf '%s\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --code {params.code} > {log:q} 2>&1"


rule over_refusal:
    """Count what becomes of safe prompts under attack, benchmark by benchmark."""
    input:
        verdicts=VERDICTS,
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
        code=code_of("over_refusal"),
    shell:
        "python workflow_scripts/over_refusal.py --verdicts @<(printf '%s\\n' {input.verdicts:q})"
        " --validations @<(printf '%s\n' {input.validations:q}) --out {output.table:q} --csv {output.csv:q}"
        " --code {params.code} > {log:q} 2>&1"


rule paper_tables:
    """Lay out Tables 1 and 2 of the paper, the worst case and contrasts, over seeds."""
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
            {"experiment": CONFIG.experiment, "judges": ATTACK.judges}
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
    """Lay out Table 3 of the paper: benchmarks with images."""
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
                "judges": ATTACK.judges,
                "benchmarks": IMAGE_BENCHMARKS,
            }
        ),
        code=code_of("table_3"),
    shell:
        "python workflow_scripts/table_3.py --attack_success {input:q} --out {output.parquet:q}"
        " --csv {output.csv:q} --md {output.md:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
