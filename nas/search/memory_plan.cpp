#include "nas/search/memory_plan.h"

#include <fmt/format.h>

namespace nascent::nas {

MemoryPlan plan_memory(const std::function<Forecast(std::int64_t recomputed_cells)>& forecast, std::int64_t cells,
                       std::size_t limit, std::int64_t batch) {
  MemoryPlan plan{0, forecast(0)};
  if (plan.forecast.peak_rss <= limit) return plan;
  if (cells > 0) plan = {cells, forecast(cells)};
  if (plan.forecast.peak_rss > limit)
    throw MemoryError(
        fmt::format("this search takes at least {:.0f} MiB of memory at batch {}{}, and may take {:.0f} MiB; "
                    "choose a smaller --batch, fewer --channels or --layers",
                    static_cast<double>(plan.forecast.peak_rss) / (1 << 20), batch,
                    cells > 0 ? ", however much is recomputed" : "", static_cast<double>(limit) / (1 << 20)));
  for (std::int64_t too_few = 0; plan.recomputed_cells - too_few > 1;) {
    const std::int64_t middle = (too_few + plan.recomputed_cells) / 2;
    if (const Forecast f = forecast(middle); f.peak_rss <= limit)
      plan = {middle, f};
    else
      too_few = middle;
  }
  return plan;
}

MemoryPlan plan_memory(const TrainingData& training, const SearchOptions& options, std::size_t limit,
                       std::size_t available) {
  const auto forecast_with = [&](std::int64_t recomputed) {
    SearchOptions changed = options;
    changed.recomputed_cells = recomputed;
    return forecast(training, changed, available);
  };
  const bool can_recompute = options.fuse && options.space == "darts";
  return plan_memory(forecast_with, can_recompute ? options.layers : 0, limit, options.batch);
}

}  // namespace nascent::nas
