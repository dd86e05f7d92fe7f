#include "examples/support/forecast_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "examples/support/numbers.h"

namespace nascent::examples {

std::string forecast_text(const nas::MemoryPlan& plan, const nas::SearchOptions& options, std::size_t limit) {
  const nas::Forecast& f = plan.forecast;
  return fmt::format(
      "peak memory   {}, of them {} for the tensors of a step; {} may be used; {} recomputed\n"
      "supernet      {} parameters\n"
      "step          {} multiply-adds in {} forward passes; backward is about twice as many again\n"
      "search        {} an epoch, {}\n",
      mebibytes(f.peak_rss), mebibytes(f.pool_peak), mebibytes(limit), counted(plan.recomputed_cells, "cell"),
      grouped(f.parameters), grouped(f.macs_per_step), f.forward_passes, counted(f.steps_per_epoch, "step"),
      counted(options.epochs, "epoch"));
}

std::string forecast_json(const nas::MemoryPlan& plan, const nas::SearchOptions& options, std::size_t limit) {
  const nas::Forecast& f = plan.forecast;
  return nlohmann::ordered_json{{"peak_rss_bytes", f.peak_rss},     {"pool_peak_bytes", f.pool_peak},
                                {"memory_limit_bytes", limit},      {"recomputed_cells", plan.recomputed_cells},
                                {"parameters", f.parameters},       {"forward_passes", f.forward_passes},
                                {"macs_per_step", f.macs_per_step}, {"steps_per_epoch", f.steps_per_epoch},
                                {"epochs", options.epochs}}
      .dump();
}

}  // namespace nascent::examples
