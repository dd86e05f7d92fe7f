#pragma once
// For references in plain loops: tensors made and read element by element, by their coordinates.
#include <array>

#include "engine/tensor/tensor.h"

namespace nascent::plain {

using Index = std::array<std::int64_t, Shape::kMaxRank>;

inline std::int64_t offset(const Shape& shape, const Index& index) {
  std::int64_t o = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) o = o * shape[axis] + index[axis];
  return o;
}

// Calls f(index) for each element of a shape in memory order.
template <class F>
void each(const Shape& shape, const F& f) {
  for (std::int64_t i = 0, n = shape.elements(); i < n; ++i) {
    Index index{};
    std::int64_t rest = i;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      index[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    f(index);
  }
}

template <class F>
Tensor make(const Shape& shape, const F& value) {
  Tensor t = Tensor::empty(shape, DType::f64);
  double* out = t.mutable_data<double>();
  each(shape, [&](const Index& index) { *out++ = value(index); });
  return t;
}

inline double at(const Tensor& t, const Index& index) { return t.at(offset(t.shape(), index)); }

// The element of t that NumPy's rule pairs with `index` of a result of rank `rank`.
inline double stretched(const Tensor& t, const Index& index, int rank) {
  Index own{};
  for (int axis = 1; axis <= t.shape().rank(); ++axis)
    own[t.shape().rank() - axis] = t.shape()[-axis] == 1 ? 0 : index[rank - axis];
  return at(t, own);
}

}  // namespace nascent::plain
