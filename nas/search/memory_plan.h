#pragma once
// Memory against time: cells that keep only their states compute the rest again on the way back, with the
// same bits.
#include <functional>

#include "nas/search/forecast.h"

namespace nascent::nas {

struct MemoryPlan {
  std::int64_t recomputed_cells = 0;
  Forecast forecast = {};
};

// The fewest of `cells` cells to recompute so that a search takes at most `limit` bytes, by bisection: `forecast` tells
// what it takes with so many of them, never more with more. MemoryError when even all of them are not enough; it names
// the least that would be, and `batch`, which decides it.
MemoryPlan plan_memory(const std::function<Forecast(std::int64_t recomputed_cells)>& forecast, std::int64_t cells,
                       std::size_t limit, std::int64_t batch);

// The same for a search with these options: cells of a fused supernet of the darts space can be recomputed.
// `available` is what its trials may take, in bytes.
MemoryPlan plan_memory(const TrainingData& training, const SearchOptions& options, std::size_t limit,
                       std::size_t available);

}  // namespace nascent::nas
