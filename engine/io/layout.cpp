#include "engine/io/layout.h"

#include <array>
#include <string>

namespace nascent {
namespace {

// Axis i of the result is axis order[i] of x.
Tensor permuted(const char* who, const Tensor& x, std::array<int, 4> order, const Where& where) {
  if (!x.defined() || x.shape().rank() != 4)
    throw ContractError(who, "expected a tensor with 4 axes, got " + x.shape().text(), where);
  std::array<std::int64_t, 4> stride{1, 1, 1, 1}, step{};
  for (int axis = 2; axis >= 0; --axis) stride[axis] = stride[axis + 1] * x.shape()[axis + 1];
  Shape shape = x.shape();
  for (int axis = 0; axis < 4; ++axis) {
    shape[axis] = x.shape()[order[axis]];
    step[axis] = stride[order[axis]];
  }
  Tensor y = Tensor::empty(shape, x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    for (std::int64_t i = 0; i < shape[0]; ++i)
      for (std::int64_t j = 0; j < shape[1]; ++j)
        for (std::int64_t k = 0; k < shape[2]; ++k)
          for (std::int64_t l = 0; l < shape[3]; ++l)
            *to++ = from[i * step[0] + j * step[1] + k * step[2] + l * step[3]];
  });
  return y;
}

}  // namespace

Tensor nchw_to_nhwc(const Tensor& images, Where where) { return permuted("nchw_to_nhwc", images, {0, 2, 3, 1}, where); }
Tensor nhwc_to_nchw(const Tensor& images, Where where) { return permuted("nhwc_to_nchw", images, {0, 3, 1, 2}, where); }
Tensor oihw_to_hwio(const Tensor& weight, Where where) { return permuted("oihw_to_hwio", weight, {2, 3, 1, 0}, where); }
Tensor hwio_to_oihw(const Tensor& weight, Where where) { return permuted("hwio_to_oihw", weight, {3, 2, 0, 1}, where); }

Tensor c1hw_to_hwc(const Tensor& weight, Where where) {
  const Shape& s = weight.shape();
  if (s.rank() != 4 || s[1] != 1)
    throw ContractError("c1hw_to_hwc", "expected depthwise weights [c, 1, kh, kw], got " + s.text(), where);
  return permuted("c1hw_to_hwc", weight, {2, 3, 1, 0}, where).view({s[2], s[3], s[0]});
}

Tensor hwc_to_c1hw(const Tensor& weight, Where where) {
  const Shape& s = weight.shape();
  if (s.rank() != 3)
    throw ContractError("hwc_to_c1hw", "expected depthwise weights [kh, kw, c], got " + s.text(), where);
  return permuted("hwc_to_c1hw", weight.view({s[0], s[1], 1, s[2]}), {3, 2, 0, 1}, where);
}

}  // namespace nascent
