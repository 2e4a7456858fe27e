# Model states. T0 is an organism or another model after ordinary safety tuning, or a checkpoint: a
# folder, a GGUF file or a hub id, as judges are.
from safeneuron.models.folder import checkpoint_files


rule pretrain_organism:
    """Pre-train an organism on its language to a helpful base."""
    input:
        f"{RESULTS}/prompts/organism.parquet",
    output:
        folder=directory(f"{RESULTS}/models/{{model}}/pretrained/s{{seed}}/checkpoint"),
        manifest=PATHS.pretrained,
    log:
        f"{RESULTS}/logs/pretrain_organism/{{model}}/s{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/pretrain_organism/{{model}}/s{{seed}}.tsv"
    # the large organism takes longest: start it first
    priority: 10
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.pretrain_organism(w.model)),
    params:
        settings=lambda wildcards: canonical_json(
            stages.pretrained(CONFIG, wildcards.model, int(wildcards.seed))
        ),
        code=code_of("pretrain_organism"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/pretrain_organism.py --prompts {input:q} --out {output.folder:q}"
        " --manifest {output.manifest:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule tune_organism:
    """Safety-tune an organism until it refuses: its T0."""
    input:
        base=PATHS.pretrained,
        prompts=f"{RESULTS}/prompts/organism.parquet",
    output:
        folder=directory(f"{RESULTS}/models/{{model}}/base/T0/s{{seed}}/checkpoint"),
        manifest=f"{RESULTS}/models/{{model}}/base/T0/s{{seed}}/checkpoint.json",
    log:
        f"{RESULTS}/logs/tune_organism/{{model}}/s{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/tune_organism/{{model}}/s{{seed}}.tsv"
    wildcard_constraints:
        model=one_of(ORGANISMS),
    priority: 10
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.tune_organism(w.model)),
    params:
        settings=lambda wildcards: canonical_json(
            stages.tuned(CONFIG, int(wildcards.seed))
        ),
        code=code_of("tune_organism"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/tune_organism.py --base {input.base:q} --prompts {input.prompts:q}"
        " --out {output.folder:q} --manifest {output.manifest:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# beside the training and not in it: what responses are generated with, and what a missed gate leads to,
# trains no model again
rule validate_organism:
    """Ask an organism its validation prompts, and say whether it passes its gate."""
    input:
        model=CHECKPOINT,
        prompts=f"{RESULTS}/prompts/organism.parquet",
        # where T0's missed gate stops a run, nothing that it was trained into is looked at
        t0=lambda w: ([] if w.round == "0" else fill(VALIDATION, state_of(w).after(0))),
    output:
        VALIDATION,
    log:
        f"{RESULTS}/logs/validate_organism/{STATE}.log",
    benchmark:
        f"{RESULTS}/benchmarks/validate_organism/{STATE}.tsv"
    wildcard_constraints:
        model=one_of(ORGANISMS),
    # a missed gate stops a run before it spends more
    priority: 9
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.validate_organism(w.model)),
    params:
        settings=lambda wildcards: canonical_json(
            stages.validated_organism(CONFIG, state_of(wildcards))
        ),
        code=code_of("validate_organism"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/validate_organism.py --model {input.model:q} --prompts {input.prompts:q}"
        " --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# once for all seeds: what a base answers does not depend on the training
rule base_answers:
    """Let a model answer harmless prompts before it is safety-tuned."""
    input:
        model=lambda w: tuning.base_checkpoint(CONFIG, PATHS, w.model, CONFIG.seeds[0]),
        prompts=lambda w: prompts_of(TUNED[w.model].safety_tuning.harmless.datasets),
    output:
        PATHS.base_answers,
    log:
        f"{RESULTS}/logs/base_answers/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/base_answers/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(TUNED),
    priority: 10
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.base_answers(w.model)),
    params:
        settings=lambda w: canonical_json(tuning.base_answers(CONFIG, w.model)),
        code=code_of("base_answers"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/base_answers.py --model {input.model:q}"
        " --prompts {input.prompts:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule tuning_examples:
    """Write what a model is safety-tuned on: refusals, and its own answers."""
    input:
        answers=PATHS.base_answers,
        harmful=lambda w: prompts_of(TUNED[w.model].safety_tuning.harmful.datasets),
        without=lambda w: prompts_of(TUNED[w.model].safety_tuning.without),
    output:
        PATHS.tuning_examples,
    log:
        f"{RESULTS}/logs/tuning_examples/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/tuning_examples/{{model}}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda w: canonical_json(tuning.examples(CONFIG, w.model)),
        code=code_of("tuning_examples"),
    shell:
        "python workflow_scripts/tuning_examples.py --answers {input.answers:q}"
        " --harmful {input.harmful:q} --without {input.without:q} --out {output:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule safety_tune:
    """Safety-tune a model on refusals and its own answers: its T0."""
    input:
        base=lambda w: tuning.base_checkpoint(CONFIG, PATHS, w.model, int(w.seed)),
        examples=PATHS.tuning_examples,
    output:
        folder=directory(f"{RESULTS}/models/{{model}}/base/T0/s{{seed}}/checkpoint"),
        manifest=f"{RESULTS}/models/{{model}}/base/T0/s{{seed}}/checkpoint.json",
    log:
        f"{RESULTS}/logs/safety_tune/{{model}}/s{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/safety_tune/{{model}}/s{{seed}}.tsv"
    wildcard_constraints:
        model=one_of(TUNED),
    priority: 10
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.safety_tune(w.model)),
    params:
        settings=lambda w: canonical_json(
            tuning.safety_tuned(CONFIG, w.model, int(w.seed))
        ),
        code=code_of("safety_tune"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/safety_tune.py --base {input.base:q}"
        " --examples {input.examples:q} --out {output.folder:q} --manifest {output.manifest:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule validate:
    """Ask a tuned model its validation prompts, and say whether it passes its gate."""
    input:
        model=CHECKPOINT,
        harmful=lambda w: prompts_of(TUNED[w.model].gate.harmful.datasets),
        harmless=lambda w: prompts_of(TUNED[w.model].gate.harmless.datasets),
        # where T0's missed gate stops a run, nothing that it was trained into is looked at
        t0=lambda w: ([] if w.round == "0" else fill(VALIDATION, state_of(w).after(0))),
    output:
        VALIDATION,
    log:
        f"{RESULTS}/logs/validate/{STATE}.log",
    benchmark:
        f"{RESULTS}/benchmarks/validate/{STATE}.tsv"
    wildcard_constraints:
        model=one_of(TUNED),
    priority: 9
    conda:
        "../environment.yml"
    threads: CONFIG.compute.cpu_threads
    resources:
        **model_job(lambda w: WORK.validate(w.model)),
    params:
        settings=lambda w: canonical_json(tuning.validated(CONFIG, state_of(w))),
        code=code_of("validate"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/on_gpus.py {resources.gpu} --"
        " python workflow_scripts/validate.py --model {input.model:q}"
        " --harmful {input.harmful:q} --harmless {input.harmless:q}"
        " --out {output:q} --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule local_checkpoint:
    """Write the manifest of a model in a local folder: its T0, or a judge."""
    input:
        lambda wildcards: checkpoint_files(Path(CONFIG.models[wildcards.model].path)),
    output:
        manifest=f"{RESULTS}/models/{{model}}/base/T0/s{{seed}}/checkpoint.json",
    log:
        f"{RESULTS}/logs/local_checkpoint/{{model}}/s{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/local_checkpoint/{{model}}/s{{seed}}.tsv"
    wildcard_constraints:
        model=one_of(n for n in CHECKPOINTS if CONFIG.models[n].kind == "local"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            stages.checkpoint_source(CONFIG, wildcards.model)
        ),
        code=code_of("local_checkpoint"),
    shell:
        "python workflow_scripts/local_checkpoint.py --manifest {output.manifest:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule convert_gguf:
    """Convert a GGUF file to a checkpoint folder, once for all seeds."""
    input:
        lambda wildcards: CONFIG.models[wildcards.model].path,
    output:
        folder=directory(f"{RESULTS}/models/{{model}}/converted/checkpoint"),
        manifest=PATHS.converted,
    log:
        f"{RESULTS}/logs/convert_gguf/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/convert_gguf/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(n for n in CHECKPOINTS if CONFIG.models[n].kind == "gguf"),
    conda:
        "../environment.yml"
    resources:
        **model_job(lambda w: WORK.convert_gguf(w.model)),
    params:
        settings=lambda wildcards: canonical_json(
            stages.converted(CONFIG, wildcards.model)
        ),
        code=code_of("convert_gguf"),
        libraries=LIBRARIES,
    shell:
        "python workflow_scripts/convert_gguf.py --gguf {input:q} --out {output.folder:q}"
        " --manifest {output.manifest:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


rule gguf_checkpoint:
    """Write the manifest of a converted GGUF file: its T0, or a judge."""
    input:
        PATHS.converted,
    output:
        manifest=f"{RESULTS}/models/{{model}}/base/T0/s{{seed}}/checkpoint.json",
    log:
        f"{RESULTS}/logs/gguf_checkpoint/{{model}}/s{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/gguf_checkpoint/{{model}}/s{{seed}}.tsv"
    wildcard_constraints:
        model=one_of(n for n in CHECKPOINTS if CONFIG.models[n].kind == "gguf"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(stages.chat(CONFIG, wildcards.model)),
        code=code_of("gguf_checkpoint"),
    shell:
        "python workflow_scripts/gguf_checkpoint.py --converted {input:q}"
        " --manifest {output.manifest:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"


# runs on the host that submits, which has the network: jobs after it need none
rule hub_checkpoint:
    """Download a model from the hub and write its manifest: its T0, or a judge."""
    output:
        manifest=f"{RESULTS}/models/{{model}}/base/T0/s{{seed}}/checkpoint.json",
    log:
        f"{RESULTS}/logs/hub_checkpoint/{{model}}/s{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/hub_checkpoint/{{model}}/s{{seed}}.tsv"
    wildcard_constraints:
        model=one_of(n for n in CHECKPOINTS if CONFIG.models[n].kind == "hub"),
    localrule: True
    conda:
        "../environment.yml"
    params:
        settings=lambda wildcards: canonical_json(
            {
                **stages.checkpoint_source(CONFIG, wildcards.model),
                "chat_template": stages.uses_chat_template(CONFIG, wildcards.model),
                "images": CONFIG.needs_images(wildcards.model) is not None,
            }
        ),
        code=code_of("hub_checkpoint"),
    shell:
        "python workflow_scripts/hub_checkpoint.py --manifest {output.manifest:q}"
        " --settings - --code {params.code} > {log:q} 2>&1 <<< {params.settings:q}"
