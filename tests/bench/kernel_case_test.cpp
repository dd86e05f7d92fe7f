#include <set>

#include "bench/support/kernel_case.h"
#include "bench/support/machine.h"
#include "bench/support/statistics.h"
#include "bench/support/stopwatch.h"
#include "tests/bench/programs.h"

using namespace nascent::bench;

namespace {

KernelCase case_of(const std::string& text) {
  for (const KernelCase& kernel : kernel_cases())
    if (kernel.text() == text) return kernel;
  FAIL("no case " << text);
  return {};
}

}  // namespace

TEST_CASE("each kernel is timed once, on both networks and both image sizes") {
  std::set<std::string> texts, places;
  for (const KernelCase& kernel : kernel_cases()) {
    INFO(kernel.text());
    CHECK(texts.insert(kernel.text()).second);
    CHECK(kernel.read_bytes > 0);
    CHECK(kernel.written_bytes > 0);
    places.insert(kernel.where);
  }
  CHECK(places == std::set<std::string>{"search 32x32", "search 28x28", "final 32x32", "final 28x28"});
}

TEST_CASE("the work of a case is that of its formula") {
  const KernelCase point = case_of("conv 1x1, forward, 64x32x32x16->16");
  CHECK(point.flop == 2.0 * 64 * 32 * 32 * 16 * 16);
  CHECK(point.read_bytes == 4 * (64 * 32 * 32 * 16 + 16 * 16));
  CHECK(point.written_bytes == 4 * 64 * 32 * 32 * 16);
  const KernelCase weights = case_of("conv 1x1, weight gradient, 64x32x32x16->16");
  CHECK(weights.read_bytes == 2 * point.written_bytes);
  CHECK(weights.written_bytes == 4 * 16 * 16);
  const KernelCase halved = case_of("depthwise 5x5 stride 2, input gradient, 96x16x16x72");
  CHECK(halved.flop == 2.0 * 96 * 8 * 8 * 72 * 25);
  CHECK(halved.read_bytes == 4 * (96 * 8 * 8 * 72 + 25 * 72));
  CHECK(halved.written_bytes == 4 * 96 * 16 * 16 * 72);
  const KernelCase pool = case_of("max pool 3x3, forward, 64x8x8x64");
  CHECK(pool.written_bytes == 5 * 64 * 8 * 8 * 64);
  CHECK(pool.flop == 9.0 * 64 * 8 * 8 * 64);
  const KernelCase norm = case_of("batch norm, input gradient, 64x8x8x64");
  CHECK(norm.read_bytes == 4 * 4.0 * 64 * 8 * 8 * 64);
  CHECK(norm.read_passes == 2);
  const KernelCase mix = case_of("mix 4 edges, forward, 64x8x8x64");
  CHECK(mix.read_bytes == 4 * 17.0 * 64 * 8 * 8 * 64);
  CHECK(mix.written_bytes == 4 * 4.0 * 64 * 8 * 8 * 64);
  CHECK(mix.flop == (4 * 7 * 2 + 2 * 9) * 64.0 * 8 * 8 * 64);
  const KernelCase sums = case_of("mix 1 edge, backward, 64x8x8x64");
  CHECK(sums.read_bytes == 4 * 6.0 * 64 * 8 * 8 * 64);
  CHECK(sums.written_bytes == 8 * 8.0 * 64);
}

TEST_CASE("a ratio is above one where ours is the faster") {
  const Ratio ratio = ratio_of({.ours = {1, 2, 1}, .theirs = {3, 3, 3}});
  CHECK(ratio.median == 3);
  CHECK(ratio.low < ratio.high);
  CHECK(ratio.high == 3);
}

TEST_CASE("medians, quantiles and geometric means") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK(quantile({0, 10}, 0.1) == 1);
  CHECK(quantile({5}, 0.9) == 5);
  CHECK(geometric_mean({2, 8}) == Approx(4));
}

TEST_CASE("the roof is the slower of arithmetic and traffic, in the level that holds the data") {
  const Machine machine{.processor = "",
                        .isa = "",
                        .threads = 1,
                        .flops = 100,
                        .levels = {{"L2", 1000, 50, 25}, {"DRAM", 100000, 10, 5}}};
  CHECK(machine.level_of(1000).name == "L2");
  CHECK(machine.level_of(1001).name == "DRAM");
  CHECK(machine.level_of(1e9).name == "DRAM");
  CHECK(machine.least_seconds(1000, 100, 100) == 10);
  CHECK(machine.least_seconds(0, 100, 100) == 6);
  CHECK(machine.levels[0].copy() == Approx(2 / (1.0 / 50 + 1.0 / 25)));
}
