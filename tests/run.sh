#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test. Takes a preset of CMakePresets.json: `run.sh strict`.
# With --peers before it, also what bench_peers measures us against.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/setup.sh
if [[ ${1:-} == --peers ]]; then
  packages+=("${peer_packages[@]}")
  shift
fi
preset=${1:-release}

install_missing "${packages[@]}"
use_compiler_cache
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset"
