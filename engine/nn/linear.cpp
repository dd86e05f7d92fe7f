#include "engine/nn/linear.h"

#include "engine/nn/initial.h"
#include "engine/ops/ops.h"

namespace nascent {

Linear::Linear(const Scope& scope, const Options& options, Where where) : where_(where) {
  expect_sizes("linear layer", {options.in, options.out}, where);
  weight_ = scope.weight("weight", {options.out, options.in}, by_fan_in(options.in), Parameter::Layout::plain, where);
  bias_ = scope.weight("bias", {options.out}, by_fan_in(options.in), Parameter::Layout::plain, where);
}

Tensor Linear::forward(const Tensor& x, const Context&) const { return linear(x, weight_, bias_, where_); }

}  // namespace nascent
