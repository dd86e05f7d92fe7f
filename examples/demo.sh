#!/usr/bin/env bash
# The main job on real images: searches an architecture, derives it, trains it beside a random one, shows it.
# Leaves everything in runs/demo; the page to open is runs/demo/report.html.
set -euo pipefail
(($# == 0)) || { echo "demo.sh: expected no arguments, got '$1'; it searches, trains and shows into runs/demo" >&2 && exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/setup.sh

install_missing "${packages[@]}"
use_compiler_cache
cmake --preset release >/dev/null
cmake --build --preset release --target programs
programs=build/release/examples run=runs/demo

# The same budget for both networks: four passes over all 60,000 images, every other one mirrored, without which the
# fourth teaches nothing. Small batches and Adam learn more from a pass, and cost no more an image. Networks this small
# are trained side by side, half of the processors each: the same numbers in three quarters of the time, as none of them
# waits for another thread at every op. The random one, which is smaller, ends first and leaves the other its half.
train=("$programs"/train --data fashion-mnist --channels 8 --layers 5 --batch 32 --epochs 4 --flip --optimizer adam
  --warm-up 0.1 --threads $(($(nproc) > 1 ? $(nproc) / 2 : 1)))

printf '\n== Search\n'
"$programs"/search --preset tiny --data fashion-mnist --out "$run"
printf '\n== Train what was found, from scratch, and beside it a random architecture of the same space\n'
exec {result}< <(exec "${train[@]}" --genotype random --name random --out "$run/random" --quiet)
random=$!
"${train[@]}" --genotype "$run/genotype.txt" --name derived --out "$run/derived" &
derived=$!
trap 'kill "$derived" "$random" 2>/dev/null || true; wait' EXIT
wait "$random"
kill -USR1 "$derived" 2>/dev/null || true
wait "$derived"
trap - EXIT
cat <&"$result"
printf '\n== Results\n'
"$programs"/report "$run" "$run/derived" "$run/random" --out "$run/report.html"
