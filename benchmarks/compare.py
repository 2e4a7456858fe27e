"""Whether a run is still what its baseline was; ends with an error if a figure is not.

    python -m benchmarks.compare results/bench/figures.json benchmarks/baselines/NAME.json

Ratios may differ by 15 %, memory by 1 %; seconds are another machine's and are not compared. What
got better must become the new baseline, or it can be lost again unseen: copy the run's file there.
Figures that the baseline has not are not looked at.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import TOLERANCE, Found, load


def departures(run: Found, baseline: Found) -> Iterator[str]:
    """A sentence for each figure of the baseline that is missing or out of its tolerance."""
    found, before = ({one.name: one for one in side.figures} for side in (run, baseline))
    left_out = {one.row: one.reason for one in run.left_out}
    for name, old in before.items():
        if name not in found:
            reason = left_out.get(old.row, "the run has it not")
            yield f"{name}: {old.value:.3g} {old.unit} before, now missing ({reason})"
            continue
        new = found[name]
        tolerance = TOLERANCE.get(old.unit)
        if tolerance is not None and abs(new.value / old.value - 1) > tolerance:
            yield (
                f"{name}: {new.value:.4g} {new.unit}, {old.value:.4g} before; "
                f"more than {tolerance:.0%} apart"
            )
        if new.met is False and old.met:
            yield f"{name}: {new.value:.3g} {new.unit} misses the goal, {new.goal}, which was met"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("baseline", type=Path)
    args = parser.parse_args()
    lines = list(departures(load(args.run), load(args.baseline)))
    print("\n".join(lines) or "as the baseline")
    sys.exit(bool(lines))
