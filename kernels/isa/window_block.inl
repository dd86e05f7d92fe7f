// The sums of windows in registers: each pixel is loaded once a kernel row and used by every output whose window it
// lies in. Zen 4 feeds an FMA from memory in 1.6 cycles and from a register in 1; of 3x3 at stride 1, 8 outputs take 10
// pixels and 3 weights for 24 FMAs. Sums run in order of taps, as in depthwise_rows.inl.
#pragma once
#include "kernels/isa/window_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// The windows of P neighbouring outputs, and the pixels they lie over: KW taps, `Dilation` pixels apart, each window
// kApart pixels on from the one before it.
template <int P, int KW, int Stride, int Dilation, int kTogether = 1>
struct Windows {
  static constexpr int kApart = kTogether * Stride;
  static constexpr int kPixels = (P - 1) * kApart + (KW - 1) * Dilation + 1;
  static constexpr int kEnd = missing_pixels(KW, Stride, Dilation);  // at either end, that may not exist
  // Pixels from the first window to the first of the next P, and from a row of outputs to the next.
  static constexpr int kColumns = P * kApart, kRows = Stride;
  // The output that pixel q adds to by tap v; none: -1.
  static constexpr int output(int q, int v) {
    const int at = q - v * Dilation;
    return at >= 0 && at % kApart == 0 && at / kApart < P ? at / kApart : -1;
  }
};
// Two outputs a pixel: see kHalf. The first output is an even one.
template <int P, int KW>
struct Windows<P, KW, kHalf, 1, 1> {
  static constexpr int kPixels = static_cast<int>(half_window_pixels(KW, P));
  static constexpr int kEnd = missing_pixels(KW, kHalf, 1);
  static constexpr int kColumns = P / 2, kRows = 1;
  static constexpr int output(int q, int v) {
    const int at = 2 * q + v - half_window_first(KW);
    return at >= 0 && at < P ? at : -1;
  }
};

// Sixteen sums at a time rather than eight, where there are registers: an FMA waits 4 cycles for the one before it on
// its sum, when two could begin in each.
constexpr bool kSixteenSums = kRegisters == 32;

// Where WindowRows' next_x and next_y stand.
struct ToFetch {
  const float *x, *y;
};

// The next `floats` from p on.
NASCENT_INLINE const float* fetch(const float* p, std::int64_t floats) {
  for (std::int64_t line = floats / kLineFloats; line > 0; --line, p += kLineFloats) fetch_to_l2(p);
  return p;
}

// kLanes of each of P pixels.
template <int kLanes, int P>
NASCENT_INLINE void fetch_pixels(const float* p, std::int64_t step) {
#pragma GCC unroll 16
  for (int i = 0; i < P; ++i, p += step)
    for (int lane = 0; lane < kLanes; lane += kLineFloats) fetch_to_l2(p + lane);
}

// `count` windows side by side in rows [begin, end) of outputs; x and y are row 0's. One window is few instructions
// beside what a call takes: of 3x3 over 8 outputs 72 FMAs.
struct WindowBlock {
  const float *x, *w;
  float* y;
  std::int64_t begin, end, count;
  std::uint32_t inside = 0;
};

// A row's kernel rows [begin, end) that lie in the image: of 3x3 over 8 x 8 a twelfth is left out, of 5x5 with dilation
// 2 a third.
template <int Dilation>
struct KernelRows {
  std::int64_t begin, end;
  NASCENT_INLINE KernelRows(const WindowRows& r, std::int64_t at) {
    static_assert(Dilation == 1 || Dilation == 2);
    const std::int64_t above = (r.first_row - at + Dilation - 1) >> (Dilation - 1),
                       below = (r.last_row - at + Dilation - 1) >> (Dilation - 1);
    begin = above < 0 ? 0 : above, end = below < r.kernel_h ? below : r.kernel_h;
  }
};

// Of each window P outputs of V vectors; of its pixels those with a bit in `inside`, or all. A vector is W lanes of a
// pixel, or W / C whole pixels side by side. kStep: floats between pixels, of x as of y, where the compiler is to know
// them: a pixel is then an offset, not an addition.
template <int W, int C, int V, int P, int KW, int Stride, int Dilation, bool kAll, int kStep = 0>
[[gnu::noinline]] void run_windows(const WindowRows& r, const WindowBlock& block, ToFetch& next) {
  using All = Windows<P, KW, Stride, Dilation, W / C>;
  constexpr int kPixels = All::kPixels, kEnd = All::kEnd;
  const std::int64_t step = kStep ? kStep : r.x_step, w_step = r.w_step, x_row = Dilation * r.x_row, w_row = r.w_row,
                     y_step = W / C * (kStep ? kStep : r.y_step);
  std::uint32_t inside = block.inside;
  for (std::int64_t i = block.begin; i < block.end; ++i) {
    const KernelRows<Dilation> kernel(r, i * All::kRows);
    const float* first = block.x + (i * All::kRows + kernel.begin * Dilation) * r.x_row;
    float* y = block.y + i * r.y_row;
    for (std::int64_t n = block.count; n > 0; --n, first += All::kColumns * step, y += P * y_step) {
      const float *row = first, *taps = block.w + kernel.begin * w_row;
      if (next.x) {
        if (Stride == 1 && W == C && r.next_x_by_pixel)
          fetch_pixels<V * W, P>(first + (r.next_x - r.x), step);
        else
          next.x = fetch(next.x, V * (Stride == kHalf ? P / 2 : P) * W * r.next_x_floats);
      }
      if (next.y) next.y = fetch(next.y, V * P * W * r.next_y_floats);
      Vector<W> sum[V][P];
      const auto each_output = [&](const auto& body) __attribute__((always_inline)) {
        float* at = opaque(y);
        unrolled<P>([&](auto p) __attribute__((always_inline)) {
          float* const from = at + p.value * (W / C) * kStep;
          unrolled<V>([&](auto v) __attribute__((always_inline)) { body(sum[v.value][p.value], from + v.value * W); });
          if (!kStep) at = opaque(at + y_step);
        });
      };
      if (r.add)
        each_output([](Vector<W> & of, const float* at) __attribute__((always_inline)) { of = load<W>(at); });
      else
        each_output([](Vector<W> & of, const float*) __attribute__((always_inline)) { of = Vector<W>{}; });
      for (std::int64_t u = kernel.end - kernel.begin; u > 0; --u, row += x_row, taps += w_row) {
        Vector<W> weight[V][KW];
        const float *tap = taps, *pixel = row;
#pragma GCC unroll 8
        for (int v = 0; v < KW; ++v, tap = opaque(tap + w_step))
          unrolled<V>([&](auto of) __attribute__((always_inline)) {
            weight[of.value][v] = load_repeated<W, C>(tap + of.value * W);
          });
        inside = opaque(inside);
        unrolled<kPixels>([&](auto q) __attribute__((always_inline)) {
          const auto add = [&]() __attribute__((always_inline)) {
            unrolled<V>([&](auto of) __attribute__((always_inline)) {
              const Vector<W> value = load_once<W>(pixel + q.value * kStep + of.value * W);
#pragma GCC unroll 8
              for (int v = 0; v < KW; ++v) {
                const int output = All::output(q.value, v);
                if (output >= 0) sum[of.value][output] += value * weight[of.value][v];
              }
            });
          };
          if constexpr (kAll || (q.value >= kEnd && q.value < kPixels - kEnd))
            add();
          else if (inside >> q.value & 1)
            add();
          if (!kStep) pixel = opaque(pixel + step);
        });
      }
      each_output([](const Vector<W>& of, float* at) __attribute__((always_inline)) { store<W>(at, of); });
    }
  }
}

// Windows whose pixels all exist; by a step the compiler knows where it is that of the search's channels, which takes
// 0.9 of the time of windows by any step; an edge of 8 channels takes 0.93, one of seven outputs 0.96 to 1.0 (AVX2 on
// Zen 3; neither was measured with AVX-512, which goes without).
template <int W, int C, int V, int P, int KW, int Stride, int Dilation>
NASCENT_INLINE void run_whole_windows(const WindowRows& r, const WindowBlock& block, ToFetch& next) {
  constexpr int kFewest = kSixteenSums ? 8 : 7;
  if constexpr (kWidth > 4 && W == C && W == kWidth && P >= kFewest && Stride == 1 && (KW == 3 || KW == 5)) {
    const std::int64_t step = r.x_step == r.y_step ? r.x_step : 0;
    if constexpr (W == 8)
      if (step == 8) return run_windows<W, C, V, P, KW, Stride, Dilation, true, 8>(r, block, next);
    if constexpr (V == 1)
      if (step == 16) return run_windows<W, C, V, P, KW, Stride, Dilation, true, 16>(r, block, next);
    if constexpr (V == 2 || !kSixteenSums) {
      if (step == 32) return run_windows<W, C, V, P, KW, Stride, Dilation, true, 32>(r, block, next);
      if (step == 64) return run_windows<W, C, V, P, KW, Stride, Dilation, true, 64>(r, block, next);
    }
  }
  run_windows<W, C, V, P, KW, Stride, Dilation, true>(r, block, next);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
