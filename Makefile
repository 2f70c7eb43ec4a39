# make torture and make test are all the set-up there is: each installs what it needs.
SHELL := /bin/sh
TORTURE_TIME ?= 120
BUILD := .build/release
TORTURE := $(BUILD)/torture
# Every dependency, by its name in Debian 12. Swift's own toolchain is the only thing expected.
PACKAGES := libfuse3-dev fuse3 libisal-dev pkg-config
TEST_PACKAGES := python3-minimal strace util-linux sqlite3 git fio stress-ng rocksdb-tools

.PHONY: help torture test deps test-deps build replay shrink bench lint format clean

help: ## this text
	@echo 'usage: make TARGET'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-12s%s\n", $$1, $$2}'
	@echo
	@echo 'TORTURE_TIME=SECONDS make torture   how long (default 120)'
	@echo 'make replay RUN=Reports/latest/failures/NAME   (make shrink alike)'

torture: build ## prove every planted bug caught, replay the regressions, then crash the reference
	@$(TORTURE) run --prove --target sim,fuse --time $(TORTURE_TIME) --report Reports/latest

test: test-deps ## the tests (debug build)
	@swift build --build-tests
	@swift test --skip-build

replay: build ## reproduce a failure: make replay RUN=DIRECTORY
	@test -n '$(RUN)' || { echo 'make replay: give RUN=DIRECTORY of a failure' >&2; exit 2; }
	@$(TORTURE) replay '$(RUN)'

shrink: build ## take away what a failure does not need: make shrink RUN=DIRECTORY
	@test -n '$(RUN)' || { echo 'make shrink: give RUN=DIRECTORY of a failure' >&2; exit 2; }
	@$(TORTURE) shrink '$(RUN)'

bench: build ## measure, print a table, write Reports/bench.json
	@$(TORTURE) bench --report Reports

lint: ## formatting and style, strictly
	@swift format lint --strict --recursive Package.swift Sources Tests

format: ## put every source into form
	@swift format --in-place --recursive Package.swift Sources Tests

build: deps
	@swift build --configuration release --product torture

deps: ## install what building and running needs
	@.ci/install $(PACKAGES)

test-deps: deps
	@.ci/install $(TEST_PACKAGES)

clean: ## remove what was built
	@rm -rf .build
