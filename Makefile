# make demo: from a fresh clone to a finding about a real model.
# make test: everything that tests need, and the tests.
.PHONY: demo test build

build:
	sh scripts/setup.sh
	cargo build --release --package nocere

demo: build
	./target/release/nocere demo

# The test binaries are built first; that builds the program too, which then fetches the
# small model, so that no test is skipped for want of it.
test:
	sh scripts/setup.sh
	cargo test --workspace --no-run
	./target/debug/nocere models pull smollm2-135m
	sh scripts/test.sh
