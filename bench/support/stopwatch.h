#pragma once
// Timings that survive a machine whose speed drifts: samples of equal length, taken in turn, and their medians.
#include <functional>
#include <vector>

namespace nascent::bench {

struct Effort {
  int samples = 15;               // of each side
  double sample_seconds = 0.004;  // at least; a call that takes longer is a sample by itself
};

// Seconds a call, one number a sample, after a warm-up.
std::vector<double> time_alone(const std::function<void()>& run, const Effort& effort = {});

struct InTurn {
  std::vector<double> ours, theirs;  // seconds a call; equal indices are neighbours in time
};
// Ours, theirs, theirs, ours, ours, ...: neither is always the one that finds the caches warm.
InTurn time_in_turn(const std::function<void()>& ours, const std::function<void()>& theirs, const Effort& effort = {});

// theirs / ours: above one, ours is the faster.
struct Ratio {
  double median = 0, low = 0, high = 0;  // low and high: the tenth and the ninetieth percentile of the pairs
};
Ratio ratio_of(const InTurn& timings);

}  // namespace nascent::bench
