# What a run says of itself: its stages and the time left while it goes on, failures at its end. These
# hooks run where snakemake was typed, never in the jobs.
import logging
import time
from importlib.util import find_spec
from collections import Counter

from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

from safeneuron.gpu_lease import visible_gpus
from safeneuron.artifacts.gates import MISSED, gate_of
from safeneuron.experiment.plan import PlannedJob, plan
from safeneuron.run_log import Failure, StageProgress

SECONDS_BETWEEN_LINES = 30

# stays in .snakemake/log, and on the terminal with --verbose
CHATTER = {
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.JOB_FINISHED,
    LogEvent.JOB_ERROR,
    LogEvent.PROGRESS,
}


class RunLog(logging.Handler):
    """Follows Snakemake's structured events: what has started, finished and failed."""

    def __init__(self, jobs):
        super().__init__()
        self.progress = StageProgress(
            Counter(job.rule.name for job in jobs if not job.is_norun)
        )
        self.errors = {}
        self.said = time.monotonic()

    def emit(self, record):
        event = vars(record).get("event")
        if event == LogEvent.JOB_INFO:
            self.progress.started(record.jobid, record.rule_name)
        elif event == LogEvent.JOB_FINISHED:
            self.progress.finished(record.job_id)
            if time.monotonic() - self.said >= SECONDS_BETWEEN_LINES:
                self.said = time.monotonic()
                logger.info(f"{time.strftime('%H:%M:%S')} {self.progress}")
        elif event == LogEvent.JOB_ERROR:
            self.progress.failed(record.jobid)
            self.errors[record.jobid] = record
            logger.error(f"failed: {record.rule_name}, log {', '.join(record.log)}")


RUN_LOG = None


class DryRunPlan(logging.Handler):
    """Ends a dry run with what its jobs will ask for."""

    jobs = None

    def emit(self, record):
        if vars(record).get("event") != LogEvent.RUN_INFO or not workflow.dryrun:
            return
        if self.jobs is None:  # the first of two summaries, before the jobs are shown
            self.jobs = [
                PlannedJob(
                    job.rule.name, *(job.resources[n] for n in PlannedJob._fields[1:])
                )
                for job in workflow.dag.needrun_jobs()
                if "gpu" in job.resources.keys()
            ]
        elif self.jobs:
            print(f"\n{plan(self.jobs)}\n")


def is_worth_reading(record):
    """Whether a record of Snakemake's is more than the coming and going of jobs: these are counted,
    and a job's failure is said in one line, without its command."""
    text = record.getMessage()
    return not (
        vars(record).get("event") in CHATTER
        or text == "Select jobs to execute..."
        or text.startswith("RuleException:\nCalledProcessError in file")
    )


def require_lm_eval():
    """Stop before the first job if capability is to be measured without its library."""
    if CONFIG.capability.run and find_spec("lm_eval") is None:
        raise WorkflowError(
            f"capability.run: {', '.join(CONFIG.capability.run)} need lm-eval, which is not in this "
            "environment; pip install lm_eval==0.4.13, or set capability.run to []"
        )


def follow_run():
    """Watch the run's jobs, and leave the terminal to their progress."""
    global RUN_LOG
    RUN_LOG = RunLog(workflow.dag.needrun_jobs())
    if not workflow.output_settings.verbose:
        for handler in logger.handlers:
            if handler.name == "DefaultStreamHandler":
                handler.addFilter(is_worth_reading)
    logger.addHandler(RUN_LOG)
    if workflow.local_exec and not visible_gpus():
        logger.info("No GPU on this machine: all stages run on the CPU.")


def print_failures():
    """One block a job that failed to the end, retries included."""
    failed = list(workflow.scheduler.failed)
    for job in sorted(failed, key=lambda job: job.jobid):
        error = vars(RUN_LOG.errors.get(job.jobid, logging.makeLogRecord({})))
        failure = Failure(
            job.rule.name,
            dict(job.wildcards_dict),
            cluster_job=error.get("aux", {}).get("external_jobid"),
            message=error.get("rule_msg"),
            logs=error.get("log", list(job.log)),
        )
        logger.error(f"\n{failure}")
    logger.error(f"\n{len(failed)} failed, {RUN_LOG.progress.done}")


def print_products():
    """Say where the results are."""
    logger.info(RUN_LOG.progress.done)
    print(f"\nresults of experiment '{CONFIG.experiment}':")
    for path in (f"{RESULTS}/report.html", *TABLES, *FIGURES):
        if Path(path).suffix in (".html", ".csv", ".png") and Path(path).is_file():
            print(f"  {path}")


def print_missed_gates():
    """Name the model states that missed their validation gate: they are kept, and marked."""
    validated = [p for p in map(Path, validations_of(REPORTED_STATES)) if p.is_file()]
    missed = [path for path in validated if gate_of(path) == MISSED]
    if missed:
        print(
            f"\n{len(missed)} of {len(validated)} model states missed their validation gate:"
        )
        for path in missed:
            print(f"  {path.parent.relative_to(f'{RESULTS}/models')}")


if workflow.is_main_process:
    logger.addHandler(DryRunPlan())
