// The inner loops of depthwise convolution on a padded plane [rows, pitch] of pixels of `lanes` floats: a run of output
// pixels is a sum over a list of taps, whatever the kernel, the stride or the dilation, forward or backward.
//   per tap: one vector of weights, P vectors of pixels, P FMAs with the pixel as memory operand.
// Zen 4 does one 512-bit load and one 512-bit FMA a cycle, so P pixels take P + 1 cycles a tap: 16 pixels, 94 % of
// peak.
#pragma once
#include "kernels/isa/panel.inl"
#include "kernels/isa/window_grads_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

constexpr int kMaxTaps = 256;  // kernels up to 16 x 16

struct TapList {
  std::int64_t count = 0;
  std::int64_t offset[kMaxTaps];  // of the pixel, from the run's first
  std::int64_t weight[kMaxTaps];  // of its lanes' weights
};

// An input gradient gathers: input pixel stride*q + remainder was read by tap u from output
// q + (remainder + padding - u*dilation)/stride, where that is whole.
struct GatheredTaps {
  std::int64_t kernel_h, kernel_w, stride, dilation, padding;
  std::int64_t pitch, lanes;  // floats between the rows and pixels of outputs
  std::int64_t period;        // floats between the weights of taps

  // The taps from number `first` on that reach pixels of a remainder, offsets from output q; as many as a list holds.
  // Returns the number of the next.
  std::int64_t of(std::int64_t row, std::int64_t column, std::int64_t first, TapList& taps) const {
    taps.count = 0;
    for (; first < kernel_h * kernel_w && taps.count < kMaxTaps; ++first) {
      const std::int64_t i = row + padding - first / kernel_w * dilation;
      const std::int64_t j = column + padding - first % kernel_w * dilation;
      if (i % stride != 0 || j % stride != 0) continue;
      taps.offset[taps.count] = i / stride * pitch + j / stride * lanes;
      taps.weight[taps.count++] = first * period;
    }
    return first;
  }
};

struct TapRun {
  const TapList* taps;
  const float* x;
  std::int64_t x_step;  // floats between the pixels of neighbouring outputs
  const float* w;
  float* y;
  std::int64_t y_step;
  bool add;                // start from y instead of 0
  std::int64_t lanes = 0;  // of each vector, that are stored; 0 for all
};

template <int W, int P>
void run_taps(const TapRun& r) {
  Vector<W> sum[P];
  const std::int64_t step = r.x_step, y_step = r.y_step, count = r.taps->count;
  const TapList& taps = *r.taps;
  const float *x = r.x, *w = r.w;
  float* y = r.y;
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) sum[p] = r.add ? load_up_to<W>(y + p * y_step, r.lanes ? r.lanes : W) : Vector<W>{};
  for (std::int64_t t = 0; t < count; ++t) {
    const TileRows<P, Along::k> from(x + taps.offset[t], step);
    const Vector<W> weight = load<W>(w + taps.weight[t]);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) sum[p] += load<W>(from.row(p)) * weight;
  }
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) store_up_to<W>(y + p * y_step, sum[p], r.lanes ? r.lanes : W);
}

using TapKernel = void (*)(const TapRun&);

template <int W>
constexpr TapKernel kTapRuns[16] = {
#define NASCENT_TAPS(P) (P <= max_rows(1) ? run_taps<W, (P <= max_rows(1) ? P : 1)> : nullptr)
    NASCENT_TAPS(1),  NASCENT_TAPS(2),  NASCENT_TAPS(3),  NASCENT_TAPS(4),  NASCENT_TAPS(5),  NASCENT_TAPS(6),
    NASCENT_TAPS(7),  NASCENT_TAPS(8),  NASCENT_TAPS(9),  NASCENT_TAPS(10), NASCENT_TAPS(11), NASCENT_TAPS(12),
    NASCENT_TAPS(13), NASCENT_TAPS(14), NASCENT_TAPS(15), NASCENT_TAPS(16),
#undef NASCENT_TAPS
};

// `count` outputs from r on, each of `lanes` floats, W of them at a time.
template <int W>
NASCENT_INLINE void tap_vectors(TapRun r, std::int64_t count, std::int64_t lanes) {
  const float *x = r.x, *w = r.w;
  float* y = r.y;
  for (std::int64_t lane = 0; lane < lanes; lane += W)
    each_tile(count, max_rows(1), [&](std::int64_t begin, std::int64_t pixels) {
      r.x = x + begin * r.x_step + lane, r.w = w + lane, r.y = y + begin * r.y_step + lane;
      kTapRuns<W>[pixels - 1](r);
    });
}

// One run of `pixels` outputs. Weights are repeated over 16 lanes, so that narrow pixels that lie side by side fill
// whole vectors.
inline void depthwise_run(TapRun r, std::int64_t pixels, std::int64_t lanes) {
  if (lanes >= 16) return tap_vectors<kWidth>(r, pixels, lanes);
  if (kWidth > 4 && kWidth > lanes && r.x_step == lanes && r.y_step == lanes) {
    const std::int64_t together = kWidth / lanes, vectors = pixels / together;
    r.x_step = r.y_step = kWidth;
    tap_vectors<kWidth>(r, vectors, kWidth);
    r.x += vectors * kWidth, r.y += vectors * kWidth, pixels -= vectors * together;
    r.x_step = r.y_step = lanes;
  }
  if constexpr (kWidth >= 8)
    if (lanes == 8) return tap_vectors<8>(r, pixels, lanes);
  tap_vectors<4>(r, pixels, lanes);
}

// KU kernel rows of KV taps at once: their sums stay in registers while the pixels run. Nine chains cover the FMA's
// latency of four cycles.
template <int W, int KU, int KV>
inline void add_tap_grads(const TapGrad& t) {
  Vector<W> sum[KU][KV];
  const std::int64_t lanes = t.lanes, x_step = t.x_step, g_step = t.g_step, column = t.tap_column, columns = t.columns;
#pragma GCC unroll 8
  for (int u = 0; u < KU; ++u)
#pragma GCC unroll 8
    for (int v = 0; v < KV; ++v) sum[u][v] = load<W>(t.sums + (u * KV + v) * lanes);
  for (std::int64_t i = 0; i < t.rows; ++i) {
    const float *x[KU], *g = t.g + i * t.g_row;
#pragma GCC unroll 8
    for (int u = 0; u < KU; ++u) x[u] = t.x + i * t.x_row + u * t.tap_row;
    for (std::int64_t j = 0; j < columns; ++j, g += g_step) {
      const Vector<W> gv = load<W>(g);
#pragma GCC unroll 8
      for (int u = 0; u < KU; ++u) {
#pragma GCC unroll 8
        for (int v = 0; v < KV; ++v) sum[u][v] += load<W>(x[u] + v * column) * gv;
        x[u] += x_step;
      }
    }
  }
#pragma GCC unroll 8
  for (int u = 0; u < KU; ++u)
#pragma GCC unroll 8
    for (int v = 0; v < KV; ++v) store<W>(t.sums + (u * KV + v) * lanes, sum[u][v]);
}

// One vector of lanes.
template <int W>
NASCENT_INLINE void tap_grads_of(TapGrad t, std::int64_t kernel) {
  const TapGrad whole = t;
  const auto next = [&](std::int64_t taps) { t.x += whole.tap_row, t.sums += taps * whole.lanes; };
  if (kernel == 3) {
    if constexpr (kRegisters >= 16) add_tap_grads<W, 3, 3>(t);
  } else if (kernel == 5) {
    if constexpr (kRegisters == 32) {
      add_tap_grads<W, 2, 5>(t), next(5), next(5);
      add_tap_grads<W, 3, 5>(t);
    } else {
      for (int u = 0; u < 5; ++u, next(5)) add_tap_grads<W, 1, 5>(t);
    }
  } else if (kernel == 7) {
    for (int u = 0; u < 7; ++u, next(7)) add_tap_grads<W, 1, 7>(t);
  } else {
    for (std::int64_t u = 0; u < kernel; ++u, t.x += whole.tap_row) {
      const float* row = t.x;
      for (std::int64_t v = 0; v < kernel; ++v, t.x += whole.tap_column, t.sums += whole.lanes)
        add_tap_grads<W, 1, 1>(t);
      t.x = row;
    }
  }
}

template <int W>
NASCENT_INLINE void tap_grads(TapGrad t, std::int64_t kernel) {
  const TapGrad whole = t;
  for (std::int64_t lane = 0; lane < whole.lanes; lane += W) {
    t.x = whole.x + lane, t.g = whole.g + lane, t.sums = whole.sums + lane;
    tap_grads_of<W>(t, kernel);
  }
}

inline void depthwise_weight_grads(const TapGrad& t, std::int64_t kernel) {
  if (t.lanes >= 16) return tap_grads<kWidth>(t, kernel);
  if constexpr (kWidth >= 8)
    if (t.lanes == 8) return tap_grads<8>(t, kernel);
  tap_grads<4>(t, kernel);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
