#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test. Takes a preset of CMakePresets.json: `run.sh strict`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/setup.sh
preset=${1:-release}

install_missing "${packages[@]}"
use_compiler_cache
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset"
