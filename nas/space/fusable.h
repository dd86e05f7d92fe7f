#pragma once
// An operation that a mixed cell can compute with its others in one op (engine/ops/mixed_cell.h).
#include <span>

#include "engine/nn/module.h"
#include "engine/ops/mixed_cell.h"

namespace nascent::nas {

class Fusable : public Module {
 public:
  // What this operation is to a mixed cell; its place among the weights is the caller's to fill in.
  virtual MixedBranch branch() const = 0;
  // How many batch norms the branch has, and what the cell found for them: moves their running statistics.
  virtual std::size_t norms() const = 0;
  virtual void move_statistics(std::span<const BatchStatistics> batch, std::int64_t values,
                               const Context& context) const = 0;
};

// Adds an operation to an edge as its branch with that weight. One that cannot be fused (a factorized reduce) runs
// here on the edge's source (undefined: a node, which is not there yet; refused), and the cell adds its output as a
// skip; an edge can hold one of those.
void add_branch(MixedEdgeOperands& edge, const Module& operation, const Tensor& source, std::int64_t weight,
                const Context& context);
// Takes what the cell found for an operation's batch norms off the front.
void move_statistics(const Module& operation, std::span<const BatchStatistics>& batch, std::int64_t values,
                     const Context& context);

}  // namespace nascent::nas
