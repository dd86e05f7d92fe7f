#include "nas/space/cell_inputs.h"

namespace nascent::nas {

CellInputs::CellInputs(const Scope& scope, const CellPlan& plan, bool affine) {
  const BlockOptions pre0{.in = plan.before_previous, .out = plan.channels, .affine = affine};
  pre0_ = plan.after_reduction ? make_factorized_reduce(scope / "pre0", pre0) : make_relu_conv_bn(scope / "pre0", pre0);
  pre1_ = make_relu_conv_bn(scope / "pre1", {.in = plan.previous, .out = plan.channels, .affine = affine});
}

CellInputs::States CellInputs::forward(const Tensor& before_previous, const Tensor& previous,
                                       const Context& context) const {
  return {pre0_->forward(before_previous, context), pre1_->forward(previous, context)};
}

CellInputs::States CellInputs::forward_fused(std::span<const Tensor> before_previous, std::span<const Tensor> previous,
                                             const Context& context) const {
  return {pre0_->forward_fused(before_previous, context), pre1_->forward_fused(previous, context)};
}

}  // namespace nascent::nas
