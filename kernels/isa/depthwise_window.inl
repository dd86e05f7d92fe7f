// Depthwise convolution with a kernel known to the compiler: each pixel is loaded once a kernel row and used by every
// output whose window it lies in. Zen 4 feeds an FMA from memory in 1.6 cycles and from a register in 1; of 3x3
// at stride 1, 8 outputs take 10 pixels and 3 weights for 24 FMAs. Sums run in order of taps, as in depthwise_rows.inl.
#pragma once
#include "kernels/isa/depthwise_rows.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

struct WindowRow {
  const float* x;
  std::int64_t x_row, x_step;  // floats between kernel rows, and between pixels
  const float* w;
  std::int64_t w_step;  // floats between taps; negative: the kernel reversed
  float* y;
  std::int64_t y_step;
  std::int64_t kernel_h;
  std::int64_t lanes = 0;  // of a vector, that are stored; filled in by window_row
  bool add = false;        // y += rather than y =
};

// P neighbouring outputs.
template <int W, int P, int KW, int Stride, int Dilation>
void run_window(const WindowRow& r) {
  Vector<W> sum[P];
  const std::int64_t step = r.x_step, w_step = r.w_step, y_step = r.y_step, lanes = r.lanes;
  const float *x = r.x, *w = r.w;
  float* y = r.y;
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) sum[p] = r.add ? load_up_to<W>(y + p * y_step, lanes) : Vector<W>{};
  for (std::int64_t u = 0; u < r.kernel_h; ++u, x += r.x_row, w += KW * w_step) {
    Vector<W> weight[KW];
#pragma GCC unroll 8
    for (int v = 0; v < KW; ++v) weight[v] = load<W>(w + v * w_step);
    const float* pixel = x;
#pragma GCC unroll 32
    for (int q = 0; q <= (P - 1) * Stride + (KW - 1) * Dilation; ++q, pixel += step) {
      Vector<W> value = load<W>(pixel);
      asm("" : "+v"(value));  // a register, or GCC loads it again for each FMA
#pragma GCC unroll 8
      for (int v = 0; v < KW; ++v) {
        const int at = q - v * Dilation;
        if (at >= 0 && at % Stride == 0 && at / Stride < P) sum[at / Stride] += value * weight[v];
      }
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) store_up_to<W>(y + p * y_step, sum[p], lanes);
}

// `pixels` outputs, eight or four at a time. Where that does not divide them, the last ones are computed again; where
// they are added to, they come by themselves.
template <int W, int KW, int Stride, int Dilation>
void window_pixels(const WindowRow& whole, std::int64_t pixels) {
  std::int64_t done = 0;
  const auto run = [&]<int P>() {
    for (; whole.add ? done + P <= pixels : done < pixels; done += P) {
      const std::int64_t at = done + P <= pixels ? done : pixels - P;
      WindowRow r = whole;
      r.x += at * Stride * r.x_step, r.y += at * r.y_step;
      run_window<W, P, KW, Stride, Dilation>(r);
    }
  };
  if (pixels >= 8) run.template operator()<8>();
  if (pixels - done >= 4) run.template operator()<4>();
  run.template operator()<1>();
}

template <int KW, int Stride, int Dilation>
void window_row(const WindowRow& whole, std::int64_t pixels, std::int64_t channels) {
  constexpr int W = kWidth;
  WindowRow r = whole;
  for (std::int64_t lane = 0; lane < channels;) {
    const std::int64_t left = channels - lane;
    r.x = whole.x + lane, r.w = whole.w + lane, r.y = whole.y + lane;
    if (left <= 4) {
      r.lanes = left, lane += 4;
      window_pixels<4, KW, Stride, Dilation>(r, pixels);
    } else if (W > 8 && left <= 8) {
      r.lanes = left, lane += 8;
      window_pixels<(W > 8 ? 8 : W), KW, Stride, Dilation>(r, pixels);
    } else {
      r.lanes = left < W ? left : W, lane += W;
      window_pixels<W, KW, Stride, Dilation>(r, pixels);
    }
  }
}

using WindowKernel = void (*)(const WindowRow&, std::int64_t pixels, std::int64_t channels);

// The kernels of the search spaces, or null.
inline WindowKernel window_kernel(std::int64_t kernel_w, std::int64_t stride, std::int64_t dilation) {
  const auto of = [&]<int KW>() -> WindowKernel {
    if (stride == 1) return dilation == 1 ? window_row<KW, 1, 1> : window_row<KW, 1, 2>;
    return dilation == 1 ? window_row<KW, 2, 1> : window_row<KW, 2, 2>;
  };
  if (stride < 1 || stride > 2 || dilation < 1 || dilation > 2) return nullptr;
  if (kernel_w == 3) return of.template operator()<3>();
  if (kernel_w == 5) return of.template operator()<5>();
  if (kernel_w == 7 && dilation == 1) return stride == 1 ? window_row<7, 1, 1> : window_row<7, 2, 1>;
  return nullptr;
}

// The same for weight gradients: P outputs' gradients in registers, each pixel loaded once for the KW taps it was read
// by. Sums of KU kernel rows stay in registers; tap by tap they run in order of pixels, as in add_tap_grads.
template <int W, int KU, int KW, int Stride, int Dilation>
void add_window_grads(const TapGrad& t) {
  constexpr int P = 8;
  Vector<W> sum[KU][KW];
  const std::int64_t lanes = t.lanes, x_step = t.x_step / Stride, g_step = t.g_step, columns = t.columns,
                     tap_row = t.tap_row;
#pragma GCC unroll 8
  for (int u = 0; u < KU; ++u)
#pragma GCC unroll 8
    for (int v = 0; v < KW; ++v) sum[u][v] = load<W>(t.sums + (u * KW + v) * lanes);
  const auto add = [&]<int N>(const float* x, const float* g) {
    Vector<W> gradient[N];
#pragma GCC unroll 8
    for (int p = 0; p < N; ++p) gradient[p] = load<W>(g + p * g_step);
    const float* row[KU];
#pragma GCC unroll 8
    for (int u = 0; u < KU; ++u) row[u] = x + u * tap_row;
      // Kernel rows in turn, so that an FMA does not wait for the one before it on the same sum.
#pragma GCC unroll 32
    for (int q = 0; q <= (N - 1) * Stride + (KW - 1) * Dilation; ++q)
#pragma GCC unroll 8
      for (int u = 0; u < KU; ++u, row[u - 1] += x_step) {
        Vector<W> value = load<W>(row[u]);
        asm("" : "+v"(value));
#pragma GCC unroll 8
        for (int v = 0; v < KW; ++v) {
          const int at = q - v * Dilation;
          if (at >= 0 && at % Stride == 0 && at / Stride < N) sum[u][v] += value * gradient[at / Stride];
        }
      }
  };
  for (std::int64_t i = 0; i < t.rows; ++i) {
    const float *x = t.x + i * t.x_row, *g = t.g + i * t.g_row;
    std::int64_t j = 0;
    for (; j + P <= columns; j += P, x += P * t.x_step, g += P * g_step) add.template operator()<P>(x, g);
    if (j + 4 <= columns) add.template operator()<4>(x, g), j += 4, x += 4 * t.x_step, g += 4 * g_step;
    for (; j < columns; ++j, x += t.x_step, g += g_step) add.template operator()<1>(x, g);
  }
#pragma GCC unroll 8
  for (int u = 0; u < KU; ++u)
#pragma GCC unroll 8
    for (int v = 0; v < KW; ++v) store<W>(t.sums + (u * KW + v) * lanes, sum[u][v]);
}

// Kernel rows as many at a time as registers hold sums for, beside 8 gradients and a pixel.
template <int W, int KW, int Stride, int Dilation>
void window_grads(TapGrad t) {
  constexpr int KU = kRegisters == 32 ? (KW == 3 ? 3 : 2) : 1;
  std::int64_t u = 0;
  for (; u + KU <= KW; u += KU, t.x += KU * t.tap_row, t.sums += KU * KW * t.lanes)
    add_window_grads<W, KU, KW, Stride, Dilation>(t);
  if (u < KW) add_window_grads<W, 1, KW, Stride, Dilation>(t);
}

using WindowGrads = void (*)(TapGrad);

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
