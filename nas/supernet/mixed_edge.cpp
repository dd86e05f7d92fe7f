#include "nas/supernet/mixed_edge.h"

#include "engine/ops/ops.h"
#include "nas/space/fusable.h"

namespace nascent::nas {

MixedEdge::Mix MixedEdge::mix(const Tensor& x, const Tensor& weights, const Context& context) const {
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
  return {std::move(branches), first == 0 ? weights : slice(weights, {.axis = 0, .begin = first, .end = count})};
}

Tensor MixedEdge::forward(const Tensor& x, const Tensor& weights, const Context& context) const {
  const Mix mixed = mix(x, weights, context);
  return weighted_sum(mixed.weights, mixed.branches);
}

Tensor MixedEdge::residual(const Tensor& x, const Tensor& weights, const Context& context) const {
  Mix mixed = mix(x, weights, context);
  mixed.branches.push_back(x);
  const Tensor parts[] = {mixed.weights, Tensor::full({1}, 1, weights.dtype())};
  return weighted_sum(concat(parts), mixed.branches);
}

MixedEdgeOperands MixedEdge::operands(const Edge& place, std::span<const Tensor> inputs, const Tensor& weights,
                                      std::int64_t stride, const Context& context) const {
  MixedEdgeOperands edge{.source = place.source, .target = place.target, .weights = weights, .stride = stride};
  const auto source = static_cast<std::size_t>(place.source);
  for (std::size_t k = 0; k < operations_.size(); ++k)
    if (operations_[k])
      add_branch(edge, *operations_[k], source < inputs.size() ? inputs[source] : Tensor{},
                 static_cast<std::int64_t>(k), context);
  return edge;
}

void MixedEdge::move_statistics(std::span<const BatchStatistics>& batch, std::int64_t values,
                                const Context& context) const {
  for (const auto& operation : operations_)
    if (operation) nas::move_statistics(*operation, batch, values, context);
}

}  // namespace nascent::nas
