#include "nas/space/skeleton.h"

namespace nascent::nas {

std::vector<CellPlan> plan_cells(const Skeleton& skeleton, const CellOutputs& outputs) {
  std::vector<CellPlan> plan;
  std::int64_t before_previous = skeleton.stem_channels, previous = skeleton.stem_channels;
  std::int64_t channels = skeleton.channels;
  bool after_reduction = false;
  for (std::int64_t i = 0; i < skeleton.layers; ++i) {
    const bool reduction = i == skeleton.layers / 3 || i == 2 * skeleton.layers / 3;
    if (reduction) channels *= 2;
    plan.push_back({before_previous, previous, channels, reduction, after_reduction});
    before_previous = previous;
    previous = channels * (reduction ? outputs.reduce : outputs.normal);
    after_reduction = reduction;
  }
  return plan;
}

std::int64_t output_channels(const std::vector<CellPlan>& plan, const CellOutputs& outputs) {
  const CellPlan& last = plan.back();
  return last.channels * (last.reduction ? outputs.reduce : outputs.normal);
}

}  // namespace nascent::nas
