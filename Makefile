# make run    set up .venv and make the dataset of config.yaml with all cores (ARGS="..." goes to snakemake)
# make test   set up .venv and run all tests but those of the cluster (ARGS="..." goes to pytest)
# make torture  break runs and files in all ways known, thousands of times, and count what is survived: an hour or two
#             (ARGS="--only kill-group"; --few for minutes)
# make test-slurm  start a SLURM of one node on this machine (root, Debian), run the pipeline and faults on it, stop it
# make resume-slurm  go on after the controller of a SLURM run was killed
# make lint   style of Python and Snakemake files, types, and which room of the library may use which
# make bench  speed, as ratios to what is measured in the same run
# make score  judge COMPLETIONS=file.jsonl against results/dataset (FOLDER=... another one)
# make baseline  how far programs get that are no interpreters, on FOLDER=results/dataset (ARGS=--full)
# make wheel  the package for others in dist/, one file for Linux and macOS, x86-64 and ARM, its kernels compiled
# make verify check results/dataset (FOLDER=... another one) against its manifest, its weights and its seed

VENV := .venv
PYTHON ?= python3
ARGS ?=
FOLDER ?= results/dataset
READY := $(VENV)/.ready

run: $(READY)
	$(VENV)/bin/snakemake --cores all $(ARGS)

test: $(READY)
	$(VENV)/bin/pytest -n 2 --dist loadfile -m "not slurm" $(ARGS)

torture: $(READY)
	PYTHONPATH=scripts $(VENV)/bin/python -m tests.torture $(ARGS)

test-slurm: $(READY)
	@trap tests/slurm/stop.sh EXIT; tests/slurm/start.sh \
		&& timeout --signal=INT --kill-after=20 600 $(VENV)/bin/pytest -m slurm tests/workflow/test_slurm.py $(ARGS)

resume-slurm: $(READY)
	SNAKEMAKE=$(VENV)/bin/snakemake profiles/slurm/resume.sh $(ARGS)

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile rules
	$(VENV)/bin/snakemake --lint
	$(VENV)/bin/mypy
	PYTHONPATH=scripts $(VENV)/bin/lint-imports
	$(VENV)/bin/deptry .

bench: $(READY)
	$(VENV)/bin/python benchmarks/bench.py $(ARGS)

verify: $(READY)
	PYTHONPATH=scripts $(VENV)/bin/python -m subject_zoo verify "$(FOLDER)" $(ARGS)

score: $(READY)
	PYTHONPATH=scripts $(VENV)/bin/python -m subject_zoo score "$(FOLDER)" "$(COMPLETIONS)" $(ARGS)

baseline: $(READY)
	PYTHONPATH=scripts $(VENV)/bin/python -m subject_zoo baseline "$(FOLDER)" $(ARGS)

wheel: $(READY)
	$(VENV)/bin/pip wheel --no-index --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist .

$(READY): requirements.txt
	@command -v $(PYTHON) > /dev/null || { echo "make: no $(PYTHON) here; name one, 3.11 or later: make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("make: Python 3.11 or later is needed, and \
	$(PYTHON) is " + sys.version.split()[0] + "; name another: make PYTHON=...")'
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || { echo "make: $(PYTHON) has no venv module; install it \
	(on Debian: apt-get install python3-venv), or name another: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements.txt
	touch $@

.PHONY: run test torture test-slurm resume-slurm lint bench score baseline verify wheel
