#!/usr/bin/env bash
# Configuring without a package names it and the line that installs it. Arguments: source folder.
set -euo pipefail
source=$1
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

expect() {  # PACKAGE APT
  local output
  if output=$(cmake -S "$source" -B "$build" -G Ninja "-DCMAKE_DISABLE_FIND_PACKAGE_$1=ON" 2>&1); then
    echo "configured without $1"
    exit 1
  fi
  grep -qE "Nascent needs $1\..*apt install $2\$" <<<"$output" || { echo "$output"; exit 1; }
  sed -i "/CMAKE_DISABLE_FIND_PACKAGE_$1/d" "$build/CMakeCache.txt"  # the compiler need not be found anew
}
expect PNG libpng-dev
expect fmt libfmt-dev
expect Eigen3 libeigen3-dev
echo "each missing package is named with its apt line"
