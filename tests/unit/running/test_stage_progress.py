"""What a run says of its stages."""

import pytest

from safeneuron.running.stage_progress import StageProgress


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def run_jobs(progress, clock, stage, numbers, seconds):
    """Jobs of one stage that run side by side."""
    for number in numbers:
        progress.started(number, stage)
    clock.now += seconds
    for number in numbers:
        progress.finished(number)


def test_the_time_left_is_that_of_the_finished_jobs_of_each_stage(clock):
    progress = StageProgress({"train": 3, "attack": 10}, clock)
    run_jobs(progress, clock, "train", [1], 600)
    run_jobs(progress, clock, "attack", [2, 3], 120)
    # left: 2 x 600 s and 8 x 120 s; (600 + 2 x 120) s of work were done in 720 s
    expected = (2 * 600 + 8 * 120) / (840 / 720)
    assert str(progress) == (
        f"3 of 13 jobs done | train 1/3 | attack 2/10 | about {expected / 60:.0f} min left"
    )


def test_what_running_jobs_have_behind_them_is_not_left(clock):
    progress = StageProgress({"train": 2}, clock)
    run_jobs(progress, clock, "train", [1], 100)
    progress.started(2, "train")
    clock.now += 40
    assert str(progress) == "1 of 2 jobs done | train 1/2 | about 60 s left"
    clock.now += 100
    assert str(progress).endswith("about 0 s left")


def test_stages_without_a_finished_job_are_not_guessed(clock):
    progress = StageProgress({"train": 2, "attack": 5, "report": 1}, clock)
    run_jobs(progress, clock, "train", [1], 80)
    progress.started(2, "attack")
    assert str(progress) == (
        "1 of 8 jobs done | train 1/2 | attack 0/5 | "
        "at least 80 s left, not counting 2 stages without a finished job"
    )


def test_stages_without_a_finished_job_alone_promise_no_time(clock):
    progress = StageProgress({"capture": 2, "train": 3}, clock)
    run_jobs(progress, clock, "capture", [1, 2], 10)
    progress.started(3, "train")
    assert str(progress) == (
        "2 of 5 jobs done | train 0/3 | time left unknown: 1 stages without a finished job"
    )


def test_a_failed_attempt_counts_for_nothing(clock):
    progress = StageProgress({"train": 1}, clock)
    progress.started(1, "train")
    clock.now += 500
    progress.failed(1)
    run_jobs(progress, clock, "train", [1], 10)
    assert str(progress) == "1 of 1 jobs done"


def test_jobs_of_no_stage_are_not_counted(clock):
    progress = StageProgress({"train": 1}, clock)
    run_jobs(progress, clock, "all", [9], 10)
    assert progress.done == "0 of 1 jobs done"
