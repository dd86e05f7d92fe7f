#include "engine/nn/conv2d.h"

#include "engine/nn/initial.h"

namespace nascent {

Conv2d::Conv2d(const Scope& scope, const Options& o, Where where)
    : options_{.stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups}, where_(where) {
  expect_sizes("conv2d layer", {o.in, o.out, o.kernel, o.groups}, where);
  if (o.in % o.groups || o.out % o.groups)
    throw ContractError("conv2d layer",
                        "expected channels divisible by " + std::to_string(o.groups) + " groups, got " +
                            std::to_string(o.in) + " in and " + std::to_string(o.out) + " out",
                        where);
  const std::int64_t in = o.in / o.groups;
  weight_ = scope.weight("weight", {o.kernel, o.kernel, in, o.out}, by_fan_in(in * o.kernel * o.kernel),
                         Parameter::Layout::conv, where);
}

Tensor Conv2d::forward(const Tensor& x, const Context&) const { return conv2d(x, weight_, options_, where_); }

DepthwiseConv2d::DepthwiseConv2d(const Scope& scope, const Options& o, Where where)
    : options_{.stride = o.stride, .padding = o.padding, .dilation = o.dilation}, where_(where) {
  expect_sizes("depthwise_conv2d layer", {o.channels, o.kernel}, where);
  weight_ = scope.weight("weight", {o.kernel, o.kernel, o.channels}, by_fan_in(o.kernel * o.kernel),
                         Parameter::Layout::depthwise, where);
}

Tensor DepthwiseConv2d::forward(const Tensor& x, const Context&) const {
  return depthwise_conv2d(x, weight_, options_, where_);
}

}  // namespace nascent
