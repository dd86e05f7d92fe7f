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

"$programs"/search --preset tiny --data fashion-mnist --out "$run/search"
"$programs"/train --genotype "$run/search/genotype.txt" --data fashion-mnist --out "$run/derived"
"$programs"/train --genotype random --data fashion-mnist --out "$run/random"
"$programs"/report --search "$run/search" --derived "$run/derived" --random "$run/random" --out "$run/report.html"
