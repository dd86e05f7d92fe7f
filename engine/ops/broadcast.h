#pragma once
// Two sides of one linear map: what broadcasting stretches forward is summed backward.
#include "engine/tensor/tensor.h"
#include "kernels/elementwise.h"

namespace nascent {

// How a kernel walks operands of shapes a and b that are stretched to `result`.
kernels::BroadcastShape broadcast_strides(const Shape& a, const Shape& b, const Shape& result);

// The gradient of an operand of shape `shape` that was stretched to dy's shape: dy summed over the stretched axes.
Tensor sum_to(const Tensor& dy, const Shape& shape);

}  // namespace nascent
