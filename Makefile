# Thin: everything here can be typed by hand. `make demo` and `make test` need Python 3.11+ only.
VENV ?= .venv
PYTHON ?= python3
# on Linux without a GPU, TORCH_INDEX=https://download.pytorch.org/whl/cpu saves gigabytes
TORCH_INDEX ?=
ACTIVATE = . $(VENV)/bin/activate
# Python compiles what it imports; pip would compile everything, which takes most of a minute
PIP = $(VENV)/bin/pip install --quiet --no-compile
# files in their order, the longest first; by default xdist takes those with the most tests first
PYTEST = pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-slurm test-capability capability slurm env lint bench bench-compare rounds seeds data smollm2 smollm2-full local-data clean

demo: env
	$(ACTIVATE) && snakemake

test: env
	$(ACTIVATE) && $(PYTEST)

env: $(VENV)/.installed

# torch comes first and alone, so that no other package pulls another build of it
$(VENV)/.installed: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' requirements.lock)"
	$(PIP) -r requirements.lock
	touch $@

# a real Slurm in a scratch folder: dispatch, faults, and the whole smallest run against a local one
test-slurm: env slurm
	$(ACTIVATE) && pytest -m cluster tests/cluster

# with lm-eval, which only `capability` needs
test-capability: env capability
	$(ACTIVATE) && $(PYTEST) tests/workflow/test_local_data.py tests/unit/capability

capability: env
	$(PIP) lm_eval==0.4.13

slurm:
	@command -v slurmctld >/dev/null || test -x /usr/sbin/slurmctld \
		|| { [ "$$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq install --no-install-recommends -y slurm-wlm munge; } \
		|| { echo "install Slurm first: sudo apt-get install --no-install-recommends slurm-wlm munge"; false; }

lint: env
	$(ACTIVATE) && ruff check . && ruff format --check . && snakefmt --check Snakefile rules \
		&& mypy && PYTHONPATH=workflow_scripts lint-imports --no-logo --no-cache && snakemake --lint

# ratios against baselines of the same run, in results/bench; MANIFEST=checkpoint.json measures that model too
bench: env
	$(ACTIVATE) && PYTHONPATH=workflow_scripts python -m benchmarks $(if $(MANIFEST),--manifest "$(MANIFEST)")

bench-compare: bench
	$(ACTIVATE) && python -m benchmarks.compare results/bench/figures.json benchmarks/baselines/xeon-2-cores.json

rounds: env
	$(ACTIVATE) && snakemake --configfile config/rounds.yaml

seeds: env
	$(ACTIVATE) && snakemake --configfile config/seeds.yaml

# the public files and weights that experiments on real prompts read; FROM=FOLDER looks there before the network
data: env
	$(ACTIVATE) && python workflow_scripts/fetch_data.py $(if $(FROM),--from "$(FROM)")

# a real language model: an evening on two cores; -full is for a GPU or a night
smollm2: env data capability
	$(ACTIVATE) && snakemake --configfile config/smollm2.yaml

smollm2-full: env data capability
	$(ACTIVATE) && snakemake --configfile config/smollm2.yaml config/smollm2-full.yaml

local-data: env
	$(ACTIVATE) && snakemake --configfile config/local-data.yaml

clean:
	rm -rf .snakemake results/demo results/smallest
