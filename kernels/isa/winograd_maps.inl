// The linear maps of kernels/winograd.h along one axis, on vectors of channels:
//   read  x -> products (B'),  weigh  w -> products (G),  write  products -> y (A').
#pragma once
#include "kernels/simd.h"
#include "kernels/winograd.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

template <int kTaps>
struct Winograd;

// y0 = x0 w0 + x1 w1 + x2 w2, y1 = x1 w0 + x2 w1 + x3 w2 by four products instead of six.
template <>
struct Winograd<3> {
  static constexpr int kOutputs = winograd_outputs(3), kProducts = winograd_products(3), kPatch = kOutputs + 2;

  template <class V>
  NASCENT_INLINE static void read(const V* x, V* p) {
    p[0] = x[0] - x[2], p[1] = x[1] + x[2], p[2] = x[2] - x[1], p[3] = x[1] - x[3];
  }
  template <class V>
  NASCENT_INLINE static void weigh(const V* w, V* p) {
    const V ends = w[0] + w[2];
    p[0] = w[0], p[1] = (ends + w[1]) * 0.5f, p[2] = (ends - w[1]) * 0.5f, p[3] = w[2];
  }
  template <class V>
  NASCENT_INLINE static void write(const V* p, V* y) {
    y[0] = p[0] + p[1] + p[2], y[1] = p[1] - p[2] - p[3];
  }
};

// y0 = x0 w0 + x1 w1, y1 = x1 w0 + x2 w1 by three products instead of four.
template <>
struct Winograd<2> {
  template <class V>
  NASCENT_INLINE static void read(const V* x, V* p) {
    p[0] = x[0] - x[1], p[1] = x[1], p[2] = x[2] - x[1];
  }
  template <class V>
  NASCENT_INLINE static void weigh(const V* w, V* p) {
    p[0] = w[0], p[1] = w[0] + w[1], p[2] = w[1];
  }
  template <class V>
  NASCENT_INLINE static void write(const V* p, V* y) {
    y[0] = p[0] + p[1], y[1] = p[1] + p[2];
  }
};

// Even and odd taps, even and odd inputs: the scheme of two taps, each of whose products is a convolution of half the
// size: x_even - x_odd by the even taps (products 0 to 3), x_odd by even + odd (4 to 7), the next x_even - x_odd by
// the two odd taps (8 to 10).
template <>
struct Winograd<5> {
  static constexpr int kOutputs = winograd_outputs(5), kProducts = winograd_products(5), kPatch = kOutputs + 4;

  template <class V>
  NASCENT_INLINE static void read(const V* x, V* p) {
    const V even[] = {x[0] - x[1], x[2] - x[3], x[4] - x[5], x[6] - x[7]}, odd[] = {x[1], x[3], x[5], x[7]},
            next[] = {x[2] - x[1], x[4] - x[3], x[6] - x[5]};
    Winograd<3>::read(even, p), Winograd<3>::read(odd, p + 4), Winograd<2>::read(next, p + 8);
  }
  template <class V>
  NASCENT_INLINE static void weigh(const V* w, V* p) {
    const V even[] = {w[0], w[2], w[4]}, both[] = {w[0] + w[1], w[2] + w[3], w[4]}, odd[] = {w[1], w[3]};
    Winograd<3>::weigh(even, p), Winograd<3>::weigh(both, p + 4), Winograd<2>::weigh(odd, p + 8);
  }
  template <class V>
  NASCENT_INLINE static void write(const V* p, V* y) {
    V even[2], both[2], odd[2];
    Winograd<3>::write(p, even), Winograd<3>::write(p + 4, both), Winograd<2>::write(p + 8, odd);
    y[0] = both[0] + even[0], y[1] = both[0] + odd[0], y[2] = both[1] + even[1], y[3] = both[1] + odd[1];
  }
};

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
