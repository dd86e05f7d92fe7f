#include "bench/support/machine.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>

#include "bench/support/buffer.h"
#include "bench/support/machine_loops.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"

namespace nascent::bench {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

// As Linux tells it; glibc's sysconf multiplies the third level of some machines. `otherwise` where it does not tell.
std::int64_t cache_bytes(int wanted_level, std::int64_t otherwise) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::ifstream level_file(folder + "level"), type_file(folder + "type"), size_file(folder + "size");
    int level = 0;
    std::int64_t kilobytes = 0;
    std::string type;
    if (level_file >> level && type_file >> type && size_file >> kilobytes && level == wanted_level &&
        type != "Instruction")
      return kilobytes << 10;
  }
  return otherwise;
}

// Seconds a thread needs for body(thread), all threads at work at once: the best of a few tries of a while each, since
// a roof is what the machine can do when nothing disturbs it.
double seconds_together(const std::function<void(std::int64_t thread, std::int64_t repeats)>& body) {
  constexpr double while_seconds = 0.02;
  const auto take = [&](std::int64_t repeats) {
    const auto start = std::chrono::steady_clock::now();
    kernels::parallel_chunks(kernels::threads(), [&](std::int64_t thread) { body(thread, repeats); });
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::int64_t repeats = 1;
  while (take(repeats) < while_seconds) repeats *= 2;
  double best = take(repeats);
  for (int i = 0; i < 9; ++i) best = std::min(best, take(repeats));
  return best / static_cast<double>(repeats);
}

double measure_flops(const MachineLoops& loops, int threads) {
  constexpr std::int64_t rounds = 100'000;
  const double seconds = seconds_together([&](std::int64_t, std::int64_t repeats) {
    for (std::int64_t i = 0; i < repeats; ++i) keep(loops.multiply_add(rounds));
  });
  return loops.flop_a_round * static_cast<double>(rounds * threads) / seconds;
}

// `bytes` is each thread's share.
void measure_bandwidth(const MachineLoops& loops, int threads, std::int64_t bytes, MemoryLevel& level) {
  const std::int64_t count = bytes / 4 / kLoopFloats * kLoopFloats, half = count / 2;
  std::vector<std::unique_ptr<Buffer>> shares;
  for (int i = 0; i < threads; ++i) shares.push_back(std::make_unique<Buffer>(count));
  const double reading = seconds_together([&](std::int64_t thread, std::int64_t repeats) {
    const float* x = shares[static_cast<std::size_t>(thread)]->data();
    for (std::int64_t i = 0; i < repeats; ++i) keep(loops.read(x, count));
  });
  const std::int64_t copied = half / kLoopFloats * kLoopFloats;
  const double copying = seconds_together([&](std::int64_t thread, std::int64_t repeats) {
    float* x = shares[static_cast<std::size_t>(thread)]->data();
    for (std::int64_t i = 0; i < repeats; ++i) {
      loops.copy(x, x + copied, copied);
      keep(x[copied]);
    }
  });
  level.read = 4.0 * static_cast<double>(count * threads) / reading;
  // A copy faster than two readings cannot be told apart into halves; its writing half is then as fast as its reading.
  const double copy = 8.0 * static_cast<double>(copied * threads) / copying;
  const double slowness = 2 / copy - 1 / level.read;
  level.write = slowness > 0 ? 1 / slowness : copy;
}

}  // namespace

const MemoryLevel& Machine::level_of(double bytes) const {
  for (const MemoryLevel& level : levels)
    if (bytes <= static_cast<double>(level.capacity)) return level;
  return levels.back();
}

double Machine::least_seconds(double flop, double read_bytes, double written_bytes) const {
  const MemoryLevel& level = level_of(read_bytes + written_bytes);
  return std::max(flop / flops, read_bytes / level.read + written_bytes / level.write);
}

Machine measure_machine() {
  const int threads = kernels::threads();
  const MachineLoops loops = machine_loops(kernels::isa_name());
  Machine machine{.processor = processor_name(), .isa = kernels::isa_name(), .threads = threads, .levels = {}};
  machine.flops = measure_flops(loops, threads);
  const std::int64_t l1 = cache_bytes(1, 32 << 10), l2 = cache_bytes(2, 1 << 20), l3 = cache_bytes(3, 32 << 20);
  // L1 and L2 are each core's own, L3 is shared. Half of a level is what a measurement can count on.
  for (const auto& [name, capacity, share] :
       {std::tuple{"L1", l1 * threads, l1 / 2}, std::tuple{"L2", l2 * threads, l2 / 2},
        std::tuple{"L3", l3, l3 / 2 / threads}, std::tuple{"DRAM", 4 * l3, 4 * l3 / threads}}) {
    MemoryLevel level{.name = name, .capacity = capacity};
    measure_bandwidth(loops, threads, share, level);
    machine.levels.push_back(level);
  }
  return machine;
}

}  // namespace nascent::bench
