# Everything on a fresh machine: Python 3.11+ with venv, make and git. `make demo`, `make test`.
PYTHON ?= python3
VENV   ?= .venv
OUT    ?= demo-out
BIN    := $(VENV)/bin

.PHONY: demo test lint types check docs clean

demo: $(VENV)/.installed
	$(BIN)/auditor demo --out $(OUT)

test: $(VENV)/.tested
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.tested
	$(BIN)/mypy

check: lint types test

# Reference text that is made from the code: rule index, README help and the picture of the first page.
docs: $(VENV)/.tested
	$(BIN)/python docs/build.py

# WeasyPrint draws text with Pango; on Debian and Ubuntu it is installed here where we are root.
# harfbuzz-subset only makes the PDF quicker to write.
PANGO   := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
FINDS    = $(PYTHON) -c "import ctypes.util, sys; sys.exit(not all(map(ctypes.util.find_library, sys.argv[1:])))"
$(VENV)/.pango:
	@$(FINDS) pango-1.0 pangoft2-1.0 harfbuzz-subset \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q \
	     && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(PANGO); } \
	|| $(FINDS) pango-1.0 pangoft2-1.0 \
	|| { echo "WeasyPrint needs Pango. Install it once: sudo apt-get install $(PANGO)   (macOS: brew install pango)"; exit 1; }
	@mkdir -p $(VENV) && touch $@

$(VENV)/bin/python: $(VENV)/.pango
	$(PYTHON) -m venv $(VENV)
	@touch $(VENV)/.pango $@

$(VENV)/.installed: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.tested: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) $(OUT) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
