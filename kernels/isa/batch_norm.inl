// Ladder: v1 naive = reference/batch_norm.h; v2 flat lanes (lanes.inl), statistics in one pass over memory: this file.
// v4, statistics in the producer's epilogue and normalisation in the next reader, is not done.
// Intensity below 1 FLOP/byte: memory-bound. Statistics read x once, apply moves 2 passes, backward 5.
#pragma once
#include "kernels/isa/batch_norm_apply.inl"

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

// R rows and G neighbouring vectors of lanes are summed side by side: about four chains of additions hide their latency
// of 4 cycles, and neighbours are one stream. R is part of the order of a sum, so the period alone may choose it.
template <int R, int G>
struct Chains {
  static constexpr int rows = R, vectors = G;
};
// Calls body(Chains, lane) for groups of lanes.
template <class Body>
NASCENT_INLINE void each_lane_group(std::int64_t period, const Body& body) {
  constexpr int W = kWidth, kGroup = 4;
  if (period == 16) {
    for (std::int64_t lane = 0; lane < period; lane += W) body(Chains<4, 1>{}, lane);
  } else if (period == 32) {
    for (std::int64_t lane = 0; lane < period; lane += 2 * W) body(Chains<2, 2>{}, lane);
  } else if (kWidth == 16 && period == 144) {  // of 36, 72 and 144 channels; whole rows, which are one stream
    body(Chains<1, 9>{}, std::int64_t{0});
  } else {
    std::int64_t lane = 0;
    for (; lane + kGroup * W <= period; lane += kGroup * W) body(Chains<1, kGroup>{}, lane);
    for (; lane < period; lane += W) body(Chains<1, 1>{}, lane);
  }
}

// total[g] = the N sums that term(f, g, sums) adds to for vector g of the group, over f = begin, begin + step, ...
// below end.
template <int R, int G, int N, class Term>
NASCENT_INLINE void sum_chains(std::int64_t begin, std::int64_t end, std::int64_t step, Vector<kWidth> (&total)[G][N],
                               const Term& term) {
  Vector<kWidth> sum[R][G][N] = {};
  std::int64_t f = begin;
  for (; f + (R - 1) * step < end; f += R * step)
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 9
      for (int g = 0; g < G; ++g) term(f + r * step + g * kWidth, g, sum[r][g]);
  for (; f < end; f += step)
#pragma GCC unroll 9
    for (int g = 0; g < G; ++g) term(f + g * kWidth, g, sum[0][g]);
#pragma GCC unroll 9
  for (int g = 0; g < G; ++g)
#pragma GCC unroll 2
    for (int i = 0; i < N; ++i) {
      total[g][i] = sum[0][g][i];
#pragma GCC unroll 4
      for (int r = 1; r < R; ++r) total[g][i] += sum[r][g][i];
    }
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
    each_lane_group(period, [&](auto chains, std::int64_t lane) {
      constexpr int R = chains.rows, G = chains.vectors;
      Vector<W> center[G][1], square[G][1];
      sum_chains<R>(begin + lane, end, period, center,
                    [&](std::int64_t f, int, Vector<W>(&sum)[1]) { sum[0] += load<W>(x + f); });
#pragma GCC unroll 9
      for (int g = 0; g < G; ++g) center[g][0] /= rows;
      const std::int64_t next = chunk.end - end > block_rows * period ? block_rows * period : 0;
      sum_chains<R>(begin + lane, end, period, square, [&](std::int64_t f, int g, Vector<W>(&sum)[1]) {
        fetch_to_l1(x + f + next);  // of the next block, while this one comes from L1
        const Vector<W> d = load<W>(x + f) - center[g][0];
        sum[0] += d * d;
      });
#pragma GCC unroll 9
      for (int g = 0; g < G; ++g) {
        float *m = mean + lane + g * W, *q = squares + lane + g * W;
        const Vector<W> delta = center[g][0] - load<W>(m);
        store<W>(m, load<W>(m) + delta * share);
        store<W>(q, load<W>(q) + square[g][0] + delta * delta * cross);
      }
    });
  }
}

void batch_norm_statistics(const BatchNormShape& s, const float* x, float* mean, float* var, float* scratch) {
  const std::int64_t period = lane_period(s.channels), total = s.rows * s.channels;
  const std::int64_t chunks = reduction_chunks(total / period);
  parallel_chunks(chunks, [&](std::int64_t i) {
    float* part = scratch + i * 2 * period;
    lane_moments(x, lane_chunk(total, period, chunks, i), period, part, part + period);
  });
  // Eight channels side by side: a merge waits for the one before it, and 32 chunks of 64 channels in a row took as
  // long as reading 1 MB.
  constexpr int kTogether = 8;
  const std::int64_t tail = total % period;
  for (std::int64_t c = 0; c < s.channels; c += kTogether) {
    const int together = static_cast<int>(s.channels - c < kTogether ? s.channels - c : kTogether);
    double count = 0, center[kTogether] = {}, squares[kTogether] = {};
    const auto merge = [&](double n, const float* part_mean, const float* part_squares) {
      if (n == 0) return;
      const double share = n / (count + n);
      for (int i = 0; i < together; ++i) {
        const double delta = part_mean[i] - center[i];
        center[i] += delta * share;
        squares[i] += (part_squares ? part_squares[i] : 0) + delta * delta * (count * share);
      }
      count += n;
    };
    for (std::int64_t i = 0; i < chunks; ++i) {
      const LaneChunk chunk = lane_chunk(total, period, chunks, i);
      const float* part = scratch + i * 2 * period + c;
      for (std::int64_t lane = 0; lane < period; lane += s.channels)
        merge(static_cast<double>((chunk.end - chunk.begin) / period), part + lane, part + period + lane);
    }
    for (std::int64_t lane = 0; lane < tail; lane += s.channels) merge(1, x + total - tail + lane + c, nullptr);
    for (int i = 0; i < together; ++i) {
      mean[c + i] = static_cast<float>(center[i]);
      var[c + i] = static_cast<float>(squares[i] / count);
    }
  }
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
    each_lane_group(period, [&](auto chains, std::int64_t lane) {
      constexpr int R = chains.rows, G = chains.vectors;
      Vector<W> total[G][2];  // of dy and of its product
      sum_chains<R>(begin + lane, end, period, total, [&](std::int64_t f, int g, Vector<W>(&sum)[2]) {
        const std::int64_t at = lane + g * W;
        const Vector<W> from_mean = load<W>(x + f) - load<W>(of.center + at);
        const Vector<W> gradient =
            through_relu<relu>(load<W>(dy + f), from_mean, load<W>(of.scale + at), load<W>(of.shift + at));
        sum[0] += gradient;
        sum[1] += gradient * from_mean;
      });
#pragma GCC unroll 9
      for (int g = 0; g < G; ++g) {
        float *d = sum_dy + lane + g * W, *p = sum_product + lane + g * W;
        store<W>(d, load<W>(d) + total[g][0]);
        store<W>(p, load<W>(p) + total[g][1]);
      }
    });
  }
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
  with_pass(pass_over(total, dx), [&](auto pass) {
    apply_gradients<relu, pass.value>(s, x, dy, mean, rstd, gamma, beta, dgamma, dbeta, dx);
  });
}

void batch_norm_backward(const BatchNormShape& s, const float* x, const float* dy, const float* mean, const float* rstd,
                         const float* gamma, const float* beta, float* dx, float* dgamma, float* dbeta,
                         float* scratch) {
  (s.relu ? backward_by<true> : backward_by<false>)(s, x, dy, mean, rstd, gamma, beta, dx, dgamma, dbeta, scratch);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
