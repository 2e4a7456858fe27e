from safeneuron.experiment.plan import PlannedJob, plan


def test_hours_and_disk_add_up_and_the_largest_job_gives_gpus_and_memory():
    jobs = [
        PlannedJob("capture", gpu=1, mem_mb=20_000, runtime=30, disk_mb=100),
        PlannedJob("align", gpu=4, mem_mb=60_000, runtime=120, disk_mb=16_000),
        PlannedJob("capture", gpu=2, mem_mb=10_000, runtime=60, disk_mb=100),
        PlannedJob("tune_organism", gpu=0, mem_mb=2_000, runtime=90, disk_mb=0),
    ]
    lines = [line.split() for line in plan(jobs).splitlines()[2:]]
    assert lines == [
        ["capture", "2", "2", "20.0", "2.5", "0.0", "0.2"],
        ["align", "1", "4", "60.0", "8.0", "0.0", "16.0"],
        ["tune_organism", "1", "0", "2.0", "0.0", "1.5", "0.0"],
        ["all", "4", "4", "60.0", "10.5", "1.5", "16.2"],
    ]


def test_without_a_job_on_a_gpu_no_gpu_is_spoken_of_but_to_say_so():
    jobs = [PlannedJob("capture", gpu=0, mem_mb=20_000, runtime=30, disk_mb=100)] * 3
    _, header, *lines = plan(jobs).splitlines()
    assert header.split() == ["stage", "jobs", "GB", "CPU-hours", "disk", "GB"]
    assert [line.split() for line in lines[:-1]] == [
        ["capture", "3", "20.0", "1.5", "0.3"],
        ["all", "3", "20.0", "1.5", "0.3"],
    ]
    assert lines[-1] == "None asks for a GPU: all stages run on the CPU."
