#!/usr/bin/env bash
# Runs the fuzz targets with limits of time and memory, and prints a table of what they did.
#   fuzz/run.sh [SECONDS] [TARGET...]     120 seconds for each of all targets, if not said
# Needs a nightly toolchain and cargo-fuzz (`cargo install --locked cargo-fuzz`). Ends with 1 if
# there was a finding, whose input is then under fuzz/artifacts/TARGET.
#   SANITIZER   address, or none (the default: our code forbids `unsafe`, and runs twice as fast)
#   TOOLCHAIN   nightly
#   JOBS        how many targets run at a time: 1
set -euo pipefail
cd "$(dirname "$0")"
seconds=120
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
fi
toolchain=${TOOLCHAIN:-nightly}
sanitizer=${SANITIZER:-none}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
if ! rustup run "$toolchain" cargo fuzz --version >/dev/null 2>&1; then
    echo "fuzz: needs the toolchain \`$toolchain\` and cargo-fuzz:" >&2
    echo "  rustup toolchain install $toolchain && cargo install --locked cargo-fuzz" >&2
    exit 3
fi
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    for file in fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

if [ -z "${FUZZ_BUILT:-}" ]; then
    for target in "${targets[@]}"; do
        [ -f "fuzz_targets/$target.rs" ] || { echo "fuzz: there is no target \`$target\`" >&2; exit 2; }
    done
    rustup run "$toolchain" cargo fuzz build --sanitizer "$sanitizer" >&2
fi
host=$(rustup run "$toolchain" rustc -vV | sed -n 's/^host: //p')
# Targets that read files write them; memory is faster than a disk.
scratch=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" nocere-fuzz.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

# Longest input: what a mutation can change in a useful way. Judges run two hundred patterns.
longest() {
    case "$1" in
        judges) echo 2048 ;;
        journals) echo 256 ;;
        rubrics | assets | suites) echo 8192 ;;
        *) echo 16384 ;;
    esac
}

one() {
    local target=$1
    local log="$scratch/$target.log" code=0
    mkdir -p "corpus/$target" "artifacts/$target" "$scratch/$target"
    # The limit of memory is of the whole process; what is above it is a finding.
    TMPDIR="$scratch/$target" nice -n 12 "$CARGO_TARGET_DIR/$host/release/$target" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=256 \
        -max_len="$(longest "$target")" -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="artifacts/$target/" "corpus/$target" "seeds/$target" \
        >"$log" 2>&1 || code=$?
    local runs speed rss result=whole
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    rss=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
    if [ "$code" != 0 ]; then
        result="FINDING: $(grep -m1 -hE 'panicked at|ERROR: |SUMMARY: ' "$log" | cut -c1-120 || true)"
        cp "$log" "artifacts/$target/log.txt"
        touch "$scratch/finding"
    fi
    printf '| %s | %s | %s | %s | %s |\n' "$target" "${runs:--}" "${speed:--}" "${rss:--}" "$result"
}

echo "| target | executions | for each second | peak memory, MB | result |"
echo "| --- | ---: | ---: | ---: | --- |"
for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-1}" ]; do wait -n; done
    one "$target" &
done
wait
[ ! -e "$scratch/finding" ] || exit 1
