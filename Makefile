# make demo: from a fresh clone to a finding about a real model.
# make install: the program and its manual pages into PREFIX (~/.local).
# make test: everything that tests need, and the tests.
.PHONY: demo test build install

build:
	sh scripts/setup.sh
	cargo build --release --package nocere

demo: build
	./target/release/nocere demo
	@command -v nocere >/dev/null 2>&1 || echo "The commands above work after: make install"

# The test binaries are built first; that builds the program too, which then fetches the
# small model, so that no test is skipped for want of it.
test:
	sh scripts/setup.sh
	cargo test --workspace --no-run
	./target/debug/nocere models pull smollm2-135m
	sh scripts/test.sh

# Where `make install` puts the program.
PREFIX ?= $(HOME)/.local

install: build
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -m 755 target/release/nocere "$(DESTDIR)$(PREFIX)/bin/nocere"
	./target/release/nocere --quiet man "$(DESTDIR)$(PREFIX)/share/man/man1"
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) echo "nocere is installed in $(PREFIX)/bin" ;; \
	*) echo "nocere is installed in $(PREFIX)/bin, which is not on your PATH: export PATH=\"$(PREFIX)/bin:\$$PATH\"" ;; esac
