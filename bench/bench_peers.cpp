// Every kernel beside oneDNN's, in one process, sample by sample in turn, on the same threads; by itself where oneDNN
// has none.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/peers/onednn.h"
#include "bench/support/machine.h"
#include "bench/support/plain_pass.h"
#include "bench/support/statistics.h"
#include "bench/support/stopwatch.h"
#include "engine/tensor/error.h"
#include "examples/support/cli.h"
#include "examples/support/run_program.h"
#include "examples/support/table.h"

using namespace nascent;
using namespace nascent::bench;
using namespace nascent::examples;

namespace {

struct Against {
  std::string implementation, layout;
  double seconds = 0;  // median
  Ratio ratio;
};

struct Row {
  KernelCase kernel;
  double ours = 0;                   // seconds, median
  std::optional<Against> peer = {};  // none: oneDNN cannot
  double share = 0;                  // of the roofline that ours reaches
  double pass = 0;                   // what a plain pass over as many bytes takes, by the time of ours
};

Row measure(const KernelCase& kernel, const Machine& machine, const Effort& effort) {
  Row row{.kernel = kernel};
  if (const std::vector<Peer> peers = onednn_peers(kernel); !peers.empty()) {
    const Peer peer = fastest(peers);
    const InTurn timings = time_in_turn(prepare(kernel), peer.run, effort);
    row.ours = median(timings.ours);
    row.peer = {peer.implementation, peer.layout, median(timings.theirs), ratio_of(timings)};
  } else {
    row.ours = median(time_alone(prepare(kernel), effort));
  }
  // Not in turn with them: a third side's tensors would drive theirs, or ours, out of the caches.
  row.pass = median(time_alone(plain_pass(kernel), effort)) / row.ours;
  row.share = machine.least_seconds(kernel.flop, kernel.read_bytes, kernel.written_bytes) / row.ours;
  return row;
}

std::string rate(double amount, double seconds) {
  return amount > 0 ? fmt::format("{:.1f}", amount / seconds / 1e9) : "";
}

Table table_of(const std::vector<Row>& rows) {
  Table table({{"kernel"},
               {"where"},
               {"us", Align::right},
               {"GFLOP/s", Align::right},
               {"GB/s", Align::right},
               {"roofline", Align::right},
               {"plain pass", Align::right},
               {"oneDNN us", Align::right},
               {"ratio", Align::right},
               {"10 to 90 %", Align::right},
               {"oneDNN's implementation"}});
  for (const Row& row : rows) {
    std::vector<std::string> cells{row.kernel.text(),
                                   row.kernel.where,
                                   fmt::format("{:.1f}", row.ours * 1e6),
                                   rate(row.kernel.flop, row.ours),
                                   rate(row.kernel.read_bytes + row.kernel.written_bytes, row.ours),
                                   fmt::format("{:.0f} %", 100 * row.share),
                                   fmt::format("{:.0f} %", 100 * row.pass)};
    if (const auto& peer = row.peer)
      cells.insert(cells.end(), {fmt::format("{:.1f}", peer->seconds * 1e6), fmt::format("{:.2f}", peer->ratio.median),
                                 fmt::format("{:.2f} to {:.2f}", peer->ratio.low, peer->ratio.high),
                                 peer->implementation + " " + peer->layout});
    else
      cells.insert(cells.end(), {"–", "–", "–", "none"});
    table.row(cells);
  }
  return table;
}

struct Group {
  std::string implementation, kind;
  double mean = 0, least = 0;
  std::string worst;
  std::size_t rows = 0;
};

// One a family and face and kind of implementation: "depthwise forward".
std::vector<Group> groups_of(const std::vector<Row>& rows) {
  std::map<std::pair<std::string, std::string>, std::vector<const Row*>> members;
  for (const Row& row : rows) {
    if (!row.peer) continue;
    const std::string family = row.kernel.kind.substr(0, row.kernel.kind.find_first_of("0123456789"));
    const std::string kind = family + (family.ends_with(' ') ? "" : " ") + name(row.kernel.face);
    const std::string implementation = name(kind_of(row.peer->implementation));
    members[{implementation, kind}].push_back(&row);
    members[{implementation, "all"}].push_back(&row);
  }
  std::vector<Group> groups;
  for (const auto& [key, of_group] : members) {
    std::vector<double> ratios;
    for (const Row* row : of_group) ratios.push_back(row->peer->ratio.median);
    const auto worst = std::min_element(ratios.begin(), ratios.end());
    groups.push_back({key.first, key.second, geometric_mean(ratios), *worst,
                      of_group[static_cast<std::size_t>(worst - ratios.begin())]->kernel.text(), ratios.size()});
  }
  return groups;
}

nlohmann::ordered_json to_json(const std::vector<Row>& rows, const std::vector<Group>& groups, const Machine& machine) {
  nlohmann::ordered_json out = {{"processor", machine.processor},
                                {"isa", machine.isa},
                                {"threads", machine.threads},
                                {"onednn", onednn_version()},
                                {"peak_gflops", machine.flops / 1e9},
                                {"rows", nlohmann::ordered_json::array()},
                                {"groups", nlohmann::ordered_json::array()}};
  for (const Row& row : rows) {
    out["rows"].push_back({{"kernel", row.kernel.text()},
                           {"kind", row.kernel.kind},
                           {"face", name(row.kernel.face)},
                           {"where", row.kernel.where},
                           {"seconds", row.ours},
                           {"gflops", row.kernel.flop / row.ours / 1e9},
                           {"gbytes_per_s", (row.kernel.read_bytes + row.kernel.written_bytes) / row.ours / 1e9},
                           {"share_of_roofline", row.share},
                           {"share_of_plain_pass", row.pass}});
    if (const auto& peer = row.peer)
      out["rows"].back().update({{"onednn_seconds", peer->seconds},
                                 {"onednn_implementation", peer->implementation},
                                 {"onednn_layout", peer->layout},
                                 {"ratio", peer->ratio.median},
                                 {"ratio_low", peer->ratio.low},
                                 {"ratio_high", peer->ratio.high}});
  }
  for (const Group& group : groups)
    out["groups"].push_back({{"implementation", group.implementation},
                             {"kind", group.kind},
                             {"rows", group.rows},
                             {"geometric_mean", group.mean},
                             {"least", group.least},
                             {"worst", group.worst}});
  return out;
}

int run(const std::string& filter, const Effort& effort, const CommonFlags& common) {
  const std::vector<KernelCase> cases = cases_with(filter);
  const Machine machine = measure_machine();
  std::vector<Row> rows;
  for (const KernelCase& kernel : cases) {
    if (interrupted()) return 0;
    rows.push_back(measure(kernel, machine, effort));
    if (common.quiet) continue;
    const auto& peer = rows.back().peer;
    std::cerr << fmt::format("{}/{} {} {}\n", rows.size(), cases.size(),
                             peer ? fmt::format("{:.2f}", peer->ratio.median) : "–   ", kernel.line());
  }
  const std::vector<Group> groups = groups_of(rows);
  if (common.json) {
    std::cout << to_json(rows, groups, machine).dump() << '\n';
    return 0;
  }
  std::cout << fmt::format(
                   "oneDNN {}, {}, {} threads, {}; peak {:.0f} GFLOP/s. Ratio: oneDNN's time / ours.\n"
                   "Plain pass: the time of a loop that only reads and writes as many bytes / ours.\n\n",
                   onednn_version(), machine.isa, machine.threads, machine.processor, machine.flops / 1e9)
            << table_of(rows).text();
  if (groups.empty()) return 0;
  Table summary({{"against oneDNN's"},
                 {"kernels"},
                 {"rows", Align::right},
                 {"geometric mean", Align::right},
                 {"least", Align::right},
                 {"at"}});
  for (const Group& group : groups)
    summary.row({group.implementation, group.kind, std::to_string(group.rows), fmt::format("{:.2f}", group.mean),
                 fmt::format("{:.2f}", group.least), group.worst});
  std::cout << '\n' << summary.text();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string filter;
  Effort effort;
  double milliseconds = effort.sample_seconds * 1e3;
  bool list = false;
  CommandLine cli("bench_peers", "Times every kernel beside oneDNN's, in turn, and by itself where oneDNN has none.");
  cli.text("--filter", filter, "TEXT", "only kernels whose line (--list) holds this");
  cli.number("--samples", effort.samples, {1, 10'000}, "of each side and kernel");
  cli.number("--milliseconds", milliseconds, {0.001, 10'000.0}, "of a sample, at least");
  cli.flag("--list", list, "print the lines and time nothing");
  cli.example("bench_peers --threads 1 --filter depthwise", "one family");
  cli.example("bench_peers --filter 'search 32x32, conv 1x1'", "one kernel of the search");
  return cli.run(argc, argv, [&](const CommonFlags& common) {
    if (list) {
      for (const KernelCase& kernel : kernel_cases()) std::cout << kernel.line() << '\n';
      return 0;
    }
    effort.sample_seconds = milliseconds / 1e3;
    return run(filter, effort, common);
  });
}
