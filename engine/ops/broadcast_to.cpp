#include "engine/autograd/op.h"
#include "engine/ops/broadcast.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

const Op kBroadcastTo{"broadcast_to", "dx = sum of dy over the stretched axes"};

void set_strides(const Shape& operand, const Shape& result, std::int64_t (&strides)[kernels::BroadcastShape::kAxes]) {
  std::int64_t stride = 1;
  for (int axis = 1; axis <= operand.rank(); ++axis) {
    const std::int64_t size = operand[-axis];
    strides[kernels::BroadcastShape::kAxes - axis] = size == 1 && result[-axis] != 1 ? 0 : stride;
    stride *= size;
  }
}

}  // namespace

kernels::BroadcastShape broadcast_strides(const Shape& a, const Shape& b, const Shape& result) {
  kernels::BroadcastShape s;
  for (int axis = 1; axis <= result.rank(); ++axis) s.size[kernels::BroadcastShape::kAxes - axis] = result[-axis];
  set_strides(a, result, s.a_stride);
  set_strides(b, result, s.b_stride);
  return s;
}

Tensor sum_to(const Tensor& dy, const Shape& shape) {
  if (dy.shape() == shape) return dy;
  Axes stretched;
  const int extra = dy.shape().rank() - shape.rank();
  for (int axis = 0; axis < dy.shape().rank(); ++axis)
    if (axis < extra || shape[axis - extra] != dy.shape()[axis]) stretched.axes.push_back(axis);
  return reshape(sum(dy, stretched), shape);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, Where where) {
  expect_operands(kBroadcastTo.name, {&x}, where);
  Shape result;
  if (!broadcast_shape(x.shape(), shape, result) || result != shape)
    broken(kBroadcastTo.name, "cannot stretch " + x.shape().text() + " to " + shape.text(), where);
  if (x.shape() == shape) return x;
  Tensor y = Tensor::empty(shape, x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T one = 1;  // x * 1 is x to the bit, the sign of zero included
    kernels::binary(kernels::Binary::multiply, broadcast_strides(x.shape(), {}, shape), x.data<T>(), &one,
                    y.mutable_data<T>());
  });
  return record(kBroadcastTo, {x}, y, {.rule = [from = x.shape()](Vjp& v) { v.add(0, sum_to(v.dy(), from)); }}, where);
}

}  // namespace nascent
