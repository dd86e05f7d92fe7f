#include "nas/search/forecast.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/tensor/buffer_pool.h"
#include "engine/tensor/process_memory.h"
#include "nas/cost/cost.h"

namespace nascent::nas {
namespace {

// As few images as batch norm and both halves allow.
constexpr std::int64_t kSmall = 2, kLarge = 4;

std::string mebibytes(std::size_t bytes) { return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / (1 << 20)); }

struct Trial {
  std::size_t pool_peak = 0, reserved = 0;  // at the worst moment
  std::size_t others = 0;                   // of the process, all that is not in the pool
  std::int64_t parameters = 0, macs_per_image = 0;
};

Trial try_steps(const TrainingData& training, SearchOptions options, std::int64_t batch) {
  const BufferPool& pool = BufferPool::instance();
  options.batch = batch;
  options.epochs = 1;
  // It shall not diverge, and what it learns is thrown away.
  options.bilevel.weights.learning_rate = options.final_learning_rate = options.bilevel.alphas.learning_rate = 0;
  Trial trial;
  int steps = 0;
  const SearchResult result = search(training, options,
                                     {.on_step =
                                          [&](const SearchProgress&) {
                                            ++steps;
                                            const std::size_t resident = resident_bytes();
                                            trial.others =
                                                resident - std::min(resident, pool.report().reserved_bytes());
                                          },
                                      .stop = [&] { return steps == 2; }});
  trial.pool_peak = result.pool_peak;
  trial.reserved = result.pool_peak_reserved;
  const Dataset& data = training.data;
  trial.parameters = result.supernet->store().weight_count();
  trial.macs_per_image =
      count_macs(*result.supernet, result.supernet->store(), {data.channels, data.height, data.width});
  return trial;
}

std::size_t at_batch(std::int64_t batch, std::size_t small, std::size_t large) {
  return large + (large - small) / static_cast<std::size_t>(kLarge - kSmall) * static_cast<std::size_t>(batch - kLarge);
}

// Of the losses a step takes: hypergradient.h tells which.
std::int64_t forward_passes(Order order) { return order == Order::first ? 2 : order == Order::second ? 5 : 4; }

// Whatever happens, the search that follows meets a pool as new.
struct LimitedPool {
  explicit LimitedPool(std::size_t bytes) { BufferPool::instance().set_limit(bytes); }
  ~LimitedPool() {
    BufferPool::instance().set_limit(0);
    BufferPool::instance().release_held();
    BufferPool::instance().reset_peak();
  }
  LimitedPool(const LimitedPool&) = delete;
  LimitedPool& operator=(const LimitedPool&) = delete;
};

Forecast forecast_from_trials(const TrainingData& training, const SearchOptions& options) {
  const std::int64_t half = training.data.size() - training.data.size() / 2;
  const std::int64_t batch = std::min(options.batch, half);
  const bool extrapolate = batch > kLarge;
  const Trial large = try_steps(training, options, extrapolate ? kLarge : batch);
  Forecast f{.parameters = large.parameters,
             .forward_passes = forward_passes(options.bilevel.order),
             .steps_per_epoch = (training.data.size() / 2 + batch - 1) / batch,
             .pool_peak = large.pool_peak};
  f.macs_per_step = large.macs_per_image * batch * f.forward_passes;
  std::size_t reserved = large.reserved;
  if (extrapolate) {
    const Trial small = try_steps(training, options, kSmall);
    f.pool_peak = at_batch(batch, small.pool_peak, large.pool_peak);
    reserved = at_batch(batch, small.reserved, large.reserved);
  }
  f.peak_rss = std::max(large.others + reserved, peak_rss_bytes());
  return f;
}

}  // namespace

Forecast forecast(const TrainingData& training, const SearchOptions& options, std::size_t available) {
  const LimitedPool limited(available);
  try {
    return forecast_from_trials(training, options);
  } catch (const MemoryError&) {
    throw MemoryError(
        fmt::format("this search would need more than the {} of memory there are, already at batch {}; "
                    "choose fewer --channels or --layers, or smaller images",
                    mebibytes(available), std::min(kLarge, options.batch)));
  }
}

}  // namespace nascent::nas
