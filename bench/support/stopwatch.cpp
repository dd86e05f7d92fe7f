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

std::vector<std::vector<double>> time_in_turn(const std::vector<std::function<void()>>& sides, const Effort& effort) {
  std::vector<int> calls;
  for (const auto& side : sides) calls.push_back(calls_a_sample(side, effort.sample_seconds));
  std::vector<std::vector<double>> samples(sides.size());
  for (int i = 0; i < effort.samples; ++i)
    for (std::size_t k = 0; k < sides.size(); ++k) {
      const std::size_t side = i % 2 == 0 ? k : sides.size() - 1 - k;
      samples[side].push_back(seconds_of(sides[side], calls[side]));
    }
  return samples;
}

Ratio ratio_of(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(theirs[i] / ours[i]);
  return {median(theirs) / median(ours), quantile(ratios, 0.1), quantile(ratios, 0.9)};
}

}  // namespace nascent::bench
