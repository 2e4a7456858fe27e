"""Fetch the public files that the shipped experiments on real prompts read, into data/.

    python workflow_scripts/fetch_data.py                 # or make data
    python workflow_scripts/fetch_data.py --from FOLDER   # look in FOLDER before the network

Files that are there are not fetched again; each is checked against config/data/files.yaml.
"""

import argparse
import sys
from pathlib import Path

from safeneuron.data.fetch import fetch, licences
from safeneuron.data.public_files import read_table

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=Path("data"), metavar="FOLDER")
    parser.add_argument("--from", type=Path, dest="first", metavar="FOLDER")
    args = parser.parse_args()
    table = read_table(Path(__file__).parents[1] / "config" / "data" / "files.yaml")
    missing = []
    for outcome in fetch(table, args.into, args.first):
        if outcome.news == "missing":
            missing.append(outcome)
        else:
            print(outcome, flush=True)
    print("Licences:", *licences(table), sep="\n  ")
    if missing:
        sys.exit("\n".join(map(str, missing)))
