#pragma once
#include <memory>

#include "nas/space/blocks.h"
#include "nas/space/skeleton.h"

namespace nascent::nas {

// Brings the outputs of the two cells before to this cell's size and channels: SCOPE.pre0 (a factorized reduce after a
// reduction cell) and SCOPE.pre1.
class CellInputs {
 public:
  CellInputs(const Scope& scope, const CellPlan& plan, bool affine);
  struct States {
    Tensor s0, s1;
  };
  States forward(const Tensor& before_previous, const Tensor& previous, const Context& context) const;
  // The same of outputs in parts, side by side along the channels, fused. In Phase::train.
  States forward_fused(std::span<const Tensor> before_previous, std::span<const Tensor> previous,
                       const Context& context) const;

 private:
  std::unique_ptr<Projection> pre0_, pre1_;
};

}  // namespace nascent::nas
