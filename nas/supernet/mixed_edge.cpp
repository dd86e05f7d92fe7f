#include "nas/supernet/mixed_edge.h"

#include "engine/ops/ops.h"

namespace nascent::nas {

Tensor MixedEdge::forward(const Tensor& x, const Tensor& weights, const Context& context) const {
  std::vector<Tensor> branches;
  std::int64_t first = 0;  // spaces list `none` first, so the weights in use are one slice
  for (const auto& operation : operations_) {
    if (operation)
      branches.push_back(operation->forward(x, context));
    else if (branches.empty())
      ++first;
    else
      throw std::logic_error("`none` must come first among an edge's operations");
  }
  const auto count = static_cast<std::int64_t>(operations_.size());
  return weighted_sum(first == 0 ? weights : slice(weights, {.axis = 0, .begin = first, .end = count}), branches);
}

}  // namespace nascent::nas
