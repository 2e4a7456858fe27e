# What a run says of itself: its stages and the time left while it goes on, failures at its end
# (safeneuron.running). The hooks run where snakemake was typed, never in the jobs.
from snakemake.logging import logger

from safeneuron.experiment.checks import check_lm_eval
from safeneuron.gpu_lease import visible_gpus
from safeneuron.running.outcome import missed_gates, products
from safeneuron.running.run_log import FailedJob, RunLog, quieten_terminal

RUN_LOG = RunLog(logger, targets=("all", "figures", "tables"))

if workflow.is_main_process:
    logger.addHandler(RUN_LOG)
    MODEL_LIBRARIES.warn_of_changes(logger)


onstart:
    try:
        check_lm_eval(CONFIG)
    except SafeNeuronError as error:
        raise WorkflowError(str(error)) from None
    MODEL_LIBRARIES.record()
    if not workflow.output_settings.verbose:
        quieten_terminal(logger)
    if workflow.local_exec and not visible_gpus():
        logger.info("No GPU on this machine: all stages run on the CPU.")


onsuccess:
    logger.info(RUN_LOG.done)
    made = products(CONFIG.experiment, [PATHS.report, *TABLES, *FIGURES])
    missed = missed_gates(validations_of(REPORTED_STATES), f"{RESULTS}/models")
    print("", made, *missed, sep="\n")


onerror:
    RUN_LOG.say_failures(
        FailedJob(job.jobid, job.rule.name, job.wildcards_dict, list(job.log))
        for job in workflow.scheduler.failed
    )
