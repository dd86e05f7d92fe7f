#pragma once
#include "engine/tensor/tensor.h"

namespace nascent {

// 1/sqrt(variance + epsilon), what batch norms multiply by. The root is taken in double: its error must not depend on
// the element type's rounding of variance + epsilon.
inline Tensor reciprocal_deviation(const Tensor& variance, double epsilon) {
  Tensor rstd = Tensor::empty(variance.shape(), variance.dtype());
  visit(variance.dtype(), [&](auto zero) {
    using T = decltype(zero);
    rstd.mutable_array<T>() = (variance.array<T>().template cast<double>() + epsilon).rsqrt().template cast<T>();
  });
  return rstd;
}

}  // namespace nascent
