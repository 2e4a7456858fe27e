"""Turns and spreads, of made-up measurements; no time is asserted."""

import subprocess
import sys

import pytest
from benchmarks.measure import Spread, in_turns, peak_memory, ratio, run, spread


def test_works_take_turns_every_other_in_reverse_after_one_that_does_not_count():
    log = []
    works = {name: lambda name=name: log.append(name) for name in "abc"}
    counts = iter(range(100))

    def measure(work):
        work()
        return next(counts)

    found = in_turns(works, 3, measure)
    assert "".join(log) == "abc" + "abc" + "cba" + "abc"
    assert found == {"a": [0, 5, 6], "b": [1, 4, 7], "c": [2, 3, 8]}


def test_a_spread_is_the_median_and_the_ends():
    assert spread([3.0, 9.0, 1.0]) == Spread(3.0, 1.0, 9.0)


def test_a_ratio_is_taken_turn_by_turn():
    # the machine was half as fast in the second turn
    assert ratio([2.0, 4.0, 3.0], [1.0, 2.0, 1.0]) == Spread(2.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])


def test_memory_is_that_of_the_work_and_does_not_stay():
    block = 256  # MiB

    def work():
        bytearray(b"x") * (block << 20)

    nothing, held, after = peak_memory(lambda: None), peak_memory(work), peak_memory(lambda: None)
    assert held - nothing == pytest.approx(block, abs=16)
    assert after == pytest.approx(nothing, abs=16)


def test_work_that_fails_has_no_memory(capfd):
    with pytest.raises(RuntimeError, match="has failed"):
        peak_memory(lambda: 1 / 0)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_process_that_fails_is_an_error_with_its_message(tmp_path):
    say = [sys.executable, "-c", "import os; print(os.environ['WHAT'], os.getcwd())"]
    assert run(say, tmp_path, WHAT="here").split() == ["here", str(tmp_path)]
    with pytest.raises(RuntimeError, match="no such day"):
        run([sys.executable, "-c", "raise SystemExit('no such day')"], tmp_path)
    assert subprocess.run(say, capture_output=True).returncode  # WHAT was only for that process
