# The only commands a person must know. Each works from a fresh clone.

export DUCKDB_LIB_DIR ?= $(CURDIR)/target/duckdb

.PHONY: help build demo test test-rabbitmq-4 test-digdag-client test-openapi verify lint bench simulate chaos seeds mutations check-dashboards check-manifests check-container pool up observe

# Seeds of `make simulate`, and the first of them.
SEEDS ?= 2000
SEED_FROM ?= 0

# Arguments of `make chaos`: `make chaos CHAOS='--seconds 30 --scenario broker-kill'`.
CHAOS ?= --seconds 180

help:
	@echo 'make demo    build, run two example titles for seven dates on a local warehouse, list 70 partitions'
	@echo 'make test    install what the tests need (RabbitMQ, Redis, Prometheus) and run them all'
	@echo 'make test-rabbitmq-4   broker, store and the whole pool on RabbitMQ 4 and Valkey 8 from Debian 13, as root'
	@echo 'make test-digdag-client   digdag'"'"'s own client library against a pool; needs Java and Maven, or installs them as root'
	@echo 'make test-openapi   whatever the description of the API allows and forbids, asked of a pool (schemathesis)'
	@echo 'make lint    format, clippy, that the pure crates are pure, that the compatibility table names real tests'
	@echo 'make verify  what CI runs: lint, test and 2,000 seeds of the simulation'
	@echo 'make bench   measure speed as ratios to a floor, into target/bench.json'
	@echo 'make simulate SEEDS=100000 SEED_FROM=0   the whole pool on virtual time, with everything that can go wrong'
	@echo 'make chaos   real processes, killed, frozen, cut off and restarted under load, for about an hour'
	@echo 'make mutations   take safeguards out, one at a time, and show that the simulation notices'
	@echo 'make pool    the whole pool as processes of this machine, until Ctrl-C; docs/tour.md goes on from there'
	@echo 'make check-dashboards   dashboards are current, keep the contract of metrics, and every alert fires when it should'
	@echo 'make up      the whole pool in containers'
	@echo 'make observe   the same with Prometheus, Grafana (http://127.0.0.1:3000) and traces'
	@echo 'make check-manifests   render and judge deploy/gke and docker-compose.yml'
	@echo 'make check-container   put the images together without an engine and run their programs, as root on Debian 12'
	@echo 'make build   all programs, into target/debug'

build:
	scripts/fetch-duckdb.sh
	cargo build --workspace --bins

demo: build
	scripts/demo.sh

test: build
	scripts/install-servers.sh
	cargo test --workspace

# The servers of another Debian, in a folder of their own.
DEBIAN_13 := $(CURDIR)/target/debian-13

test-rabbitmq-4: export HIMEKURI_TEST_RABBITMQ_ROOT = $(DEBIAN_13)
test-rabbitmq-4: export HIMEKURI_TEST_REDIS_ROOT = $(DEBIAN_13)
test-rabbitmq-4: build
	scripts/fetch-rabbitmq-4.sh "$(DEBIAN_13)"
	cargo test -p himekuri-testkit -p himekuri-broker -p himekuri-store
	cargo test -p himekuri-integration-tests --test whole_pool

test-digdag-client: build
	scripts/install-servers.sh
	scripts/test-digdag-client.sh

test-openapi: build
	scripts/test-openapi.sh

lint:
	scripts/fetch-duckdb.sh
	scripts/check-purity.sh
	scripts/check-compatibility.sh
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

verify: lint test seeds

bench:
	scripts/fetch-duckdb.sh
	scripts/install-servers.sh
	cargo build --release -p himekuri-coordinator -p himekuri-worker -p himekuri-warehouse
	cargo run --release -p himekuri-bench

simulate:
	cargo run --profile simulation -p himekuri-simulation -- --seeds $(SEEDS) --seed-from $(SEED_FROM)

chaos:
	scripts/fetch-duckdb.sh
	scripts/install-servers.sh
	cargo build -p himekuri -p himekuri-coordinator -p himekuri-worker -p himekuri-warehouse \
	  -p himekuri-integration-tests --bins
	"$${CARGO_TARGET_DIR:-target}"/debug/himekuri-chaos $(CHAOS)

# What CI runs: 2,000 seeds with the program that `build` makes. An optimised build of everything would take longer than they do.
seeds: build
	"$${CARGO_TARGET_DIR:-target}"/debug/himekuri-simulation --seeds 2000

mutations:
	scripts/check-mutations.sh

check-manifests:
	scripts/check-manifests.sh

check-container: build
	scripts/check-container.sh

pool: build
	scripts/pool.sh

check-dashboards:
	scripts/check-dashboards.sh

up:
	docker compose up --build

# Every trace, where a pool of production keeps one of a hundred.
observe: export OTEL_EXPORTER_OTLP_ENDPOINT = http://tempo:4318
observe: export HIMEKURI_TRACE_RATIO = 1
observe:
	docker compose --profile observe up --build
