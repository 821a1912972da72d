# make run           set up .venv and make the dataset of config.yaml with all cores (ARGS="..." goes to snakemake;
#                    ARGS=--verbose shows all of its lines, which stand in .snakemake/log/ anyhow)
# make doctor        is this machine ready, for a run of ARGS="--records 10000" say; before anything is installed, too
# make test          set up .venv and run all tests but those of a cluster, a browser and other people's packages
#                    (ARGS="..." goes to pytest)
# make verify        check results/dataset (FOLDER=... another one) against its manifest, its weights and its seed
# make info          what results/dataset holds (FOLDER=... another one), on one screen
# make report        write results/report.html again, of the dataset that stands (after make baseline, with its ladder)
# make score         judge COMPLETIONS=file.jsonl against results/dataset (FOLDER=... another one)
# make baseline      how far programs get that are no interpreters, on FOLDER=results/dataset (ARGS=--full)
# make wheel         the package for others in dist/, one file for Linux and macOS, x86-64 and ARM, its kernels compiled
# make lint          style of Python and Snakemake files, types, and which room of the library may use which
# make docs          write what docs/ says of the configuration, the commands and this file from these themselves
# make site          docs/ as a site in build/site, built strictly, with an environment of its own in build/
# make bench         speed, as ratios to what is measured in the same run
# make torture       break runs and files in all ways known, thousands of times, and count what is survived: 50 minutes
#                    (ARGS="--only kill-group"; --few for minutes)
# make test-browser  look at the report in Chromium, light and dark, wide and on a telephone
# make test-integrations  train with TRL, judge in Inspect, lm-eval and verifiers, in an environment of their own (2.2 GB)
# make test-slurm    start a SLURM of one node on this machine (root, Debian), run the pipeline and faults on it, stop it
# make resume-slurm  go on after the controller of a SLURM run was killed
# make help          these lines; make alone is make run

VENV := .venv
PYTHON ?= python3
ARGS ?=
FOLDER ?= results/dataset
COMPLETIONS ?=
READY := $(VENV)/.ready
SITE_VENV := build/site-venv
SITE_READY := $(SITE_VENV)/.ready
BROWSER := .venv-browser
INTEGRATIONS := .venv-integrations
# Tools are run by their Python, not by their own first lines: these run what a folder's name says, one with $() in it.
IN := $(VENV)/bin/python

# Names of files go to the shell by the environment, as they were written, and never as a part of a command.
override PYTHON := $(value PYTHON)
override FOLDER := $(value FOLDER)
override COMPLETIONS := $(value COMPLETIONS)
export PYTHON FOLDER COMPLETIONS

# The ladder of the dataset that stands is kept, for its report.
LADDER := $(if $(filter results/dataset,$(FOLDER)),--json results/ladder.json)

run: $(READY)
	$(IN) scripts/main_process --cores all $(ARGS)

test: $(READY)
	$(IN) -m pytest -n 2 --max-worker-restart 0 --dist loadfile -m "not slurm and not browser and not integrations" $(ARGS)  # restarted, xdist waits for ever

torture: $(READY)
	PYTHONPATH=scripts $(IN) -m tests.torture $(ARGS)

test-browser: $(READY) $(BROWSER)/.ready
	rm -rf $(BROWSER)/pages
	PYTHONPATH=scripts $(IN) -m tests.report.pages $(BROWSER)/pages
	PAGES=$(BROWSER)/pages $(BROWSER)/bin/python -m pytest --noconftest -m browser tests/report/test_browser.py $(ARGS)

# The kernels are compiled by the environment that has their compiler.
test-integrations: $(READY) $(INTEGRATIONS)/.ready
	PYTHONPATH=scripts $(IN) -c "from subject_zoo.doctor.kernels import bits; bits()"
	HF_HUB_OFFLINE=1 HF_HOME="$(CURDIR)/$(INTEGRATIONS)/huggingface" \
		$(INTEGRATIONS)/bin/python -m pytest -m integrations tests/integrations $(ARGS)

test-slurm: $(READY)
	@trap tests/slurm/stop.sh EXIT; tests/slurm/start.sh \
		&& timeout --signal=INT --kill-after=20 600 $(IN) -m pytest -m slurm tests/workflow/test_slurm.py $(ARGS)

resume-slurm: $(READY)
	SNAKEMAKE_PYTHON=$(IN) profiles/slurm/resume.sh $(ARGS)

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(IN) $(VENV)/bin/snakefmt --check Snakefile rules
	$(IN) -m snakemake --lint
	$(IN) -m mypy
	PYTHONPATH=scripts $(IN) $(VENV)/bin/lint-imports
	$(IN) $(VENV)/bin/deptry .

docs: $(READY)
	PYTHONPATH=scripts $(IN) docs/generate.py

site: $(SITE_READY)
	NO_MKDOCS_2_WARNING=1 $(SITE_VENV)/bin/python -m mkdocs build --strict

bench: $(READY)
	PYTHONPATH=scripts:benchmarks $(IN) -m bench $(ARGS)

doctor:
	PYTHONPATH=scripts $(if $(wildcard $(IN)),$(IN),"$$PYTHON") -m subject_zoo doctor $(ARGS)

info: $(READY)
	PYTHONPATH=scripts $(IN) -m subject_zoo info $(ARGS) -- "$$FOLDER"

verify: $(READY)
	PYTHONPATH=scripts $(IN) -m subject_zoo verify $(ARGS) -- "$$FOLDER"

score: $(READY)
	PYTHONPATH=scripts $(IN) -m subject_zoo score $(ARGS) -- "$$FOLDER" "$$COMPLETIONS"

baseline: $(READY)
	PYTHONPATH=scripts $(IN) -m subject_zoo baseline $(LADDER) $(ARGS) -- "$$FOLDER"

report: $(READY)
	$(IN) scripts/main_process --cores 1 --allowed-rules write_report --forcerun write_report $(ARGS) -- results/report.html

wheel: $(READY)
	$(VENV)/bin/pip wheel --no-index --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist .

$(SITE_READY): requirements-site.txt
	"$$PYTHON" -m venv $(SITE_VENV)
	$(SITE_VENV)/bin/python -m pip install --quiet --requirement requirements-site.txt
	touch $@

help:
	@sed -n '/^#/!q; s/^# //p' Makefile

$(READY): requirements.txt
	@command -v "$$PYTHON" > /dev/null || { \
	printf 'make: no %s here; name one, 3.11 or later: make PYTHON=...\n' "$$PYTHON"; exit 1; }
	@"$$PYTHON" -c 'import os, sys; sys.version_info >= (3, 11) or sys.exit("make: Python 3.11 or later is needed, and " \
	+ os.environ["PYTHON"] + " is " + sys.version.split()[0] + "; name another: make PYTHON=...")'
	@"$$PYTHON" -c 'import venv, ensurepip' 2> /dev/null || { printf 'make: %s has no venv module; install it %s\n' \
	"$$PYTHON" '(on Debian: apt-get install python3-venv), or name another: make PYTHON=...'; exit 1; }
	"$$PYTHON" -m venv $(VENV)
	$(IN) -m pip install --quiet --requirement requirements.txt
	touch $@

$(BROWSER)/.ready: requirements-browser.txt | $(READY)
	"$$PYTHON" -m venv $(BROWSER)
	$(BROWSER)/bin/python -m pip install --quiet --requirement requirements-browser.txt
	touch $@

$(INTEGRATIONS)/.ready: requirements-integrations.txt | $(READY)
	"$$PYTHON" -m venv $(INTEGRATIONS)
	$(INTEGRATIONS)/bin/python -m pip install --quiet --requirement requirements-integrations.txt
	touch $@

.PHONY: run test torture test-browser test-integrations test-slurm resume-slurm lint bench score baseline report doctor info verify wheel docs site help
