// Weight gradients of depthwise convolution with a kernel known to the compiler: the gradients of 4 or 8 outputs in
// registers, each pixel loaded once a kernel row for the KW taps it was read by. Of 3x3 at stride 1, 8 outputs take 30
// pixels and 8 gradients for 72 FMAs. Sums of as many kernel rows as fit stay in registers over all rows and images of
// a call; tap by tap they run in order of pixels, as in add_tap_grads. Pixels outside the image are left out.
#pragma once
#include "kernels/isa/depthwise_window.inl"
#include "kernels/isa/padded_band.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Which pixels of a group exist: all; all kernel rows but not all columns; some.
enum class Exist { all, rows, some };

template <int W, int KU, int KW, int Stride, int Dilation>
struct WindowSums {
  Vector<W> sum[KU][KW];

  // What N outputs from gradient g on add, whose windows begin at pixel x. Of their pixels those with a bit in
  // `inside` and of the kernel rows those with a bit in `rows`.
  template <int N, Exist exist>
  NASCENT_INLINE void add(const TapGrad& t, const float* x, const float* g, std::uint32_t rows, std::uint32_t inside) {
    const std::int64_t x_step = t.x_step / Stride, g_step = t.g_step, tap_row = t.tap_row;
    Vector<W> gradient[N];
#pragma GCC unroll 8
    for (int p = 0; p < N; ++p, g = opaque(g + g_step)) gradient[p] = load_once<W>(g);
    // Kernel rows in turn, so that an FMA does not wait for the one before it on the same sum.
    unrolled<(N - 1) * Stride + (KW - 1) * Dilation + 1>([&](auto q) __attribute__((always_inline)) {
      if (exist == Exist::all || (opaque(inside) >> q.value & 1))
        unrolled<KU>([&](auto u) __attribute__((always_inline)) {
          if (exist == Exist::some && !(opaque(rows) >> u.value & 1)) return;
          const Vector<W> value = load_once<W>(x + u.value * tap_row);
#pragma GCC unroll 8
          for (int v = 0; v < KW; ++v) {
            const int at = q.value - v * Dilation;
            if (at >= 0 && at % Stride == 0 && at / Stride < N) sum[u.value][v] += value * gradient[at / Stride];
          }
        });
      x = opaque(x + x_step);
    });
  }
};

// Kernel rows [first, first + KU), W lanes from `lane` on.
template <int W, int KU, int KW, int Stride, int Dilation>
void add_window_grads(const TapGrad& t, std::int64_t first, std::int64_t lane) {
  WindowSums<W, KU, KW, Stride, Dilation> window;
  const std::int64_t lanes = t.lanes, columns = t.columns;
  const std::int64_t at_lane = lane + W <= lanes ? lane : lanes - W, again = lane - at_lane;
  float* const sums = t.sums + first * KW * lanes + at_lane;
  const auto each_sum = [&](const auto& body) __attribute__((always_inline)) {
    unrolled<KU>([&](auto u) __attribute__((always_inline)) {
#pragma GCC unroll 8
      for (int v = 0; v < KW; ++v) body(window.sum[u.value][v], sums + (u.value * KW + v) * lanes);
    });
  };
  each_sum([](Vector<W> & sum, const float* at) __attribute__((always_inline)) { sum = load<W>(at); });
  // Fetched to L2 in the order of memory, a share with each vector of lanes; once for all kernel rows.
  const std::int64_t pixels = t.images * t.rows * columns;
  const float *next_x = first == 0 && t.next_x ? t.next_x + lane * pixels * Stride * Stride : nullptr,
              *next_g = t.next_g + lane * pixels;
  const auto add_row = [&](const float* x, const float* g, std::uint32_t rows) __attribute__((always_inline)) {
    const auto add_pixels = [&]<int N>(std::int64_t j) __attribute__((always_inline)) {
      constexpr int kPixels = (N - 1) * Stride + (KW - 1) * Dilation + 1;
      const std::int64_t column = j * Stride;
      const float *pixel = x + j * t.x_step, *gradient = g + j * t.g_step;
      const auto inside = bits_inside(t.first_column - column, t.last_column - column);
      if (next_x) {
#pragma GCC unroll 32
        for (int p = 0; p < N * Stride * Stride * W / 16; ++p, next_x = opaque(next_x + 16))
          __builtin_prefetch(next_x, 0, 2);
#pragma GCC unroll 8
        for (int p = 0; p < N * W / 16; ++p, next_g = opaque(next_g + 16)) __builtin_prefetch(next_g, 0, 2);
      }
      if (N == 1 || rows != (1u << KU) - 1)
        window.template add<N, Exist::some>(t, pixel, gradient, rows, inside);
      else if (N == 3 || column < t.first_column || column + kPixels > t.last_column)
        window.template add<N, Exist::rows>(t, pixel, gradient, rows, inside);
      else
        window.template add<N, Exist::all>(t, pixel, gradient, rows, inside);
    };
    std::int64_t j = 0;
    // Eights where the sums leave registers for them.
    if constexpr (KU * KW + 8 < kRegisters - 2)
      for (; j + 8 <= columns; j += 8) add_pixels.template operator()<8>(j);
    // Fours, and threes to fill up.
    for (std::int64_t left; left = columns - j, left % 4 == 0 ? left : left >= 9 || left == 7; j += 4)
      add_pixels.template operator()<4>(j);
    for (; j + 3 <= columns; j += 3) add_pixels.template operator()<3>(j);
    for (; j < columns; ++j) add_pixels.template operator()<1>(j);
  };
  for (std::int64_t n = 0; n < t.images; ++n)
    for (std::int64_t i = 0; i < t.rows; ++i) {
      const std::int64_t row = i * Stride + first * Dilation;
      std::uint32_t rows = 0;
#pragma GCC unroll 8
      for (int u = 0; u < KU; ++u)
        if (row + u * Dilation >= t.first_row && row + u * Dilation < t.last_row) rows |= 1u << u;
      if (rows)
        add_row(t.x + n * t.x_image + at_lane + first * t.tap_row + i * t.x_row,
                t.g + n * t.g_image + at_lane + i * t.g_row, rows);
    }
  if (again == 0)
    return each_sum([](const Vector<W>& sum, float* at) __attribute__((always_inline)) { store<W>(at, sum); });
  each_sum([&](const Vector<W>& sum, float* at) __attribute__((always_inline)) {
    float all[W];
    store<W>(all, sum);
    copy(W - again, all + again, at + again);
  });
}

// W lanes from `lane` on, or those that are left, taken with lanes before them. Kernel rows as many at a time as
// registers hold sums for, beside 4 gradients and a pixel.
template <int W, int KW, int Stride, int Dilation>
void window_grads(const TapGrad& t, std::int64_t lane) {
  constexpr int kFit = (kRegisters - 5) / KW;
  // 5 rows of dilation 2 are 9 of the image, that do not stay in L1 between two groups of 4: three, and groups of 8.
  constexpr int KU = KW == 5 && Dilation == 2 && kFit > 3 ? 3 : kFit < KW ? kFit : KW;
  std::int64_t u = 0;
  for (; u + KU <= KW; u += KU) add_window_grads<W, KU, KW, Stride, Dilation>(t, u, lane);
  if constexpr (KW % KU != 0) add_window_grads<W, KW % KU, KW, Stride, Dilation>(t, u, lane);
}

using WindowGrads = void (*)(const TapGrad&, std::int64_t lane);

// Of a square kernel of the search spaces, or null.
template <int W>
WindowGrads window_grads_kernel(std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
  const auto of = [&]<int KW>() -> WindowGrads {
    if (stride == 1) return dilation == 1 ? window_grads<W, KW, 1, 1> : window_grads<W, KW, 1, 2>;
    return dilation == 1 ? window_grads<W, KW, 2, 1> : window_grads<W, KW, 2, 2>;
  };
  if (stride < 1 || stride > 2 || dilation < 1 || dilation > 2) return nullptr;
  if (kernel == 3) return of.template operator()<3>();
  if (kernel == 5) return of.template operator()<5>();
  if (kernel == 7 && dilation == 1) return stride == 1 ? window_grads<W, 7, 1, 1> : window_grads<W, 7, 2, 1>;
  return nullptr;
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
