// Sums of depthwise weight gradients in registers: the gradients of 4 outputs, and each pixel loaded once a kernel row
// for the KW taps it was read by. Of 3x3 at stride 1, 4 outputs take 18 pixels and 4 gradients for 36 FMAs. Eight
// outputs at once gain 3 % at 32x32 and lose a tenth at 8x8 and 7x7.
#pragma once
#include "kernels/isa/padded_band.inl"
#include "kernels/isa/window_grads_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// What is fetched to L2 meanwhile: in the order of memory, a share with each vector of lanes, or pixel by pixel.
template <int Stride>
struct Ahead {
  const float *x = nullptr, *g = nullptr;

  Ahead() = default;
  // From output `share` on, where it is wanted: once for all kernel rows.
  Ahead(const TapGrad& t, bool wanted, std::int64_t share) {
    if (wanted && t.next_x) x = t.next_x + Stride * Stride * share, g = t.next_g + share;
  }
  // For N outputs of so many lanes, whose x and gradient begin here.
  template <int N, int kLanes>
  NASCENT_INLINE void fetch(const TapGrad& t, const float* at_x, const float* at_g) {
    constexpr int kOutputs = N * kLanes, kPixels = Stride * Stride * kOutputs;
    if (!x) return;
    if (t.next_by_pixel) {
      at_x += t.next_x - t.x, at_g += t.next_g - t.g;
#pragma GCC unroll 4
      for (int p = 0; p < N; ++p)
#pragma GCC unroll 2
        for (int lane = 0; lane < kLanes; lane += kLineFloats)
          fetch_to_l2(at_x + p * t.x_step + lane), fetch_to_l2(at_g + p * t.g_step + lane);
      return;
    }
#pragma GCC unroll 32
    for (int p = 0; p < kPixels / kLineFloats; ++p) fetch_to_l2(x + kLineFloats * p);
#pragma GCC unroll 8
    for (int p = 0; p < kOutputs / kLineFloats; ++p) fetch_to_l2(g + kLineFloats * p);
    x = opaque(x + kPixels), g = opaque(g + kOutputs);
  }
};

// Which pixels of a group exist: all; of all kernel rows, but at its ends not of all columns; at its ends and of some
// kernel rows; any.
enum class Exist { all, columns, rows, any };

// The lanes behind those in hand lie in the next line of every pixel: fetched to L1 with these where an image and its
// gradient fit there (48 KB since Ice Lake), a line a load, since the hardware follows no stride of several lines that
// begins anew with every row. 3x3 of 64 channels with AVX-512 up to 1.3 times as fast; 5x5 gain nothing.
constexpr std::int64_t kNextLanesFloats = 12 * 1024;

template <int W, int V, int KU, int KW, int Stride, int Dilation, bool kNextLanes>
struct WindowSums {
  Vector<W> sum[V][KU][KW];

  // body(a sum, its place among t's), of kernel rows from `first` on and lanes from `lane` on.
  NASCENT_INLINE void each(const TapGrad& t, std::int64_t first, std::int64_t lane, const auto& body) {
    float* row = t.sums + first * KW * t.lanes + lane;
    unrolled<KU>([&](auto u) __attribute__((always_inline)) {
      row = opaque(row);
#pragma GCC unroll 8
      for (int v = 0; v < KW; ++v)
        unrolled<V>([&](auto i) __attribute__((always_inline)) {
          body(sum[i.value][u.value][v], row + v * t.lanes + i.value * W);
        });
      row += KW * t.lanes;
    });
  }

  // Of the columns of N windows side by side, and on either side as many as padding may leave out at most where it
  // keeps a size: only those need be asked for.
  template <int N>
  static constexpr int kColumns = (N - 1) * Stride + (KW - 1) * Dilation + 1;
  static constexpr int kPadding = (KW - 1) * Dilation / 2;

  NASCENT_INLINE void read(const TapGrad& t, std::int64_t first, std::int64_t lane) {
    each(
        t, first, lane, [](Vector<W> & of, const float* at) __attribute__((always_inline)) { of = load<W>(at); });
  }
  // All but the first `again` lanes, which are somebody else's.
  NASCENT_INLINE void write(const TapGrad& t, std::int64_t first, std::int64_t lane, std::int64_t again) {
    if (again == 0)
      return each(
          t, first, lane, [](Vector<W> & of, float* at) __attribute__((always_inline)) { store<W>(at, of); });
    each(
        t, first, lane, [&](Vector<W> & of, float* at) __attribute__((always_inline)) {
          float all[W];
          store<W>(all, of);
          copy(W - again, all + again, at + again);
        });
  }

  // What V vectors of N outputs from gradient g on add, whose windows begin at pixel x. Of their pixels those with a
  // bit in `inside` and of the kernel rows those with a bit in `rows`.
  template <int N, Exist exist>
  NASCENT_INLINE void add(const TapGrad& t, const float* x, const float* g, std::uint32_t rows, std::uint32_t inside) {
    const std::int64_t x_step = t.x_step / Stride, g_step = t.g_step, row = t.tap_row, two_rows = opaque(2 * row);
    Vector<W> gradient[V][N];
#pragma GCC unroll 8
    for (int p = 0; p < N; ++p, g = opaque(g + g_step))
      unrolled<V>([&](auto i) __attribute__((always_inline)) {
        gradient[i.value][p] = load_once<W>(g + i.value * W);
        if (kNextLanes) fetch_to_l1(g + (V + i.value) * W);
      });
    // Column q of kernel row u.
    const auto take = [&](auto q, auto u, const float* pixel) __attribute__((always_inline)) {
      const auto output = [&](int v) { return q.value >= v * Dilation ? q.value - v * Dilation : N * Stride; };
      const auto reads = [&](int v) { return output(v) % Stride == 0 && output(v) / Stride < N; };
      int readers = 0;
      for (int v = 0; v < KW; ++v) readers += reads(v);
      unrolled<V>([&](auto i) __attribute__((always_inline)) {
        if (kNextLanes && u.value >= KU - Stride) fetch_to_l1(pixel + (V + i.value) * W);  // the others were, a row ago
        // Read once, it is an operand of its FMA.
        const Vector<W> value = readers > 1 ? load_once<W>(pixel + i.value * W) : load<W>(pixel + i.value * W);
#pragma GCC unroll 8
        for (int v = 0; v < KW; ++v)
          if (reads(v)) sum[i.value][u.value][v] += value * gradient[i.value][output(v) / Stride];
      });
    };
    const auto exists = [&](auto q) __attribute__((always_inline)) {
      constexpr bool middle = q.value >= kPadding && q.value < kColumns<N> - kPadding;
      return exist == Exist::all || (middle && exist != Exist::any) || (opaque(inside) >> q.value & 1);
    };
    if constexpr (exist == Exist::rows || exist == Exist::any) {
      unrolled<KU>([&](auto u) __attribute__((always_inline)) {
        if (!(opaque(rows) >> u.value & 1)) return;
        const float* pixel = x + u.value * row;
        unrolled<kColumns<N>>([&](auto q) __attribute__((always_inline)) {
          if (exists(q)) take(q, u, pixel);
          pixel = opaque(pixel + x_step);
        });
      });
    } else {
      // Kernel rows in turn, so that an FMA does not wait for the one before it on the same sum.
      unrolled<kColumns<N>>([&](auto q) __attribute__((always_inline)) {
        if (exists(q))
          unrolled<KU>([&](auto u) __attribute__((always_inline)) {
            take(q, u, u.value == 2 ? x + two_rows : x + u.value * row);
          });
        x = opaque(x + x_step);
      });
    }
  }
};

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
