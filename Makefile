# Every target sets up what it needs: a fresh machine with Python 3.11 is enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Bytecode is made where a module is first imported: most of what is installed never is.
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile
# A lock file is whole: nothing is to be resolved.
LOCKED := $(PIP) --no-deps --require-hashes -r
# Bytecode is written whatever the environment says: workers and hundreds of programs that tests
# start import the same files.
export PYTHONDONTWRITEBYTECODE =
RUN    ?= demo
# For two processors: with four, a fifth of their time was left over, since tests wait.
JOBS   ?= 6
SEEDS  ?= 20
CASES  ?= 10000
CUTS   ?= 10000
UPDATE_CUTS ?= 1000
YEARS  ?= 10
MINUTES ?= 10
PEERS  := build/peers
EMULATE := build/emulate
UF2    ?= $(FILMGAUGE_UF2)

.DEFAULT_GOAL := help
.PHONY: help setup run flash test programs check bench soak soak-cuts soak-payloads soak-kills \
  soak-faults soak-memory soak-years soak-fuzz soak-scores soak-lab emulate homeassistant lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(VENV)/.ready  ## create the virtual environment with the locked packages

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) tools/make_venv.py $(VENV)
	@$(LOCKED) requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-test: requirements-test.lock $(VENV)/.ready
	@$(LOCKED) requirements-test.lock
	@touch $@

$(VENV)/.ready-check: requirements-check.lock $(VENV)/.ready-test
	@$(LOCKED) requirements-check.lock
	@touch $@

run: setup  ## watch three virtual nodes gauge simulated cells (RUN=scenario)
	@$(BIN)/filmgauge run $(RUN)

flash: setup  ## flash a board (PORT=/dev/ttyACM0 BOARD=esp32-c3 ARGS="--config ... --profile ...")
	@$(BIN)/filmgauge flash $(if $(PORT),--port $(PORT)) $(if $(BOARD),--board $(BOARD)) $(ARGS)

test: $(VENV)/.ready-test typings/.ready  ## run every test, on CPython and on MicroPython
	@# The tests are compiled meanwhile: once, and not by each worker for itself.
	@$(COMPILE) $(addprefix tests/,host tools architecture) >/dev/null 2>&1 & \
	  $(COMPILE) $(addprefix tests/,sim system fuzz bench) >/dev/null 2>&1 & \
	  $(MAKE) --no-print-directory programs; ready=$$?; wait; exit $$ready
	@$(BIN)/pytest -n $(JOBS) --dist worksteal tests

COMPILE = $(BIN)/pytest --collect-only -qq -p no:cacheprovider

programs: | setup  ## what tests start: programs of Debian, a 32-bit MicroPython, Home Assistant
	@$(PYTHON) tools/debian_package.py mosquitto postgresql=postgres chromium \
	  chromium-driver=chromedriver systemd=systemd-analyze
	@$(PYTHON) tools/micropython32.py >/dev/null
	@$(PYTHON) tools/home_assistant.py build/homeassistant

check: $(VENV)/.ready-check typings/.ready  ## ruff, pyright on host and simulator, pyright on the firmware
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --project firmware/pyrightconfig.json & firmware=$$!; \
	  $(BIN)/pyright; others=$$?; wait $$firmware && exit $$others

typings/.ready: requirements-stubs.lock | setup
	@$(LOCKED) requirements-stubs.lock --target typings --upgrade
	@touch $@

bench: setup $(PEERS)/.ready  ## measure the figures, into docs/figures.md
	@$(BIN)/python -m bench

soak: setup  ## power cuts (CUTS=10000), a heap that is too small, ten years, faults of sensors (CASES=10000) into docs/reliability.md; bad payloads, kills of the ingest (MINUTES=10); every cycle of the laboratory's films; the scores (SEEDS=20) into docs/accuracy
	@$(MAKE) --no-print-directory --keep-going soak-cuts soak-memory soak-payloads soak-fuzz soak-kills soak-scores soak-faults \
	  soak-years soak-lab

CAMPAIGN = mkdir -p build; run() { PYTHONPATH=.:tests $(BIN)/python "$$@"; }; status=0

soak-cuts: $(VENV)/.ready-test
	@FILMGAUGE_SOAK=1 $(BIN)/pytest -q tests/system/test_flash_cut.py tests/system/test_cell_change.py
	@$(CAMPAIGN); run tests/cut_campaign.py --cuts $(CUTS) > build/cuts.jsonl || status=1; \
	  $(BIN)/python tools/reliability_page.py build/cuts.jsonl; \
	  run tests/cut_campaign.py --updates --cuts $(UPDATE_CUTS) > build/updates.jsonl || status=1; \
	  $(BIN)/python tools/reliability_page.py build/updates.jsonl; exit $$status

# Also RTC memory, a million cases. STEP=5: one statement in five.
WAKES = ordinary/esp32-c3 reporting/esp32-c3 commanded/esp32-c3 ordinary/pico-w reporting/pico-w \
  commanded/pico-w ordinary/stm32wb55 reporting/stm32wb55
soak-memory: $(VENV)/.ready-test
	@FILMGAUGE_SOAK=1 $(BIN)/pytest -q tests/system/test_retained_memory.py
	@$(CAMPAIGN); rm -f build/allocations.jsonl; for wake in $(WAKES); do \
	  run tests/allocation_faults.py --wake $${wake%/*} --board $${wake#*/} $(if $(STEP),--step $(STEP)) \
	  >> build/allocations.jsonl || status=1; done; \
	  $(BIN)/python tools/reliability_page.py build/allocations.jsonl; exit $$status

soak-years: setup
	@$(CAMPAIGN); run tests/years_campaign.py --years $(YEARS) > build/years.jsonl || status=1; \
	  $(BIN)/python tools/reliability_page.py build/years.jsonl; exit $$status

soak-payloads: $(VENV)/.ready-test
	@FILMGAUGE_SOAK=1 $(BIN)/pytest -q -s tests/host/telemetry/test_bad_payloads.py

soak-fuzz: $(VENV)/.ready-test
	@mkdir -p build
	@PYTHONPATH=firmware:sim:host:tests:tests/firmware:tests/fuzz $(BIN)/python tests/fuzz/campaign.py \
	  --cases 1000000 --output build/fuzz.jsonl; status=$$?; \
	  $(BIN)/python tools/reliability_page.py build/fuzz.jsonl; exit $$status

soak-kills: $(VENV)/.ready-test
	@FILMGAUGE_SOAK_MINUTES=$(MINUTES) $(BIN)/pytest -q -s tests/host/telemetry/test_kills.py

soak-faults: setup
	@mkdir -p build
	@PYTHONPATH=.:tests $(BIN)/python tests/fault_campaign.py --cases $(CASES) > build/campaign.jsonl; \
	  status=$$?; $(BIN)/python tools/reliability_page.py build/campaign.jsonl; exit $$status

soak-lab: $(VENV)/.ready-test
	@FILMGAUGE_SOAK=1 $(BIN)/pytest -q tests/sim/lab/test_paper.py tests/sim/lab/test_fit.py

soak-scores: setup
	@$(BIN)/filmgauge score --seeds $(SEEDS) --json --plot docs/accuracy > docs/accuracy.json.part; \
	  status=$$?; if [ -s docs/accuracy.json.part ]; then mv docs/accuracy.json.part docs/accuracy.json; \
	  else rm -f docs/accuracy.json.part; fi; \
	  $(BIN)/filmgauge score --all --json > docs/accuracy-whole.json.part || status=$$?; \
	  $(BIN)/python tools/accuracy_page.py docs/accuracy-whole.json.part; \
	  rm -f docs/accuracy-whole.json.part; exit $$status

homeassistant: $(VENV)/.ready-test  ## the same tests with a newer Home Assistant (PYTHON=python3.12)
	@$(PYTHON) tools/debian_package.py mosquitto
	@$(PYTHON) tools/home_assistant.py build/homeassistant-newer
	@FILMGAUGE_HOME_ASSISTANT=build/homeassistant-newer $(BIN)/pytest -q tests/host/telemetry/homeassistant

# What the simulator is measured against; nothing of it enters the project's own environment.
$(PEERS)/.ready: bench/peers.txt
	@$(PYTHON) tools/make_venv.py $(PEERS)
	@$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r bench/peers.txt
	@touch $@

emulate: $(EMULATE)/.ready  ## run the firmware in an emulated Pico W (UF2=MicroPython's RPI_PICO_W file)
	@$(EMULATE)/bin/python $(if $(UF2),tools/emulate.py $(UF2),tests/sim/emulated/check_emulator.py)

# The emulator stays out of the project's own environment and its lock files.
$(EMULATE)/.ready: requirements-base.lock pyproject.toml
	@$(PYTHON) tools/make_venv.py $(EMULATE)
	@$(EMULATE)/bin/pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements-base.lock
	@$(EMULATE)/bin/pip install --quiet --disable-pip-version-check --editable ".[emulate]"
	@touch $@

LOCK = uv pip compile --quiet --generate-hashes --python-version 3.11 --upgrade \
  --custom-compile-command "make lock"

lock:  ## renew the lock files after a change of pyproject.toml (needs uv)
	@$(LOCK) pyproject.toml --extra sim --extra lab --group build -o requirements.lock
	@$(LOCK) pyproject.toml -c requirements.lock -o requirements-base.lock
	@$(LOCK) --group test -c requirements.lock -o requirements-test.lock
	@$(LOCK) --group check -c requirements.lock -c requirements-test.lock \
	  -o requirements-check.lock
	@$(LOCK) requirements-stubs.in -o requirements-stubs.lock

clean:  ## remove everything that the targets made
	@rm -rf $(VENV) build dist typings runs .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
