// Ladder: v1 naive = reference/batch_norm.h; v2 flat lanes (lanes.inl), statistics in one pass over memory: this file.
// v4, statistics in the producer's epilogue and normalisation in the next reader, is not done.
// Intensity below 1 FLOP/byte: memory-bound. Statistics read x once, apply moves 2 passes, backward 5.
#pragma once
#include "kernels/batch_norm.h"
#include "kernels/isa/lanes.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Floats of a block whose mean is taken before its squares: 8 KB, so that the second pass over it reads L1.
constexpr std::int64_t kBlockFloats = 2048;

// A chunk of whole periods, in floats. What is left after the last period is added by the caller.
struct LaneChunk {
  std::int64_t begin, end;
};
inline LaneChunk lane_chunk(std::int64_t total, std::int64_t period, std::int64_t chunks, std::int64_t i) {
  const std::int64_t whole = total / period;
  return {chunk_begin(whole, chunks, i) * period, chunk_begin(whole, chunks, i + 1) * period};
}

// Per lane the mean and the sum of squares about it, blocks merged as they come (Chan, Golub & LeVeque 1983): a large
// mean cancels nothing.
inline void lane_moments(const float* x, const LaneChunk& chunk, std::int64_t period, float* mean, float* squares) {
  constexpr int W = kWidth;
  const std::int64_t block_rows = kBlockFloats / period < 4 ? 4 : kBlockFloats / period;
  clear(period, mean);
  clear(period, squares);
  for (std::int64_t begin = chunk.begin; begin < chunk.end; begin += block_rows * period) {
    const std::int64_t end = begin + block_rows * period < chunk.end ? begin + block_rows * period : chunk.end;
    const float rows = static_cast<float>((end - begin) / period);
    const float before = static_cast<float>((begin - chunk.begin) / period);
    const float share = rows / (before + rows), cross = before * share;
    for (std::int64_t lane = 0; lane < period; lane += W) {
      Vector<W> sum{}, square{};
      for (std::int64_t f = begin + lane; f < end; f += period) sum += load<W>(x + f);
      const Vector<W> center = sum / rows;
      for (std::int64_t f = begin + lane; f < end; f += period) {
        const Vector<W> d = load<W>(x + f) - center;
        square += d * d;
      }
      const Vector<W> delta = center - load<W>(mean + lane);
      store<W>(mean + lane, load<W>(mean + lane) + delta * share);
      store<W>(squares + lane, load<W>(squares + lane) + square + delta * delta * cross);
    }
  }
}

void batch_norm_statistics(const BatchNormShape& s, const float* x, float* mean, float* var, float* scratch) {
  const std::int64_t period = lane_period(s.channels), total = s.rows * s.channels;
  const std::int64_t chunks = reduction_chunks(total / period);
  parallel_chunks(chunks, [&](std::int64_t i) {
    float* part = scratch + i * 2 * period;
    lane_moments(x, lane_chunk(total, period, chunks, i), period, part, part + period);
  });
  const std::int64_t tail = total % period;
  for (std::int64_t c = 0; c < s.channels; ++c) {
    double count = 0, center = 0, squares = 0;
    const auto merge = [&](double n, double part_mean, double part_squares) {
      if (n == 0) return;
      const double delta = part_mean - center;
      center += delta * n / (count + n);
      squares += part_squares + delta * delta * count * n / (count + n);
      count += n;
    };
    for (std::int64_t i = 0; i < chunks; ++i) {
      const LaneChunk chunk = lane_chunk(total, period, chunks, i);
      const float* part = scratch + i * 2 * period;
      for (std::int64_t lane = c; lane < period; lane += s.channels)
        merge(static_cast<double>((chunk.end - chunk.begin) / period), part[lane], part[period + lane]);
    }
    for (std::int64_t lane = c; lane < tail; lane += s.channels) merge(1, x[total - tail + lane], 0);
    mean[c] = static_cast<float>(center);
    var[c] = static_cast<float>(squares / count);
  }
}

void batch_norm_apply(const BatchNormShape& s, const float* x, const float* mean, const float* rstd, const float* gamma,
                      const float* beta, float* y) {
  struct Body {
    const BatchNormShape& s;
    const float *x, *mean, *rstd, *gamma, *beta;
    float *y, center[kLaneBlock], scale[kLaneBlock], factor[kLaneBlock], shift[kLaneBlock];
    NASCENT_INLINE void prepare(std::int64_t lane, std::int64_t lanes) {
      repeat_lanes(lane, lanes, s.channels, mean, 0, center);
      repeat_lanes(lane, lanes, s.channels, rstd, 0, scale);
      repeat_lanes(lane, lanes, s.channels, gamma, 1, factor);
      repeat_lanes(lane, lanes, s.channels, beta, 0, shift);
      for (std::int64_t i = 0; i < lanes; ++i) scale[i] *= factor[i];
    }
    NASCENT_INLINE void run(std::int64_t f, std::int64_t i, std::int64_t n) {
      constexpr int W = kWidth;
      const Vector<W> value = multiply_add<W>(load_up_to<W>(x + f, n) - load<W>(center + i), load<W>(scale + i),
                                              load<W>(shift + i));
      store_up_to<W>(y + f, s.relu ? (value < 0 ? Vector<W>{} : value) : value, n);  // NaN passes
    }
  };
  each_lane_vector(s.rows, s.channels, [&] { return Body{s, x, mean, rstd, gamma, beta, y, {}, {}, {}, {}}; });
}

// dy where the ReLU behind the norm let y through, with y as batch_norm_apply makes it from x - mean.
template <int W, bool relu>
NASCENT_INLINE Vector<W> through_relu(Vector<W> dy, Vector<W> from_mean, const float* scale, const float* shift) {
  if constexpr (relu) return multiply_add<W>(from_mean, load<W>(scale), load<W>(shift)) > 0 ? dy : Vector<W>{};
  return dy;
}

// The coefficients of every lane of a period.
struct LaneCoefficients {
  const float *center, *scale, *shift;
};

// Per lane sum(dy) and sum(dy * (x - mean)); the caller multiplies the second by rstd.
template <bool relu>
inline void lane_gradients(const float* x, const float* dy, const LaneCoefficients& of, const LaneChunk& chunk,
                           std::int64_t period, float* sum_dy, float* sum_product) {
  constexpr int W = kWidth;
  const std::int64_t block_rows = kBlockFloats / period < 4 ? 4 : kBlockFloats / period;
  clear(period, sum_dy);
  clear(period, sum_product);
  for (std::int64_t begin = chunk.begin; begin < chunk.end; begin += block_rows * period) {
    const std::int64_t end = begin + block_rows * period < chunk.end ? begin + block_rows * period : chunk.end;
    for (std::int64_t lane = 0; lane < period; lane += W) {
      Vector<W> sum{}, product{};
      const Vector<W> mean = load<W>(of.center + lane);
      for (std::int64_t f = begin + lane; f < end; f += period) {
        const Vector<W> from_mean = load<W>(x + f) - mean;
        const Vector<W> g = through_relu<W, relu>(load<W>(dy + f), from_mean, of.scale + lane, of.shift + lane);
        sum += g;
        product += g * from_mean;
      }
      store<W>(sum_dy + lane, load<W>(sum_dy + lane) + sum);
      store<W>(sum_product + lane, load<W>(sum_product + lane) + product);
    }
  }
}

// dx = rstd*gamma * (dy - dbeta/rows - xhat*dgamma/rows): mean(g) = gamma*dbeta/rows, mean(g*xhat) = gamma*dgamma/rows.
template <bool relu>
inline void apply_gradients(const BatchNormShape& s, const float* x, const float* dy, const float* mean,
                            const float* rstd, const float* gamma, const float* beta, const float* dgamma,
                            const float* dbeta, float* dx) {
  struct Body {
    const BatchNormShape& s;
    const float *x, *dy, *mean, *rstd, *gamma, *beta, *dgamma, *dbeta;
    float *dx, center[kLaneBlock], scale[kLaneBlock], factor[kLaneBlock], slope[kLaneBlock], less[kLaneBlock],
        shift[kLaneBlock];
    NASCENT_INLINE void prepare(std::int64_t lane, std::int64_t lanes) {
      const float rows = static_cast<float>(s.rows);
      repeat_lanes(lane, lanes, s.channels, mean, 0, center);
      repeat_lanes(lane, lanes, s.channels, rstd, 0, scale);
      repeat_lanes(lane, lanes, s.channels, gamma, 1, factor);
      repeat_lanes(lane, lanes, s.channels, dgamma, 0, slope);
      repeat_lanes(lane, lanes, s.channels, dbeta, 0, less);
      if (relu) repeat_lanes(lane, lanes, s.channels, beta, 0, shift);
      for (std::int64_t i = 0; i < lanes; ++i) {
        slope[i] = slope[i] / rows * scale[i];
        less[i] /= rows;
        scale[i] *= factor[i];
      }
    }
    NASCENT_INLINE void run(std::int64_t f, std::int64_t i, std::int64_t n) {
      constexpr int W = kWidth;
      const Vector<W> from_mean = load_up_to<W>(x + f, n) - load<W>(center + i);
      const Vector<W> through = through_relu<W, relu>(load_up_to<W>(dy + f, n), from_mean, scale + i, shift + i);
      const Vector<W> g = through - load<W>(less + i) - from_mean * load<W>(slope + i);
      store_up_to<W>(dx + f, g * load<W>(scale + i), n);
    }
  };
  each_lane_vector(s.rows, s.channels,
                   [&] { return Body{s, x, dy, mean, rstd, gamma, beta, dgamma, dbeta, dx, {}, {}, {}, {}, {}, {}}; });
}

template <bool relu>
void backward_by(const BatchNormShape& s, const float* x, const float* dy, const float* mean, const float* rstd,
                 const float* gamma, const float* beta, float* dx, float* dgamma, float* dbeta, float* scratch) {
  const std::int64_t period = lane_period(s.channels), total = s.rows * s.channels, tail = total % period;
  const std::int64_t chunks = reduction_chunks(total / period);
  float *center = scratch + chunks * 2 * period, *scale = center + period, *shift = scale + period;
  repeat_lanes(0, period, s.channels, mean, 0, center);
  repeat_lanes(0, period, s.channels, gamma, 1, scale);
  for (std::int64_t lane = 0; lane < period; ++lane) scale[lane] *= rstd[lane % s.channels];
  repeat_lanes(0, period, s.channels, beta, 0, shift);
  parallel_chunks(chunks, [&](std::int64_t i) {
    float* part = scratch + i * 2 * period;
    lane_gradients<relu>(x, dy, {center, scale, shift}, lane_chunk(total, period, chunks, i), period, part,
                         part + period);
  });
  for (std::int64_t c = 0; c < s.channels; ++c) {
    double sum = 0, product = 0;
    for (std::int64_t i = 0; i < chunks; ++i)
      for (std::int64_t lane = c; lane < period; lane += s.channels) {
        sum += scratch[i * 2 * period + lane];
        product += scratch[(i * 2 + 1) * period + lane];
      }
    for (std::int64_t f = total - tail + c; f < total; f += s.channels) {
      const float from_mean = x[f] - mean[c];
      const float g = !relu || from_mean * scale[c] + shift[c] > 0 ? dy[f] : 0;
      sum += g;
      product += static_cast<double>(g) * from_mean;
    }
    dbeta[c] = static_cast<float>(sum);
    dgamma[c] = static_cast<float>(product * rstd[c]);
  }
  apply_gradients<relu>(s, x, dy, mean, rstd, gamma, beta, dgamma, dbeta, dx);
}

void batch_norm_backward(const BatchNormShape& s, const float* x, const float* dy, const float* mean, const float* rstd,
                         const float* gamma, const float* beta, float* dx, float* dgamma, float* dbeta,
                         float* scratch) {
  (s.relu ? backward_by<true> : backward_by<false>)(s, x, dy, mean, rstd, gamma, beta, dx, dgamma, dbeta, scratch);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
