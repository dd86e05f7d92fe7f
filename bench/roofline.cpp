// Measures the machine, then every kernel, and draws them under the machine's roofs.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/roofline/picture.h"
#include "bench/support/statistics.h"
#include "bench/support/stopwatch.h"
#include "engine/io/atomic_file.h"
#include "engine/tensor/error.h"
#include "examples/support/cli.h"
#include "examples/support/numbers.h"
#include "examples/support/run_program.h"
#include "kernels/parallel.h"

using namespace nascent;
using namespace nascent::bench;
using namespace nascent::examples;

namespace {

std::string threads_of(const Machine& machine) { return counted(machine.threads, "thread"); }

std::string machine_table(const std::vector<Machine>& machines) {
  std::string out = "| | peak GFLOP/s |", rule = "\n|---|---:|";
  for (const MemoryLevel& level : machines[0].levels) {
    out += fmt::format(" {} read, copy GB/s |", level.name);
    rule += "---:|";
  }
  out += rule;
  for (const Machine& machine : machines) {
    out += fmt::format("\n| {} | {:.0f} |", threads_of(machine), machine.flops / 1e9);
    for (const MemoryLevel& level : machine.levels)
      out += fmt::format(" {:.0f}, {:.0f} |", level.read / 1e9, level.copy() / 1e9);
  }
  return out + "\n";
}

double least_seconds(const Machine& machine, const Measured& m) {
  return machine.least_seconds(m.kernel.flop, m.kernel.read_bytes, m.kernel.written_bytes);
}
double share(const Machine& machine, const Measured& m) { return least_seconds(machine, m) / m.seconds; }

std::string bound_by(const Machine& machine, const Measured& m) {
  return m.kernel.flop / machine.flops >= least_seconds(machine, m) ? "arithmetic" : machine.level_of(m.bytes()).name;
}

std::string page(const std::vector<Machine>& machines, const std::vector<Measured>& all,
                 const std::vector<std::string>& pictures) {
  const Machine& machine = machines.back();
  std::string out =
      fmt::format("# Roofline of {}\n\nKernels: {}. A copy's GB/s count what it reads and what it writes.\n\n",
                  machine.processor, machine.isa);
  out += machine_table(machines);
  for (const std::string& picture : pictures) out += fmt::format("\n![roofline]({})\n", picture);
  out += fmt::format(
      "\nEvery kernel on {}. Bytes are those no implementation avoids. The share compares with the time that "
      "arithmetic at "
      "the peak takes, or those bytes at the bandwidth of the level that holds them, whichever is longer.\n",
      threads_of(machine));
  std::string where;
  for (const Measured& m : all) {
    if (m.kernel.where != where) {
      where = m.kernel.where;
      out += fmt::format(
          "\n## {}\n\n| kernel | us | GFLOP/s | GB/s | flop/byte | bound by | share |\n"
          "|---|---:|---:|---:|---:|---|---:|\n",
          where);
    }
    out += fmt::format("| {} | {:.1f} | {:.1f} | {:.1f} | {:.2f} | {} | {:.0f} % |\n", m.kernel.text(), m.seconds * 1e6,
                       m.flops() / 1e9, m.bytes() / m.seconds / 1e9, m.intensity(), bound_by(machine, m),
                       100 * share(machine, m));
  }
  return out;
}

nlohmann::ordered_json to_json(const std::vector<Machine>& machines, const std::vector<Measured>& all) {
  nlohmann::ordered_json out = {{"processor", machines[0].processor}, {"isa", machines[0].isa}};
  for (const Machine& machine : machines) {
    nlohmann::ordered_json entry = {{"threads", machine.threads}, {"peak_gflops", machine.flops / 1e9}};
    for (const MemoryLevel& level : machine.levels)
      entry["levels"].push_back({{"name", level.name},
                                 {"bytes", level.capacity},
                                 {"read_gbytes_per_s", level.read / 1e9},
                                 {"copy_gbytes_per_s", level.copy() / 1e9}});
    out["machines"].push_back(entry);
  }
  for (const Measured& m : all)
    out["kernels"].push_back({{"kernel", m.kernel.text()},
                              {"where", m.kernel.where},
                              {"seconds", m.seconds},
                              {"gflops", m.flops() / 1e9},
                              {"gbytes_per_s", m.bytes() / m.seconds / 1e9},
                              {"bound_by", bound_by(machines.back(), m)},
                              {"share_of_roofline", share(machines.back(), m)}});
  return out;
}

std::vector<Machine> measure_machines() {
  const int threads = kernels::threads();
  std::vector<Machine> machines;
  if (threads > 1) {
    kernels::set_threads(1);
    machines.push_back(measure_machine());
    kernels::set_threads(threads);
  }
  machines.push_back(measure_machine());
  return machines;
}

// Stride 2 doubles the points and stands in the table.
bool is_drawn(const KernelCase& kernel) { return kernel.kind.find("stride 2") == std::string::npos; }

int run(const std::filesystem::path& folder, const std::string& filter, const Effort& effort,
        const CommonFlags& common) {
  const std::vector<KernelCase> cases = cases_with(filter);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw FileError(folder.string() + ": cannot be made a folder (" + error.message() + ")");
  const std::vector<Machine> machines = measure_machines();

  std::vector<Measured> all;
  std::vector<std::pair<std::string, std::vector<Measured>>> drawn;  // a picture a stage
  for (const KernelCase& kernel : cases) {
    if (interrupted()) return 0;
    all.push_back({kernel, median(time_alone(prepare(kernel), effort))});
    if (!common.quiet)
      std::cerr << fmt::format("{:3.0f} % {}\n", 100 * share(machines.back(), all.back()), kernel.line());
    if (!is_drawn(kernel)) continue;
    const std::string stage = kernel.where + ", " + kernel.stage();
    if (drawn.empty() || drawn.back().first != stage) drawn.push_back({stage, {}});
    drawn.back().second.push_back(all.back());
  }

  std::vector<std::string> pictures;
  for (const auto& [stage, points] : drawn) {
    pictures.push_back(pictures.empty() ? "roofline.svg" : fmt::format("roofline-{}.svg", pictures.size() + 1));
    write_atomically(folder / pictures.back(), roofline_svg(machines.back(), points, "Kernels of the " + stage));
  }
  write_atomically(folder / "roofline.md", page(machines, all, pictures));
  if (common.json)
    std::cout << to_json(machines, all).dump() << '\n';
  else
    std::cout << machine_table(machines) << "\nwrote " << (folder / "roofline.md").string() << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string out, filter;
  Effort effort{.samples = 9};
  CommandLine cli("roofline", "Measures this machine and every kernel on it, and draws the roofline.");
  cli.text("--out", out, "DIR", "where roofline.svg and roofline.md go");
  cli.text("--filter", filter, "TEXT", "only kernels whose line (bench_peers --list) holds this");
  cli.number("--samples", effort.samples, {1, 10'000}, "of each kernel");
  cli.example("roofline --out runs/roofline --threads 1", "one core");
  return cli.run(argc, argv, [&](const CommonFlags& common) {
    if (out.empty()) throw UsageError("give a folder: --out DIR");
    return run(out, filter, effort, common);
  });
}
