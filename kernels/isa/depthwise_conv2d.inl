// Ladder: v1 naive = reference/depthwise_conv2d.h; v3 line buffer with rows seen as one flat axis of (column, channel):
// this file. v4, fusing the 1x1 convolution that follows, is not done.
// Columns of equal remainder by the stride lie together in the band, so that for any stride neighbouring outputs read
// neighbouring floats, and any number of channels fills whole vectors: weights are repeated over lane_period(channels).
// Intensity of 3x3: 18 FLOP per 8 bytes, 2 FLOP/byte: memory-bound from L3 on; 5x5, 6 FLOP/byte, is bound by its loads.
#pragma once
#include "kernels/depthwise_conv2d.h"
#include "kernels/isa/padded_band.inl"
#include "kernels/parallel.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Where the taps of a band lie: computed once a band and passed by value, because after a store through a vector the
// compiler would have to read a shape again.
struct TapSteps {
  std::int64_t kernel_h, kernel_w, row, phases, phase, column, wrap;
  explicit TapSteps(const BandShape& b)
      : kernel_h(b.kernel_h),
        kernel_w(b.kernel_w),
        row(b.dilation * b.pitch()),
        phases(b.phases()),
        phase(b.dilation % phases),
        column(phase * b.phase_pitch() + b.dilation / phases * b.channels),
        wrap(b.channels - phases * b.phase_pitch()) {}
};
struct TapColumn {
  std::int64_t offset = 0, phase = 0;
  NASCENT_INLINE void next(const TapSteps& steps) {
    offset += steps.column, phase += steps.phase;
    if (phase >= steps.phases) phase -= steps.phases, offset += steps.wrap;
  }
};

// Q vectors of outputs, `step` floats apart, that share their weights: w[tap * step].
template <int Q>
NASCENT_INLINE void depthwise_vectors(const TapSteps steps, const float* x, const float* w, std::int64_t step,
                                      Vector<kWidth> (&sum)[Q]) {
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q) sum[q] = Vector<kWidth>{};
  for (std::int64_t u = 0; u < steps.kernel_h; ++u, x += steps.row) {
    TapColumn column;
    for (std::int64_t v = 0; v < steps.kernel_w; ++v, column.next(steps), w += step) {
      const Vector<kWidth> weight = load<kWidth>(w);
#pragma GCC unroll 8
      for (int q = 0; q < Q; ++q) sum[q] += load<kWidth>(x + column.offset + q * step) * weight;
    }
  }
}

// One output row of n floats. Eight vectors in flight cover the FMA's latency on two 256-bit units and load each
// weight once for eight uses.
inline void depthwise_row(const TapSteps steps, const float* x, const float* w, std::int64_t period, std::int64_t n,
                          float* y) {
  constexpr int W = kWidth;
  for (std::int64_t lane = 0; lane < period && lane < n; lane += W) {
    std::int64_t f = lane;
    const auto run = [&]<int Q>(Vector<W>(&sum)[Q]) {
      for (; f + (Q - 1) * period + W <= n; f += Q * period) {
        depthwise_vectors<Q>(steps, x + f, w + lane, period, sum);
#pragma GCC unroll 8
        for (int q = 0; q < Q; ++q) store<W>(y + f + q * period, sum[q]);
      }
    };
    Vector<W> eight[8], four[4], one[1];
    run(eight);
    run(four);
    run(one);
    if (f < n) {
      depthwise_vectors<1>(steps, x + f, w + lane, period, one);
      store_n<W>(y + f, one[0], n - f);
    }
  }
}

// w[taps][channels] repeated to [taps][period].
inline void repeat_weights(const DepthwiseShape& s, bool flip, const float* w, float* to) {
  const std::int64_t taps = s.kernel_h * s.kernel_w, period = lane_period(s.channels);
  for (std::int64_t t = 0; t < taps; ++t)
    for (std::int64_t lane = 0; lane < period; lane += s.channels)
      copy(s.channels, w + (flip ? taps - 1 - t : t) * s.channels, to + t * period + lane);
}

void depthwise(const DepthwiseShape& s, const BandShape& b, bool flip, const float* x, const float* w, float* y,
               float* scratch) {
  const std::int64_t period = lane_period(s.channels), n = b.out_width * s.channels;
  repeat_weights(s, flip, w, scratch);
  float* buffers = scratch + s.kernel_h * s.kernel_w * period;
  parallel_chunks(s.batch * b.bands(), [&](std::int64_t chunk) {
    const std::int64_t image = chunk / b.bands(), begin = chunk % b.bands() * b.band();
    const std::int64_t rows = begin + b.band() < b.out_height ? b.band() : b.out_height - begin;
    float* buffer = buffers + worker() * b.floats();
    fill_band(b, x + image * b.height * b.width * s.channels, begin, rows, buffer);
    const TapSteps steps(b);
    for (std::int64_t row = 0; row < rows; ++row)
      depthwise_row(steps, buffer + row * b.stride * b.pitch(), scratch, period, n,
                    y + (image * b.out_height + begin + row) * n);
  });
}

void depthwise_conv2d_forward(const DepthwiseShape& s, const float* x, const float* w, float* y, float* scratch) {
  depthwise(s, forward_band(s), false, x, w, y, scratch);
}
void depthwise_conv2d_input_grad(const DepthwiseShape& s, const float* dy, const float* w, float* dx, float* scratch) {
  depthwise(s, gradient_band(s), true, dy, w, dx, scratch);
}

// Adds rows of a band to the sums of kernel row u, taps [v, v + KW): sums[tap][period], one lane a sum.
template <int KW>
inline void add_depthwise_weight_grad(const BandShape& b, const float* x, const float* dy, std::int64_t rows,
                                      const std::int64_t (&offset)[KW], std::int64_t period, float* sums) {
  constexpr int W = kWidth;
  const std::int64_t n = b.out_width * b.channels, row_step = b.stride * b.pitch();
  for (std::int64_t lane = 0; lane < period && lane < n; lane += W) {
    Vector<W> sum[KW];
#pragma GCC unroll 8
    for (int v = 0; v < KW; ++v) sum[v] = load<W>(sums + v * period + lane);
    for (std::int64_t row = 0; row < rows; ++row) {
      const float *xr = x + row * row_step, *gr = dy + row * n;
      std::int64_t f = lane;
      for (; f + W <= n; f += period) {
        const Vector<W> g = load<W>(gr + f);
#pragma GCC unroll 8
        for (int v = 0; v < KW; ++v) sum[v] += load<W>(xr + offset[v] + f) * g;
      }
      if (f >= n) continue;
      const Vector<W> g = load_n<W>(gr + f, n - f);  // x as well: beyond the row may lie a NaN
#pragma GCC unroll 8
      for (int v = 0; v < KW; ++v) sum[v] += load_n<W>(xr + offset[v] + f, n - f) * g;
    }
#pragma GCC unroll 8
    for (int v = 0; v < KW; ++v) store<W>(sums + v * period + lane, sum[v]);
  }
}

// Tap by tap in blocks of 5, 3 or 1: the sums of a block stay in registers, dy is loaded once for all of them.
inline void depthwise_kernel_row(const BandShape& b, const float* x, const float* dy, std::int64_t rows,
                                 std::int64_t period, float* sums) {
  const TapSteps steps(b);
  TapColumn column;
  std::int64_t v = 0;
  const auto run = [&]<int KW>(std::int64_t(&offset)[KW]) {
    for (; v + KW <= b.kernel_w; v += KW) {
      for (auto& o : offset) o = column.offset, column.next(steps);
      add_depthwise_weight_grad<KW>(b, x, dy, rows, offset, period, sums + v * period);
    }
  };
  std::int64_t five[5], three[3], one[1];
  run(five);
  run(three);
  run(one);
}

void depthwise_conv2d_weight_grad(const DepthwiseShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  const BandShape b = forward_band(s);
  const std::int64_t period = lane_period(s.channels), sums = s.kernel_h * s.kernel_w * period;
  const std::int64_t chunks = reduction_chunks(s.batch), n = b.out_width * s.channels;
  float* buffers = scratch + chunks * sums;
  parallel_chunks(chunks, [&](std::int64_t chunk) {
    float *part = scratch + chunk * sums, *buffer = buffers + worker() * b.floats();
    clear(sums, part);
    for (std::int64_t image = chunk_begin(s.batch, chunks, chunk); image < chunk_begin(s.batch, chunks, chunk + 1);
         ++image)
      for (std::int64_t begin = 0; begin < b.out_height; begin += b.band()) {
        const std::int64_t rows = begin + b.band() < b.out_height ? b.band() : b.out_height - begin;
        fill_band(b, x + image * b.height * b.width * s.channels, begin, rows, buffer);
        for (std::int64_t u = 0; u < s.kernel_h; ++u)
          depthwise_kernel_row(b, buffer + u * s.dilation * b.pitch(), dy + (image * b.out_height + begin) * n, rows,
                               period, part + u * s.kernel_w * period);
      }
  });
  for (std::int64_t t = 0; t < s.kernel_h * s.kernel_w; ++t)
    for (std::int64_t c = 0; c < s.channels; ++c) {
      float total = 0;
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
        for (std::int64_t lane = c; lane < period; lane += s.channels)
          total += scratch[chunk * sums + t * period + lane];
      dw[t * s.channels + c] = total;
    }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
