# Front end to Meson: one command for each thing that people and CI do here.
# "make help" lists them. Everything is built below $(BUILD).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

BUILD   ?= build
DESTDIR ?=
prefix  ?= /usr/local

# For the benchmarks, the demo and the fuzzers; see "make help".
ROUNDS   ?= 5
SEEDS    ?= 100000
EVERY    ?= 1
SCENARIO ?= steady
GUESTS   ?= 100
KEEP     ?=
OUT      ?=
SOCKET   ?=
FILES    ?=
# bash has a variable of this name with a meaning of its own.
unexport SECONDS

PACKAGES := meson ninja-build pkg-config gcc libc6-dev libglib2.0-dev libvirt-dev \
            libmicrohttpd-dev libgnutls28-dev libcurl4-openssl-dev libjansson-dev libfyaml-dev libsqlite3-dev \
            libhwloc-dev libncurses-dev scdoc clang-format clang bpftool libbpf-dev jq curl tmux bsdextrautils
WEB_PACKAGES  := chromium fonts-dejavu-core openssl
FUZZ_PACKAGES := clang libclang-rt-dev
PROGRAMS := ballastd ballast ballast-sim
SOURCES   = $(shell find src programs tests bench -name '*.[ch]' 2>/dev/null | sort)

.PHONY: all help deps deps-lab deps-truelab deps-web build check check-web check-lab check-truelab web web-screenshots check-asan check-tsan check-digest coverage mutate \
        planted-bugs soak fuzz demo demo-end bench-audit bench-blame bench-history bench-isolation bench-ksm bench-memory bench-overhead bench-placement bench-viewers bench-web install format clean

all: deps build

help:
	@echo 'make                   install what is missing from Debian and build into $(BUILD)/'
	@echo 'make check             ... and run every test that needs no hypervisor'
	@echo 'make check-web         ... and the dashboard in a browser (Node.js and Chromium; about two minutes)'
	@echo 'make check-lab         ... and the tests on real guests (root; a few minutes)'
	@echo 'make check-truelab     ... and the tests on a whole emulated host (root; a quarter of an hour)'
	@echo 'make check-asan        the tests of "make check" under address and undefined sanitizers'
	@echo 'make check-tsan        the same under the thread sanitizer'
	@echo 'make check-digest       the same decisions from gcc and clang, without and with optimization?'
	@echo 'make coverage          lines and branches of src/core that the tests run'
	@echo 'make mutate [EVERY=1]  changes one operator of the core at a time: does a test notice?'
	@echo 'make planted-bugs       deliberate bugs: does the simulator find them?'
	@echo 'make soak [SEEDS=100000] many simulated runs with faults (about ten minutes)'
	@echo 'make fuzz SECONDS=600  run every fuzz target for so long'
	@echo 'make demo [KEEP=1]     see it work on real guests (root; about two minutes)'
	@echo 'make demo-end          end a demo that was kept'
	@echo 'make bench-isolation [ROUNDS=5] [SECONDS=20] [SCENARIO=steady|burst|two|sibling] [OUT=FILE]'
	@echo 'make bench-blame [GUESTS=100] [SECONDS=6] [OUT=FILE]'
	@echo 'make bench-history [GUESTS=60] [DAYS=30]'
	@echo 'make bench-memory [ROUNDS=5] [OUT=FILE]'
	@echo 'make bench-audit         how long one definition takes'
	@echo 'make bench-ksm [ROUNDS=5] [SECONDS=180] [OUT=FILE]'
	@echo 'make bench-overhead [GUESTS=100] [SECONDS=60] [OUT=FILE]'
	@echo 'make bench-placement [HOSTS=1000] [OUT=FILE]'
	@echo 'make bench-web [ROUNDS=5] how fast the dashboard is in a browser'
	@echo 'make bench-viewers       what looking costs: CPU time, how long requests take, a scrape'
	@echo 'make install [prefix=/usr/local] [DESTDIR=]'
	@echo 'make web               build the dashboard anew, after a change in web/src'
	@echo 'make web-screenshots [SOCKET=PATH] take the pictures in docs/images anew, of a running daemon'
	@echo 'make format            format the C sources'
	@echo 'make clean'

deps:
	@scripts/deps $(PACKAGES)

deps-lab: deps
	@scripts/deps $$(lab/ballast-lab packages)

deps-truelab: deps
	@scripts/deps $$(lab/truelab packages)

# Whoever only builds Ballast needs none of this: what web/ makes is kept in web/dist.
deps-web:
	@command -v npm >/dev/null || scripts/deps nodejs npm
	@scripts/deps $(WEB_PACKAGES)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix=$(prefix) --sysconfdir=/etc --localstatedir=/var

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD)
	@for program in $(PROGRAMS); do \
		[ ! -e $(BUILD)/programs/$$program ] || ln -sfn programs/$$program $(BUILD)/$$program; \
	done

check: all
	@scripts/check $(BUILD)

check-web: all deps-web
	@scripts/check-web $(BUILD)

web: deps-web
	@cd web && npm ci --no-audit --no-fund --ignore-scripts && npm run build

web-screenshots: all deps-web
	@scripts/deps pngquant
	@cd web && npm ci --no-audit --no-fund --ignore-scripts && BUILD=$(abspath $(BUILD)) node tests/screenshots.mjs '$(SOCKET)' 

check-lab: all deps-lab
	@BUILD=$(BUILD) tests/lab/run

check-truelab: all deps-truelab
	@BUILD=$(BUILD) KEEP='$(KEEP)' tests/truelab/run $(FILES)

check-asan: deps
	@scripts/check-sanitized $(BUILD)-asan address,undefined

check-tsan: deps
	@scripts/check-sanitized $(BUILD)-tsan thread

soak: deps build
	$(BUILD)/ballast-sim soak --seeds $(SEEDS)
	$(BUILD)/ballast-sim soak --liveness --seeds $$(($(SEEDS) / 10))

check-digest: deps
	@scripts/deps clang
	@scripts/check-digest $(BUILD)-digest

coverage: deps
	@scripts/deps gcovr
	@scripts/coverage $(BUILD)-coverage

mutate: deps
	@scripts/deps python3
	@nice scripts/mutate $(BUILD)-mutate --every '$(EVERY)'

planted-bugs: deps
	@scripts/planted-bugs $(BUILD)-planted

fuzz: deps
	@scripts/deps $(FUZZ_PACKAGES)
	@scripts/fuzz $(BUILD)-fuzz $(or $(SECONDS),600)

demo: all deps-lab
	@BUILD=$(BUILD) KEEP='$(KEEP)' bench/demo

demo-end:
	@BUILD=$(BUILD) bench/demo end

bench-isolation: all deps-lab
	@BUILD=$(BUILD) bench/isolation --rounds '$(ROUNDS)' --seconds '$(or $(SECONDS),20)' \
		--scenario '$(SCENARIO)' --out '$(or $(OUT),$(BUILD)/bench-isolation.json)'

bench-audit: all
	@BUILD=$(BUILD) bench/audit

bench-placement: all
	@scripts/deps coinor-cbc
	@BUILD=$(BUILD) bench/placement --hosts '$(or $(HOSTS),1000)' --out '$(or $(OUT),/dev/stdout)'

bench-history: all
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
		$(BUILD)/bench/history-rings '$(if $(filter command line,$(origin GUESTS)),$(GUESTS),60)' '$(or $(DAYS),30)' "$$folder"

bench-blame: all deps-lab
	@BUILD=$(BUILD) bench/blame --guests '$(GUESTS)' --seconds '$(or $(SECONDS),6)' \
		--out '$(or $(OUT),$(BUILD)/bench-blame.json)'

bench-memory: all deps-lab
	@BUILD=$(BUILD) bench/memory --rounds '$(ROUNDS)' --out '$(or $(OUT),$(BUILD)/bench-memory.json)'

bench-ksm: all deps-lab
	@BUILD=$(BUILD) bench/ksm --rounds '$(ROUNDS)' --seconds '$(or $(SECONDS),180)' \
		--out '$(or $(OUT),$(BUILD)/bench-ksm.json)'

bench-overhead: all deps-lab
	@BUILD=$(BUILD) bench/overhead --guests '$(GUESTS)' --seconds '$(or $(SECONDS),60)' \
		--out '$(or $(OUT),$(BUILD)/bench-overhead.json)'

bench-web: all deps-web
	@BUILD=$(BUILD) bench/web --rounds '$(ROUNDS)'

bench-viewers: all
	@BUILD=$(BUILD) bench/viewers --rounds '$(ROUNDS)' --seconds '$(or $(SECONDS),10)' --out '$(or $(OUT),/dev/stdout)'

install: all
	@meson configure $(BUILD) -Dprefix=$(prefix)
	@DESTDIR='$(DESTDIR)' meson install -C $(BUILD)

format:
	clang-format -i $(SOURCES)

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz $(BUILD)-coverage \
		$(BUILD)-mutate $(BUILD)-planted
