// Depthwise convolution with a kernel known to the compiler: each pixel is loaded once a kernel row and used by every
// output whose window it lies in. Zen 4 feeds an FMA from memory in 1.6 cycles and from a register in 1; of 3x3
// at stride 1, 8 outputs take 10 pixels and 3 weights for 24 FMAs. Sums run in order of taps, as in depthwise_rows.inl.
// Pixels outside the image are left out, so no copy with borders of zeros is needed: it took as long as 3x3 itself.
#pragma once
#include "kernels/isa/depthwise_rows.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// The pixels from q = 0 on that lie in the image, a bit each: those of [begin, end).
inline std::uint32_t bits_inside(std::int64_t begin, std::int64_t end) {
  const auto below = [](std::int64_t n) { return n <= 0 ? 0 : n >= 32 ? ~0u : (1u << n) - 1; };
  return below(end) & ~below(begin);
}

// A register of its own, or GCC loads it again for each FMA.
template <int W>
NASCENT_INLINE Vector<W> load_once(const float* p) {
  Vector<W> value = load<W>(p);
  asm("" : "+v"(value));
  return value;
}

struct WindowRow {
  const float* x;
  std::int64_t x_row, x_step;  // floats between kernel rows, and between pixels
  const float* w;
  std::int64_t w_step;  // floats between taps; negative: the kernel reversed
  float* y;
  std::int64_t y_step;
  std::int64_t kernel_h;
  std::int64_t first = 0, last = kEverywhere;  // pixels from x on that exist
  bool add = false;                            // y += rather than y =
  std::int64_t ahead = 0;                      // floats from x to the row to fetch for later; 0: none
};

// P neighbouring outputs; of their pixels those with a bit in `inside`, or all.
template <int W, int P, int KW, int Stride, int Dilation, bool kAll>
NASCENT_INLINE void run_window(const WindowRow& r, const float* x, const float* w, float* y, std::uint32_t inside) {
  Vector<W> sum[P];
  const std::int64_t step = r.x_step, w_step = r.w_step;
  const auto each_output = [&](const auto& body) {
    float* at = opaque(y);
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p, at += r.y_step) body(p, at);
  };
  if (r.add)
    each_output([&](int p, const float* at) { sum[p] = load<W>(at); });
  else
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) sum[p] = Vector<W>{};
  if (r.ahead) {
    const float* later = opaque(x + r.ahead);
#pragma GCC unroll 16
    for (int p = 0; p < P * Stride; ++p, later = opaque(later + step)) __builtin_prefetch(later);
  }
  for (std::int64_t u = r.kernel_h; u > 0; --u, x += r.x_row, w += KW * w_step) {
    Vector<W> weight[KW];
#pragma GCC unroll 8
    for (int v = 0; v < KW; ++v) weight[v] = load<W>(w + v * w_step);
    const float* pixel = x;
#pragma GCC unroll 32
    for (int q = 0; q <= (P - 1) * Stride + (KW - 1) * Dilation; ++q, pixel += step) {
      if (!kAll && !(opaque(inside) >> q & 1)) continue;
      const Vector<W> value = load_once<W>(pixel);
#pragma GCC unroll 8
      for (int v = 0; v < KW; ++v) {
        const int at = q - v * Dilation;
        if (at >= 0 && at % Stride == 0 && at / Stride < P) sum[at / Stride] += value * weight[v];
      }
    }
  }
  each_output([&](int p, float* at) { store<W>(at, sum[p]); });
}

// `pixels` outputs, eight or four at a time, W lanes from `lane` on. Where that does not divide them, the last ones are
// computed again; where they are added to, they come by themselves.
template <int W, int KW, int Stride, int Dilation>
void window_pixels(const WindowRow& r, std::int64_t lane, std::int64_t pixels) {
  std::int64_t done = 0;
  const auto run = [&]<int P>() {
    constexpr int kPixels = (P - 1) * Stride + (KW - 1) * Dilation + 1;
    for (; r.add ? done + P <= pixels : done < pixels; done += P) {
      const std::int64_t at = done + P <= pixels ? done : pixels - P, pixel = at * Stride;
      const float *x = r.x + lane + pixel * r.x_step, *w = r.w + lane;
      float* y = r.y + lane + at * r.y_step;
      if (pixel >= r.first && pixel + kPixels <= r.last)
        run_window<W, P, KW, Stride, Dilation, true>(r, x, w, y, 0);
      else
        run_window<W, P, KW, Stride, Dilation, false>(r, x, w, y, bits_inside(r.first - pixel, r.last - pixel));
    }
  };
  if (pixels >= 8) run.template operator()<8>();
  if (pixels - done >= 4) run.template operator()<4>();
  run.template operator()<1>();
}

// Channels, four at least, by whole vectors. Where those do not divide them, the last ones are computed again; where
// they are added to, four do. The row is never copied: wide loads of what narrow stores have just written would wait
// for them, as long as 8 pixels take.
template <int KW, int Stride, int Dilation>
void window_row(const WindowRow& r, std::int64_t pixels, std::int64_t channels) {
  constexpr int W = kWidth;
  for (std::int64_t lane = 0; lane < channels;) {
    const std::int64_t left = channels - lane;
    if (left >= W)
      window_pixels<W, KW, Stride, Dilation>(r, lane, pixels), lane += W;
    else if (W > 8 && left >= 8)
      window_pixels<(W > 8 ? 8 : W), KW, Stride, Dilation>(r, lane, pixels), lane += 8;
    else
      window_pixels<4, KW, Stride, Dilation>(r, left < 4 ? channels - 4 : lane, pixels), lane += 4;
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

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
