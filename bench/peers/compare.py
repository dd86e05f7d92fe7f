#!/usr/bin/env python3
"""Runs the search step on Nascent and on PyTorch in turn and prints how they compare.

The first round takes every mode of PyTorch; the fastest of them then alternates with ours for the other rounds, each
run a process of its own. Options that are not listed go to both: --batch --channels --layers --image --order --threads.
Compilation happens before the timed steps and is not counted; with a warm cache it takes a minute, without one five.
Needs the standard library only; --python names the interpreter that has PyTorch.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODES = {
    "eager": ["--mode", "eager", "--no-channels-last"],
    "eager-channels-last": ["--mode", "eager", "--channels-last"],
    "compile": ["--mode", "compile", "--no-channels-last"],
    "compile-channels-last": ["--mode", "compile", "--channels-last"],
}
OURS = "nascent"


def newest_binary():
    built = list(HERE.parents[1].glob("build/*/bench/search_step"))
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=newest_binary(), help="search_step (default: the newest built)")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has torch (default: this one)")
    parser.add_argument("--modes", default=",".join(MODES), help="of PyTorch, with commas between (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="timed steps of each run")
    parser.add_argument("--json", action="store_true")
    options, both = parser.parse_known_args()
    options.modes = options.modes.split(",")
    unknown = [mode for mode in options.modes if mode not in MODES]
    if unknown:
        parser.error(f"unknown mode {unknown[0]!r}: expected some of {', '.join(MODES)}")
    if options.rounds < 1 or options.steps < 1:
        parser.error("--rounds and --steps start at 1")
    if options.binary is None or not options.binary.is_file():
        parser.error("no search_step; build it (cmake --build build/release --target search_step) or give --binary")
    return options, both


def run(name, command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"compare.py: {name} failed ({done.returncode}): {' '.join(command)}\n{done.stderr[-2000:]}")
    result = json.loads(done.stdout)
    print(f"{name:24} median {result['median_s']:8.3f} s, peak {result['peak_rss_mib']:7.0f} MiB", file=sys.stderr)
    return result


def measure(options, both):
    """One list of results a side, ours and the best mode's of equal length; the other modes have one each."""
    common = [*both, "--steps", str(options.steps), "--json", "--quiet"]

    def ours():
        return run(OURS, [str(options.binary), *common])

    def theirs(mode):
        return run(mode, [options.python, str(HERE / "search_step_pytorch.py"), *MODES[mode], *common])

    results = {OURS: [ours()]}
    results.update({mode: [theirs(mode)] for mode in options.modes})
    best = min(options.modes, key=lambda mode: results[mode][0]["median_s"])
    for _ in range(options.rounds - 1):
        results[OURS].append(ours())
        results[best].append(theirs(best))
    return results, best


def summary(results, best):
    def medians(side, field):
        return [result[field] for result in results[side]]

    # The first round measured ours before all modes; each ratio is of neighbours in time all the same.
    ratios = [theirs / ours for theirs, ours in zip(medians(best, "median_s"), medians(OURS, "median_s"))]
    ours_mib, theirs_mib = (statistics.median(medians(side, "peak_rss_mib")) for side in (OURS, best))
    parameters = {side: runs[0]["parameters"] for side, runs in results.items()}
    return {
        "best_mode": best,
        "torch": results[best][0]["torch"],
        "ratio": statistics.median(medians(best, "median_s")) / statistics.median(medians(OURS, "median_s")),
        "ratio_least": min(ratios),
        "ratio_most": max(ratios),
        "memory_ratio": theirs_mib / ours_mib,
        "same_parameters": len(set(parameters.values())) == 1,
        "parameters": parameters,
        "results": results,
    }


def print_table(found):
    print(f"{'':24} {'median s':>9} {'fastest':>9} {'slowest':>9} {'images/s':>9} {'peak MiB':>9}  runs")
    for side, runs in found["results"].items():
        seconds = [s for result in runs for s in result["seconds"]]
        median = statistics.median(result["median_s"] for result in runs)
        rate = statistics.median(result["images_per_s"] for result in runs)
        peak = statistics.median(result["peak_rss_mib"] for result in runs)
        print(f"{side:24} {median:9.3f} {min(seconds):9.3f} {max(seconds):9.3f} {rate:9.1f} {peak:9.0f}  {len(runs)}")
    print(f"\nBest mode of PyTorch {found['torch']}: {found['best_mode']}.")
    print(f"Nascent is {found['ratio']:.2f} times as fast (round by round {found['ratio_least']:.2f} to "
          f"{found['ratio_most']:.2f}) and takes 1/{found['memory_ratio']:.2f} of its memory.")
    if not found["same_parameters"]:
        print(f"The networks differ: {found['parameters']} parameters.")


def main():
    options, both = arguments()
    # Idle threads of one side would steal from nothing here, but the two must wait alike.
    os.environ.setdefault("GOMP_SPINCOUNT", "4000")
    found = summary(*measure(options, both))
    if options.json:
        print(json.dumps(found))
    else:
        print_table(found)
    return 0 if found["same_parameters"] else 1


if __name__ == "__main__":
    sys.exit(main())
