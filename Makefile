SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Heavy tools are pinned in modules of their own. `go tool -n` builds a tool once, keeps it in Go's build cache,
# and prints where it is.
CONTROLLER_GEN = $$(go -C test/tools tool -n sigs.k8s.io/controller-tools/cmd/controller-gen)
KUSTOMIZE = $$(go -C test/tools tool -n sigs.k8s.io/kustomize/kustomize/v5)
HELM = $$(go -C test/tools/helm tool -n helm)
KO = $$(go -C test/tools/ko tool -n ko)
COSIGN = $$(go -C test/tools/cosign tool -n cosign)
ORAS = $$(go -C test/tools/oras tool -n oras)
SYFT = $$(go -C test/tools/syft tool -n syft)
GOLANGCI_LINT = $$(go -C test/tools/golangci-lint tool -n golangci-lint)

# Every module of the repository, and those of them that hold Go code (the others only pin tools).
MODULES := $(patsubst %/go.mod,%,$(sort $(shell find . -name go.mod -not -path '*/node_modules/*')))
CODE_MODULES := . $(foreach m,$(filter-out .,$(MODULES)),$(if $(wildcard $(m)/*.go),$(m)))
# The modules with tests beside the main one.
TEST_MODULES := $(filter-out .,$(CODE_MODULES))

GENERATED := apis deploy/crds deploy/hub/role.yaml deploy/member/role.yaml deploy/install deploy/monitoring/prometheusrule.yaml deploy/chart/files
GO_TEST := test -race -shuffle=on -timeout 20m

# The specs of a whole hub wait for most of their time: one more than there are processors
# run at a time.
SPECS_AT_ONCE ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

# What builds Gitea prints no path where it is skipped.
TEST_GITEA = \
	echo "== tests against a real Gitea (the first time, building it takes some minutes; COMMIT_STATUS_HUB_SKIP_GITEA=1 skips them)"; \
	gitea="$$(go run ./test/gitea/cmd/build)" && { [ -z "$$gitea" ] || { echo "$$gitea"; go $(GO_TEST) ./test/gitea; }; }

.PHONY: help
help: ## Show the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: generate
generate: ## Generate deepcopy code, CRDs, RBAC roles, manifests in one file, the PrometheusRule, and the chart's files
	@gen="$(CONTROLLER_GEN)"; \
	rm -f deploy/crds/*.yaml; \
	"$$gen" object paths=./apis/...; \
	"$$gen" crd paths=./apis/... output:crd:dir=deploy/crds; \
	for side in hub member; do \
		"$$gen" rbac:roleName=commit-status-hub paths=./deploy/rbac/$$side output:rbac:dir=deploy/$$side; \
	done; \
	kustomize="$(KUSTOMIZE)"; \
	mkdir -p deploy/install; \
	for base in hub crds member member-crds; do \
		{ echo "# Made by 'make generate' from deploy/$$base."; "$$kustomize" build "deploy/$$base"; } >"deploy/install/$$base.yaml"; \
	done; \
	go run ./deploy/monitoring/cmd/prometheusrule >deploy/monitoring/prometheusrule.yaml; \
	rm -rf deploy/chart/files; \
	mkdir -p deploy/chart/files/crds; \
	cp deploy/crds/*.yaml deploy/chart/files/crds; \
	cp deploy/hub/role.yaml deploy/monitoring/prometheusrule.yaml deploy/monitoring/dashboard.json deploy/chart/files

.PHONY: build
build: ## Build bin/commit-status-hub
	@go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/commit-status-hub
	@echo "bin/commit-status-hub $(VERSION)"

# Where `make image` pushes to, and for which machines.
IMAGE ?=
PLATFORMS ?= linux/amd64,linux/arm64

.PHONY: image
image: ## Build the hub's image and push it: make image IMAGE=registry.example.com/commit-status-hub
	@[ -n "$(IMAGE)" ] || { echo "where to? make image IMAGE=registry.example.com/commit-status-hub" >&2; exit 1; }; \
	ko="$(KO)"; \
	VERSION="$(VERSION)" KO_DOCKER_REPO="$(IMAGE)" "$$ko" build --bare --tags="$(VERSION)" --platform="$(PLATFORMS)" ./cmd/commit-status-hub

.PHONY: test
test: ## Run every test, with the race detector and in random order
	@echo "== control planes (the first time, they are downloaded, or built in some minutes)"; \
	KUBEBUILDER_ASSETS="$$(go run ./test/clusters/cmd/assets)"; \
	export KUBEBUILDER_ASSETS; \
	echo "$$KUBEBUILDER_ASSETS"; \
	echo "== kube-controller-manager (built once; COMMIT_STATUS_HUB_SKIP_CONTROLLERS=1 skips what needs it, but not in CI)"; \
	go run ./test/clusters/cmd/controllers; \
	failed=0; \
	echo "== tests in ."; \
	go $(GO_TEST) $$(go list ./... | grep -v -e '/test/e2e$$' -e '/test/gitea$$') || failed=1; \
	echo "== a whole hub"; \
	go tool ginkgo -race -procs=$(SPECS_AT_ONCE) -randomize-all -timeout 20m ./test/e2e || failed=1; \
	echo "== what is measured of a whole hub: without the race detector, and with the machine for itself"; \
	go test -timeout 20m ./test/e2e -ginkgo.label-filter='measures && !isolation' || failed=1; \
	{ $(TEST_GITEA); } || failed=1; \
	for module in $(TEST_MODULES); do \
		echo "== tests in $$module"; \
		go -C "$$module" $(GO_TEST) ./... || failed=1; \
	done; \
	exit "$$failed"

.PHONY: test-fast
test-fast: ## Run the tests that need no control plane, without the race detector: what to run while writing code
	@go test -short -shuffle=on $$(go list ./... | grep -v -e '/test/e2e$$' -e '/test/gitea$$' -e '/test/clusters' -e '/test/demo' -e '/test/bench')

.PHONY: test-gitea
test-gitea: ## Run those tests alone that are against a real Gitea (COMMIT_STATUS_HUB_SKIP_GITEA=1 skips them, but not in CI)
	@$(TEST_GITEA)

.PHONY: torture
torture: ## Run the model test until stopped or until it fails
	@while go test -race -count=1 -timeout 0 -run '^TestModel' ./hub/ledger -rapid.checks=20000 -rapid.seed=0; do :; done; exit 1

.PHONY: fuzz
fuzz: ## Fuzz what reads the words of others, FUZZTIME each (30s)
	@for target in FuzzVet:kubeconfigs FuzzObjects:kubeconfigs FuzzGrants:hub/ledger FuzzHeadersNeverLeadOutOfBounds:ratelimit FuzzRedact:ratelimit/response \
		FuzzAnswers:providers/github FuzzAnswers:providers/gitlab FuzzAnswers:providers/bitbucket FuzzAnswers:providers/gitea; do \
		echo "== $${target%%:*} in $${target##*:}"; \
		go test -run '^$$' -fuzz "^$${target%%:*}$$" -fuzztime "$(or $(FUZZTIME),30s)" "./$${target##*:}"; \
	done

.PHONY: bench
bench: ## Measure budgets, lanes and the ledger, each against a floor in the same run
	@go test -run '^$$' -bench . -timeout 20m ./ratelimit ./hub/... ./kubeconfigs

.PHONY: bench-hub
bench-hub: ## Measure a whole hub against floors in the same run (ARGS=--help tells what can be chosen)
	@KUBEBUILDER_ASSETS="$$(go run ./test/clusters/cmd/assets)"; \
	export KUBEBUILDER_ASSETS; \
	go run ./test/bench $(ARGS)

.PHONY: chaos
chaos: ## Inject faults into a hub at work: make chaos SEED=1 FAULTS=1100 (a seed by chance without SEED)
	@KUBEBUILDER_ASSETS="$$(go run ./test/clusters/cmd/assets)"; \
	export KUBEBUILDER_ASSETS; \
	go run ./test/chaos/cmd/chaos --seed="$(or $(SEED),0)" --faults="$(or $(FAULTS),1100)" $(ARGS)

.PHONY: soak
soak: ## Have a hub work for a long time, and see whether it grows: make soak MINUTES=45
	@KUBEBUILDER_ASSETS="$$(go run ./test/clusters/cmd/assets)"; \
	export KUBEBUILDER_ASSETS; \
	go run ./test/bench --only soak --minutes "$(or $(MINUTES),45)"

.PHONY: fmt
fmt: ## Format the Go code
	@lint="$(GOLANGCI_LINT)"; \
	for module in $(CODE_MODULES); do \
		(cd "$$module" && "$$lint" fmt ./...); \
	done

.PHONY: lint
lint: ## Lint the Go code, and the wording of its comments
	@echo "== wording"; \
	go run ./test/wording; \
	lint="$(GOLANGCI_LINT)"; \
	for module in $(CODE_MODULES); do \
		echo "== lint $$module"; \
		(cd "$$module" && "$$lint" run ./...); \
	done

.PHONY: verify
verify: verify-generated verify-manifests verify-modules verify-alerts vet lint ## Check that generated files are current, modules are tidy, and vet and lint are content

.PHONY: verify-generated
verify-generated: generate
	@echo "== generated files are current"; \
	git diff --exit-code -- $(GENERATED) || { echo "generated files differ: run 'make generate' and commit what it changes" >&2; exit 1; }; \
	new="$$(git ls-files --others --exclude-standard -- $(GENERATED))"; \
	[ -z "$$new" ] || { printf 'not committed:\n%s\n' "$$new" >&2; exit 1; }

.PHONY: verify-manifests
verify-manifests:
	@kustomize="$(KUSTOMIZE)"; \
	for base in deploy/hub deploy/crds deploy/member deploy/member-crds deploy/monitoring; do \
		echo "== $$base builds"; \
		"$$kustomize" build "$$base" >/dev/null; \
	done; \
	echo "== deploy/chart is sound"; \
	helm="$(HELM)"; \
	"$$helm" lint --strict --quiet deploy/chart

.PHONY: verify-alerts
verify-alerts:
	@deploy/monitoring/verify.sh

.PHONY: verify-modules
verify-modules:
	@for module in $(MODULES); do \
		echo "== $$module is tidy"; \
		go -C "$$module" mod tidy -diff || { echo "run 'go -C $$module mod tidy'" >&2; exit 1; }; \
	done

.PHONY: vet
vet:
	@for module in $(CODE_MODULES); do \
		echo "== vet $$module"; \
		go -C "$$module" vet ./...; \
	done

# The folder for a release's files, and where `make release` pushes its images and its chart.
DIST ?= dist
REGISTRY ?=

.PHONY: release
release: ## Build, push and sign a release: make release VERSION=v1.2.3 REGISTRY=registry.example.com/me (a pushed tag does it)
	@[ -n "$(REGISTRY)" ] || { echo "where to? make release VERSION=v1.2.3 REGISTRY=registry.example.com/me" >&2; exit 1; }; \
	export VERSION="$(VERSION)" DIST="$(DIST)" REGISTRY="$(REGISTRY)"; \
	KO="$(KO)" ORAS="$(ORAS)" SYFT="$(SYFT)" HELM="$(HELM)" COSIGN="$(COSIGN)"; \
	export KO ORAS SYFT HELM COSIGN; \
	for step in notes images binaries chart manifests publish; do \
		echo "== release: $$step"; \
		"deploy/release/$$step.sh"; \
	done

.PHONY: release-rehearsal
release-rehearsal: ## Build a release, push it to a registry on this machine, sign it with a key made for that, and verify it as docs/verify.md says
	@go -C test/release run .

.PHONY: demo
demo: ## Run the demo on local control planes (ARGS=--once: end by itself)
	@go run ./test/demo $(ARGS)

.PHONY: screenshots
screenshots: ## Make the pictures of the fleet page in docs/images, of a demo that is filled for them (needs Chromium)
	@mkdir -p docs/images; \
	go -C test/web run ./cmd/screenshots
