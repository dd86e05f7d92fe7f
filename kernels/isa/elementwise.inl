// Plain loops the compiler vectorises: one pass over memory, well below 1 FLOP/byte, memory-bound. The transcendental
// functions are the C library's, one call an element: they stand on logits and gates, not on images.
#pragma once
#include "kernels/elementwise.h"
#include "kernels/isa/lanes.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

template <class Function>
NASCENT_INLINE void map(std::int64_t n, const float* x, float* y, const Function& function) {
  parallel_ranges(n, kFlatGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = function(x[i]);
  });
}

void unary(Unary op, std::int64_t n, const float* x, float* y) {
  switch (op) {
    case Unary::relu:
      return map(n, x, y, [](float v) { return v < 0 ? 0 : v; });  // NaN passes
    case Unary::exp:
      return map(n, x, y, [](float v) { return __builtin_expf(v); });
    case Unary::log:
      return map(n, x, y, [](float v) { return __builtin_logf(v); });
    case Unary::sqrt:
      return map(n, x, y, [](float v) { return __builtin_sqrtf(v); });
    case Unary::sigmoid:
      return map(n, x, y, [](float v) { return 1 / (1 + __builtin_expf(-v)); });
    case Unary::tanh:
      return map(n, x, y, [](float v) { return __builtin_tanhf(v); });
    case Unary::negate:
      return map(n, x, y, [](float v) { return -v; });
  }
}

void relu_grad(std::int64_t n, const float* dy, const float* x, float* dx) {
  parallel_ranges(n, kFlatGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float g = dy[i];
      dx[i] = x[i] > 0 ? g : 0;
    }
  });
}

void affine(std::int64_t n, const float* x, float factor, float offset, float* y) {
  map(n, x, y, [=](float v) { return factor * v + offset; });
}

// The axes of a broadcast with those of size 1 dropped and neighbours that both operands walk alike joined.
struct MergedAxes {
  int count = 0;
  std::int64_t size[BroadcastShape::kAxes], a[BroadcastShape::kAxes], b[BroadcastShape::kAxes], total = 1;
};
inline MergedAxes merge_axes(const BroadcastShape& s) {
  MergedAxes m;
  for (int axis = 0; axis < BroadcastShape::kAxes; ++axis) {
    const std::int64_t size = s.size[axis], a = s.a_stride[axis], b = s.b_stride[axis];
    m.total *= size;
    if (size == 1) continue;
    const int last = m.count - 1;
    if (last >= 0 && m.a[last] == a * size && m.b[last] == b * size) {
      m.size[last] *= size, m.a[last] = a, m.b[last] = b;
      continue;
    }
    m.size[m.count] = size, m.a[m.count] = a, m.b[m.count] = b;
    ++m.count;
  }
  if (m.count == 0) m.size[0] = 1, m.a[0] = m.b[0] = 0, m.count = 1;
  return m;
}

// One innermost row with constant strides where they are the usual 0 and 1, so that each loop vectorises.
template <class Function>
NASCENT_INLINE void binary_row(std::int64_t n, const float* a, std::int64_t a_step, const float* b, std::int64_t b_step,
                               float* y, const Function& function) {
  if (a_step == 1 && b_step == 1)
    for (std::int64_t i = 0; i < n; ++i) y[i] = function(a[i], b[i]);
  else if (a_step == 1 && b_step == 0)
    for (std::int64_t i = 0; i < n; ++i) y[i] = function(a[i], b[0]);
  else if (a_step == 0 && b_step == 1)
    for (std::int64_t i = 0; i < n; ++i) y[i] = function(a[0], b[i]);
  else
    for (std::int64_t i = 0; i < n; ++i) y[i] = function(a[i * a_step], b[i * b_step]);
}

// A matrix against a row of `channels`, stretched down the rows.
template <class Function>
NASCENT_INLINE void binary_channels(std::int64_t rows, std::int64_t channels, const float* matrix, const float* row,
                                    float* y, const Function& function) {
  struct Body {
    std::int64_t channels;
    const float *matrix, *row;
    float* y;
    const Function& function;
    float repeated[kLaneBlock];
    NASCENT_INLINE void prepare(std::int64_t lane, std::int64_t lanes) {
      repeat_lanes(lane, lanes, channels, row, 0, repeated);
    }
    NASCENT_INLINE void run(std::int64_t f, std::int64_t i, std::int64_t n) {
      store_up_to<kWidth>(y + f, function(load_up_to<kWidth>(matrix + f, n), load<kWidth>(repeated + i)), n);
    }
  };
  each_lane_vector(rows, channels, [&] { return Body{channels, matrix, row, y, function, {}}; });
}

template <class Function>
NASCENT_INLINE void binary_with(const BroadcastShape& s, const float* a, const float* b, float* y,
                                const Function& function) {
  const MergedAxes m = merge_axes(s);
  if (m.count == 1) {
    return parallel_ranges(m.total, kFlatGrain, [&](std::int64_t begin, std::int64_t end) {
      binary_row(end - begin, a + begin * m.a[0], m.a[0], b + begin * m.b[0], m.b[0], y + begin, function);
    });
  }
  if (m.count == 2 && m.a[1] == 1 && m.b[1] == 1) {
    if (m.a[0] == m.size[1] && m.b[0] == 0) return binary_channels(m.size[0], m.size[1], a, b, y, function);
    if (m.b[0] == m.size[1] && m.a[0] == 0)
      return binary_channels(m.size[0], m.size[1], b, a, y, [&](auto u, auto v) { return function(v, u); });
  }
  const int last = m.count - 1;
  const std::int64_t row = m.size[last], grain = (kFlatGrain + row - 1) / row;
  parallel_ranges(m.total / row, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t rest = i, from_a = 0, from_b = 0;
      for (int axis = last - 1; axis >= 0; --axis) {
        from_a += rest % m.size[axis] * m.a[axis], from_b += rest % m.size[axis] * m.b[axis];
        rest /= m.size[axis];
      }
      binary_row(row, a + from_a, m.a[last], b + from_b, m.b[last], y + i * row, function);
    }
  });
}

void binary(Binary op, const BroadcastShape& s, const float* a, const float* b, float* y) {
  switch (op) {
    case Binary::add:
      return binary_with(s, a, b, y, [](auto u, auto v) { return u + v; });
    case Binary::subtract:
      return binary_with(s, a, b, y, [](auto u, auto v) { return u - v; });
    case Binary::multiply:
      return binary_with(s, a, b, y, [](auto u, auto v) { return u * v; });
    case Binary::divide:
      return binary_with(s, a, b, y, [](auto u, auto v) { return u / v; });
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
