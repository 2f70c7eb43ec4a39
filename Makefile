# make torture and make test are all the set-up there is: each installs what it needs.
SHELL := /bin/sh
TORTURE_TIME ?= 120
# Which of the ways of torture run --explore: guided aims at what was never hit.
TORTURE_EXPLORE ?= guided
FUZZ_TIME ?= 600
FINDINGS_TIME ?= 1800
KITS_TIME ?= 30
SOAK_TIME ?= 900
BUILD := .build/release
TORTURE := $(BUILD)/torture
# Every dependency, by its name in Debian 12. Swift's own toolchain is the only thing expected.
PACKAGES := libfuse3-dev fuse3 libisal-dev libzstd-dev libjemalloc-dev pkg-config
TEST_PACKAGES := python3-minimal strace util-linux sqlite3 git fio stress-ng rocksdb-tools chromium-headless-shell
# The real databases that findings are made of; nothing else needs them.
DATABASE_PACKAGES := libsqlite3-dev liblmdb-dev libleveldb-dev librocksdb-dev
# What the store is measured beside; nothing else needs it.
BENCH_PACKAGES := librocksdb-dev libsqlite3-0 python3-venv

.PHONY: databases findings kits soak help torture test deps test-deps build replay shrink bench bench-deps sanitize
.PHONY: fuzz lint format coverage
.PHONY: clean

# The clock of foreign programs, loaded into them. Not a product of the package: that would bring
# Swift's runtime along, whose crash handler outlives an abort of the program it is loaded into.
clock = $$(command -v cc || command -v clang) -std=c11 -O2 -Wall -Werror -shared -fPIC \
  -ISources/CTortureClock/include -o $(1)/libtorture-clock.so Sources/CTortureClock/clock.c -ldl

help: ## this text
	@echo 'usage: make TARGET'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-12s%s\n", $$1, $$2}'
	@echo
	@echo 'TORTURE_TIME=SECONDS make torture   how long (default 120)'
	@echo 'TORTURE_EXPLORE=random make torture a fresh seed each time (default guided: at what was not hit)'
	@echo 'make replay RUN=Reports/latest/failures/NAME   (make shrink alike)'

torture: build ## prove every planted bug caught, replay the regressions, then crash the reference
	@$(TORTURE) run --prove --target sim,fuse --time $(TORTURE_TIME) --explore $(TORTURE_EXPLORE) \
	  --report Reports/latest

test: test-deps build ## the tests (debug build; end to end, the optimised program)
	@TORTURE_DATABASES=1 swift build --configuration release --product torture-databases
	@TORTURE_DATABASES=1 swift build --build-tests
	@$(call clock,.build/debug)
	@TORTURE_DATABASES=1 TORTURE_PROGRAM='$(CURDIR)/$(TORTURE)' swift test --skip-build

replay: build ## reproduce a failure: make replay RUN=DIRECTORY
	@test -n '$(RUN)' || { echo 'make replay: give RUN=DIRECTORY of a failure' >&2; exit 2; }
	@$(TORTURE) replay '$(RUN)'

shrink: build ## take away what a failure does not need: make shrink RUN=DIRECTORY
	@test -n '$(RUN)' || { echo 'make shrink: give RUN=DIRECTORY of a failure' >&2; exit 2; }
	@$(TORTURE) shrink '$(RUN)'

bench: build bench-deps ## measure, print a table, write Reports/bench.json and bench.html
	@$(TORTURE) bench --report Reports

soak: build ## crash the reference for long, write Reports/soak (SOAK_TIME seconds on each target)
	@for target in sim fuse; do \
	  $(TORTURE) run --target $$target --time $(SOAK_TIME) --report Reports/soak/$$target; status=$$?; \
	  cp Reports/soak/$$target/summary.md Reports/soak/$$target.md; \
	  [ $$status = 0 ] || exit $$status; done

lint: ## formatting and style, strictly
	@swift format lint --strict --recursive Package.swift Sources Tests

format: ## put every source into form
	@swift format --in-place --recursive Package.swift Sources Tests

build: deps
	@swift build --configuration release --product torture
	@$(call clock,$(BUILD))

databases: build ## install and build the real databases as subjects (torture list subjects)
	@.ci/install $(DATABASE_PACKAGES)
	@TORTURE_DATABASES=1 swift build --configuration release --product torture-databases

findings: databases ## run every subject and setting, write Reports/findings.md (FINDINGS_TIME seconds)
	@$(TORTURE) findings --time $(FINDINGS_TIME) --report Reports

kits: build ## build the kits' examples by themselves, check and crash each (KITS_TIME seconds)
	@cc -O2 -Wall -Wextra -Werror -o .build/kit-example-c Sources/Kits/C/example_store.c \
	  -lm -lpthread
	@swift build --package-path Sources/Kits/Swift --scratch-path .build/kits
	@python='python3 Sources/Kits/Python/example_store.py'; \
	for command in "$$python" "$$python --threads 4" .build/kit-example-c '.build/kit-example-c 4' \
	  .build/kits/debug/example-subject; do \
	  echo "$$command"; \
	  $(TORTURE) check-subject "$$command" | grep -v '^ok\|^-' \
	  && $(TORTURE) run --subject-command "$$command" --time $(KITS_TIME) --report Reports/kits \
	    --quiet || exit 1; \
	done

deps: ## install what building and running needs
	@.ci/install $(PACKAGES)

test-deps: deps
	@.ci/install $(TEST_PACKAGES) $(DATABASE_PACKAGES)

bench-deps: deps # the peers; a bench without them has no ratio
	@-.ci/install $(BENCH_PACKAGES)
	@test -x .build/bench-venv/bin/python || { python3 -m venv .build/bench-venv \
	  && .build/bench-venv/bin/pip --quiet install faiss-cpu || rm -rf .build/bench-venv; }

sanitize: deps ## the store under the thread sanitizer and the address sanitizer
	@for kind in thread address; do \
	  .ci/build-store $$kind .build/$$kind-driver/store-driver Tests/Sanitize/*.swift \
	    Tests/ReferenceStoreTests/Support/Threads.swift \
	    && .build/$$kind-driver/store-driver 20 || exit 1; done
	@swift test --sanitize thread --scratch-path .build/thread \
	  --filter 'ReferenceStoreTests|PosixIOTests'

coverage: deps ## lines of the reference store that torture reaches: Reports/source-coverage.json
	@.ci/coverage

fuzz: deps ## arbitrary bytes for the store's recovery and inspection (FUZZ_TIME seconds)
	@FUZZ_TIME='$(FUZZ_TIME)' .ci/fuzz

clean: ## remove what was built
	@rm -rf .build
