#pragma once
// Specification of elementwise.h.
#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/parallel.h"

namespace nascent::kernels::reference {

inline constexpr std::int64_t kElementGrain = 16384;  // 64 KB of floats: well inside L2, some 10 microseconds

template <class T>
T unary_value(Unary op, T x) {
  switch (op) {
    case Unary::relu:
      return x < T(0) ? T(0) : x;  // NaN passes
    case Unary::exp:
      return std::exp(x);
    case Unary::log:
      return std::log(x);
    case Unary::sqrt:
      return std::sqrt(x);
    case Unary::sigmoid:
      return T(1) / (T(1) + std::exp(-x));
    case Unary::tanh:
      return std::tanh(x);
    case Unary::negate:
      return -x;
  }
  return x;
}

template <class T>
T binary_value(Binary op, T a, T b) {
  switch (op) {
    case Binary::add:
      return a + b;
    case Binary::subtract:
      return a - b;
    case Binary::multiply:
      return a * b;
    case Binary::divide:
      return a / b;
  }
  return a;
}

template <class T>
void unary(Unary op, std::int64_t n, const T* x, T* y) {
  parallel_ranges(n, kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = unary_value(op, x[i]);
  });
}

template <class T>
void relu_grad(std::int64_t n, const T* dy, const T* x, T* dx) {
  parallel_ranges(n, kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) dx[i] = x[i] > T(0) ? dy[i] : T(0);
  });
}

template <class T>
void binary(Binary op, const BroadcastShape& s, const T* a, const T* b, T* y) {
  std::int64_t n = 1;
  for (const std::int64_t size : s.size) n *= size;
  parallel_ranges(n, kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t rest = i, from_a = 0, from_b = 0;
      for (int axis = BroadcastShape::kAxes - 1; axis >= 0; --axis) {
        from_a += rest % s.size[axis] * s.a_stride[axis];
        from_b += rest % s.size[axis] * s.b_stride[axis];
        rest /= s.size[axis];
      }
      y[i] = binary_value(op, a[from_a], b[from_b]);
    }
  });
}

template <class T>
void affine(std::int64_t n, const T* x, T factor, T offset, T* y) {
  parallel_ranges(n, kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = factor * x[i] + offset;
  });
}

}  // namespace nascent::kernels::reference
