#include "bench/support/stopwatch.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "bench/support/statistics.h"

namespace nascent::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& run, int calls) {
  const auto start = Clock::now();
  for (int i = 0; i < calls; ++i) run();
  return std::chrono::duration<double>(Clock::now() - start).count() / calls;
}

// Warms up as well.
int calls_a_sample(const std::function<void()>& run, double sample_seconds) {
  run();
  const double one = std::min(seconds_of(run, 1), seconds_of(run, 2));
  return std::clamp(static_cast<int>(std::ceil(sample_seconds / std::max(one, 1e-8))), 1, 1'000'000);
}

}  // namespace

std::vector<double> time_alone(const std::function<void()>& run, const Effort& effort) {
  const int calls = calls_a_sample(run, effort.sample_seconds);
  std::vector<double> samples;
  for (int i = 0; i < effort.samples; ++i) samples.push_back(seconds_of(run, calls));
  return samples;
}

InTurn time_in_turn(const std::function<void()>& ours, const std::function<void()>& theirs, const Effort& effort) {
  const int our_calls = calls_a_sample(ours, effort.sample_seconds);
  const int their_calls = calls_a_sample(theirs, effort.sample_seconds);
  InTurn timings;
  for (int i = 0; i < effort.samples; ++i) {
    const auto sample_ours = [&] { timings.ours.push_back(seconds_of(ours, our_calls)); };
    if (i % 2 == 0) sample_ours();
    timings.theirs.push_back(seconds_of(theirs, their_calls));
    if (i % 2 == 1) sample_ours();
  }
  return timings;
}

Ratio ratio_of(const InTurn& timings) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < timings.ours.size(); ++i) ratios.push_back(timings.theirs[i] / timings.ours[i]);
  return {median(timings.theirs) / median(timings.ours), quantile(ratios, 0.1), quantile(ratios, 0.9)};
}

}  // namespace nascent::bench
