#!/usr/bin/env bash
# The main job on real images: searches an architecture, derives it, trains it beside a random one, shows it.
# Leaves everything in runs/demo; the page to open is runs/demo/report.html.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/setup.sh

install_missing "${packages[@]}"
use_compiler_cache
cmake --preset release >/dev/null
cmake --build --preset release --target programs
programs=build/release/examples run=runs/demo

# The same budget for both networks: three passes over all 60,000 images. Small batches and Adam learn more from a
# pass, and cost no more an image.
budget=(--data fashion-mnist --channels 8 --layers 4 --batch 32 --epochs 3 --optimizer adam --warm-up 0.1)

printf '\n== Search\n'
"$programs"/search --preset tiny --data fashion-mnist --out "$run"
printf '\n== Train what was found, from scratch\n'
"$programs"/train --genotype "$run/genotype.txt" --name derived "${budget[@]}" --out "$run/derived"
printf '\n== Train a random architecture of the same space\n'
"$programs"/train --genotype random --name random "${budget[@]}" --out "$run/random"
printf '\n== Results\n'
"$programs"/report "$run" "$run/derived" "$run/random" --out "$run/report.html"
