# Sourced by tests/run.sh, examples/demo.sh and .ci/run: brings a Debian machine to where Nascent builds.

packages=(
  g++ cmake ninja-build
  libeigen3-dev libcli11-dev nlohmann-json3-dev libfmt-dev zlib1g-dev libpng-dev libjs-dygraphs # the engine and the programs
  catch2 libbenchmark-dev                                                                      # tests and benchmarks
  dataset-fashion-mnist                                                                        # the images of the demo
)
# For bench_peers alone, which is left out without them: `tests/run.sh --peers`. libdnnl-dev's CMake file asks for OpenCL
# and stops the configuration where its headers are missing; the package does not bring them.
peer_packages=(libdnnl-dev ocl-icd-opencl-dev)

# install_missing PACKAGE...: installs those that are not there, and says so in one line. Quiet and quick otherwise.
install_missing() {
  command -v dpkg-query >/dev/null || return 0 # not Debian: CMake names what is missing
  local installed missing as_root=() log
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
  mapfile -t missing < <(comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed"))
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    as_root=(sudo)
    if ! command -v sudo >/dev/null; then
      echo "Missing packages. As root:  apt-get install ${missing[*]}" >&2
      return 1
    fi
  fi
  echo "Installing ${missing[*]}" >&2
  log=$(mktemp)
  # A fresh machine has no package lists yet; where they cannot be had, the install says what is wrong.
  if { "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update || true
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y \
         --no-install-recommends "${missing[@]}"; } </dev/null >"$log" 2>&1; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

# Waiting threads soon sleep, as in the programs (examples/support/run_program.cpp): tests share the machine.
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-4000}

# A compiler cache is used where there is one, also from a clone in another folder.
use_compiler_cache() {
  command -v ccache >/dev/null || return 0
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
}
