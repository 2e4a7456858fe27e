"""What a run says of its failures."""

import pytest

from safeneuron.running.failure import Failure


def test_a_failure_names_the_job_and_shows_the_end_of_its_logs(tmp_path):
    log, cluster_log = tmp_path / "align.log", tmp_path / "4711.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    cluster_log.write_text("oom_kill\n")
    logs = [str(log), str(cluster_log)]
    failure = Failure("align", {"model": "m", "round": "2"}, "4711", "OUT_OF_MEMORY", logs)
    assert str(failure).splitlines() == [
        "FAILED align",
        "  model: m",
        "  round: 2",
        "  cluster job: 4711",
        "  OUT_OF_MEMORY",
        f"  log: {log}",
        *(f"    | line {number}" for number in range(88, 100)),
        f"  log: {cluster_log}",
        "    | oom_kill",
    ]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (None, "(no such file: the job did not begin)"),
        (b"", "(empty)"),
        (b"caf\xe9\n", "caf\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_log_that_is_missing_empty_or_not_text_hides_no_failure(tmp_path, content, shown):
    log = tmp_path / "x.log"
    if content is not None:
        log.write_bytes(content)
    assert str(Failure("x", {}, None, None, [str(log)])).endswith(f"{log}\n    | {shown}")
