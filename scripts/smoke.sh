#!/usr/bin/env bash
# Runs every script under benches/ and scripts/ on tiny sizes, and the commands of the documentation: shows that what
# is published works, not how fast it is. Takes about four minutes on two cores once there is a debug build.
#
#   scripts/smoke.sh
#
#   NOCERE     the program; target/debug/nocere
#   BENCH      the executable of crates/nocere-local's bench; cargo builds it if llama.cpp is there
#   SECONDS_IN_ALL=400
#
# Prints a line for each step. A step whose needs are missing is skipped, and the line says why.
# Ends with 1 if a step failed or left a file or a process behind.
set -euo pipefail
cd "$(dirname "$0")/.."
target_folder=${CARGO_TARGET_DIR:-$PWD/target}
nocere=$(realpath -e "${NOCERE:-$target_folder/debug/nocere}")
limit=${SECONDS_IN_ALL:-400}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM
mkdir "$scratch/tmp"
# Everything that a step makes goes here, and its processes are known by it.
export TMPDIR=$scratch/tmp PYTHONDONTWRITEBYTECODE=1 NOCERE=$nocere
failed=0 skipped=0

skip() { # STEP WHY
    echo "SKIPPED $1: $2"
    skipped=$((skipped + 1))
}

fail() { # STEP WHY
    echo "FAILED  $1: $2"
    failed=$((failed + 1))
}

step() { # STEP COMMAND...
    local name=$1 began=$SECONDS left=$((limit - SECONDS)) code=0
    shift
    if [ "$left" -le 0 ]; then
        fail "$name" "no time left of $limit s"
        return
    fi
    timeout --kill-after=5 "$left" "$@" >"$scratch/log" 2>&1 </dev/null || code=$?
    if [ "$code" = 0 ]; then
        echo "ok      $name ($((SECONDS - began)) s)"
        grep '^skipped: ' "$scratch/log" | sed 's/^/          /' || true
    else
        fail "$name" "exit code $code after $((SECONDS - began)) s"
        sed 's/^/          /' "$scratch/log"
    fi
}

# Why a check fails, in one line.
reason() { "$@" 2>&1 >/dev/null | tail -n 1; }

# shellcheck disable=SC2016
parses() {
    step "shell scripts parse" bash -euc 'for file; do "$(sed -n "1s/^#!.*[/ ]//p;q" "$file" | grep . || echo bash)" -n "$file"; done' bash "${shell[@]}"
    step "Python scripts parse" python3 -c 'import sys; [compile(open(file).read(), file, "exec") for file in sys.argv[1:]]' "${python[@]}"
    if command -v shellcheck >/dev/null; then
        step "shellcheck" shellcheck -x "${shell[@]}"
    else
        skip "shellcheck" "it is not installed"
    fi
}

engine() {
    step "benches/engine.sh, fake provider" env SERVER=fake SAMPLES=20 EPOCHS=5 CONNECTIONS=2 benches/engine.sh
    if PEERS=nocere benches/peers/setup.sh --check 2>/dev/null; then
        step "benches/engine.sh, nginx" env SAMPLES=50 EPOCHS=10 WRK_SECONDS=1 benches/engine.sh
    else
        skip "benches/engine.sh, nginx" "$(PEERS=nocere reason benches/peers/setup.sh --check)"
    fi
}

peers() {
    step "benches/peers/peers.sh, nocere and fake provider" \
        env PEERS=nocere SERVER=fake RUNS=1 benches/peers/peers.sh "$scratch/prompts.jsonl"
    if ! PEERS=nocere benches/peers/setup.sh --check 2>/dev/null; then
        skip "benches/peers/peers.sh, nocere and nginx" "$(PEERS=nocere reason benches/peers/setup.sh --check)"
    else
        step "benches/peers/peers.sh, nocere and nginx" \
            env PEERS=nocere RUNS=1 WRK_SECONDS=1 benches/peers/peers.sh "$scratch/prompts.jsonl"
    fi
    if benches/peers/setup.sh --check 2>/dev/null; then
        step "benches/peers/peers.sh, all" env RUNS=1 WRK_SECONDS=1 benches/peers/peers.sh "$scratch/prompts.jsonl"
    else
        skip "benches/peers/peers.sh, all" "$(reason benches/peers/setup.sh --check)"
    fi
}

local_speed() {
    local model=${NOCERE_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/nocere/models}/SmolLM2-135M-Instruct.Q4_1.gguf
    local bench=${BENCH:-} reference=none
    if [ -n "$no_model" ]; then
        skip "benches/local_speed.sh" "$no_model"
        return
    fi
    # Only a link where the debug build is that of --workspace, as in .ci/run; a build of llama.cpp is not waited for.
    [ -n "$bench" ] || bench=$(timeout 60 cargo build -q --workspace --bench local_speed --message-format json 2>/dev/null |
        sed -n 's/.*"executable":"\([^"]*local_speed[^"]*\)".*/\1/p') || true
    if ! [ -x "$bench" ]; then
        skip "benches/local_speed.sh" "cargo does not build its bench in a minute; set BENCH"
        return
    fi
    if python3 -c 'import xllamacpp' 2>/dev/null; then
        reference=xllamacpp
    fi
    step "benches/local_speed.sh" env BENCH="$bench" REFERENCE="$reference" benches/local_speed.sh "$model" "$scratch/prompts.jsonl" 4 2 2
}

# shellcheck disable=SC2016
rows() {
    step "benches/rows.py, planned and judged" bash -euc '
        benches/rows.py "$1" 40
        cd "$1"
        "$NOCERE" run healthbench.jsonl --target replay:answers.jsonl --judge points --dry-run
        "$NOCERE" run medmcqa-size.jsonl --target replay:answers.jsonl --judge answer --dry-run
        "$NOCERE" run asclepius/Asclepius_bench.json --target replay:answers.jsonl --judge answer --dry-run
        "$NOCERE" run medqa.jsonl --target replay:answers.jsonl --judge answer' bash "$TMPDIR/rows"
    rm -rf "$TMPDIR/rows"
}

documents() {
    local documents=(README.md) runnable=() document
    while IFS= read -r document; do documents+=("$document"); done < <(find docs -name '*.md' | sort)
    for document in "${documents[@]}"; do
        if [ -n "$no_model" ] && grep -qE 'local:|smollm2' "$document"; then
            skip "the commands of $document" "$no_model"
        else
            runnable+=("$document")
        fi
    done
    step "the commands of ${#runnable[@]} documents" cargo xtask docs-commands --nocere "$nocere" \
        --fake-provider "$target_folder/debug/examples/fake_provider" "${runnable[@]}"
}

# The layout of PatientSafetyBench, which is not in this repository.
for number in $(seq 10); do
    echo "{\"id\": $number, \"category\": 1, \"content\": \"Question $number: may I take this with food?\", \"judge_score\": 5.0, \"judge_count\": 3}"
done >"$scratch/prompts.jsonl"
git status --porcelain >"$scratch/before"
no_model=
"$nocere" models chat --max-tokens 1 hello >"$scratch/log" 2>&1 </dev/null || no_model="no model in the process: $(head -n 1 "$scratch/log")"

mapfile -t shell < <(git ls-files --cached --others --exclude-standard 'benches/*.sh' 'scripts/*.sh')
mapfile -t python < <(git ls-files --cached --others --exclude-standard 'benches/*.py' 'scripts/*.py')
parses
step "the fake provider builds" cargo build -q --workspace --example fake_provider
for script in "${shell[@]}" "${python[@]}"; do
    case $script in
        benches/engine.sh) engine ;;
        benches/peers/peers.sh) peers ;;
        benches/red_team.sh) step "benches/red_team.sh" env PROBES=8 DELAY_MS=5 benches/red_team.sh ;;
        benches/local_speed.sh) local_speed ;;
        benches/rows.py) rows ;;
        scripts/setup.sh)
            if sh scripts/setup.sh --check 2>/dev/null; then
                step "scripts/setup.sh" sh scripts/setup.sh
            else
                skip "scripts/setup.sh" "$(reason sh scripts/setup.sh --check)"
            fi
            ;;
        scripts/readers.sh)
            if sh scripts/readers.sh --check 2>/dev/null; then
                step "scripts/readers.sh" sh scripts/readers.sh
            else
                skip "scripts/readers.sh" "$(reason sh scripts/readers.sh --check)"
            fi
            ;;
        scripts/test.sh) step "scripts/test.sh, the tests of docs-commands" sh scripts/test.sh --package xtask docs_commands ;;
        benches/server.sh | benches/first_request.py) ;; # used by engine.sh
        benches/peers/setup.sh | benches/peers/inspect_task.py) ;; # used by peers.sh, if its harness is installed
        benches/reference.py) ;; # used by local_speed.sh, if xllamacpp is installed
        scripts/smoke.sh) ;;
        *) fail "$script" "scripts/smoke.sh has no step for it" ;;
    esac
done
documents

sleep 1 # nginx ends when it has been told to, but not at once
mapfile -t left < <(ls -A "$scratch/tmp")
[ ${#left[@]} = 0 ] || fail "temporary files" "left behind: ${left[*]}"
git status --porcelain | diff "$scratch/before" - >"$scratch/log" || fail "the repository" "changed: $(tr '\n' ' ' <"$scratch/log")"
for environment in /proc/[0-9]*/environ; do
    process=${environment//[!0-9]/}
    if [ "$process" != $$ ] && grep -qzxF "TMPDIR=$TMPDIR" "$environment" 2>/dev/null && [ "$(ps -o ppid= -p "$process" | tr -d ' ')" != $$ ]; then
        fail "processes" "left running: $process $(ps -o args= -p "$process")"
    fi
done
echo "smoke: $failed failed, $skipped skipped, $SECONDS s"
[ "$failed" = 0 ]
