#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/nn/module.h"
#include "engine/ops/mixed_cell.h"
#include "nas/space/space.h"

namespace nascent::nas {

// y = sum over operations k of weights[k] * operation_k(x): the continuous relaxation of a choice. An operation that is
// nullptr (`none`) contributes zero; its weight still takes its share of the softmax.
class MixedEdge {
 public:
  explicit MixedEdge(std::vector<std::unique_ptr<Module>> operations) : operations_(std::move(operations)) {}
  // weights [operations]
  Tensor forward(const Tensor& x, const Tensor& weights, const Context& context) const;
  // x + y in the same pass over memory: x is one more branch, of weight 1.
  Tensor residual(const Tensor& x, const Tensor& weights, const Context& context) const;

  // The same for a mixed cell to compute, whose inputs are given: an operation that it cannot runs here on one of
  // those.
  MixedEdgeOperands operands(const Edge& place, std::span<const Tensor> inputs, const Tensor& weights,
                             std::int64_t stride, const Context& context) const;
  // Takes this edge's statistics off the front of what the cell found.
  void move_statistics(std::span<const BatchStatistics>& batch, std::int64_t values, const Context& context) const;

 private:
  // What the operations that are not `none` make of x, and their weights.
  struct Mix {
    std::vector<Tensor> branches;
    Tensor weights;
  };
  Mix mix(const Tensor& x, const Tensor& weights, const Context& context) const;

  std::vector<std::unique_ptr<Module>> operations_;
};

}  // namespace nascent::nas
