// The element-wise halves of batch norm: each value by its lane's coefficients, which stay in registers while rows run.
// Loading four of them again for every vector took a third of the time: Zen 4 loads 64 bytes a cycle, L3 gives 20.
#pragma once
#include "kernels/batch_norm.h"
#include "kernels/isa/lanes.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// K coefficients of each of up to kLaneBlock neighbouring lanes.
template <int K>
struct LaneTable {
  float of[K][kLaneBlock];
};

// op(offset, n, coefficients) for G vectors of each row of `step` floats from `begin` on, `rows` times.
template <int G, int K, class Op>
NASCENT_INLINE void run_rows(const LaneTable<K>& table, std::int64_t begin, std::int64_t rows, std::int64_t step,
                             const Op& op) {
  constexpr int W = kWidth;
  Vector<W> coefficient[G][K];
#pragma GCC unroll 9
  for (int g = 0; g < G; ++g)
#pragma GCC unroll 5
    for (int k = 0; k < K; ++k) coefficient[g][k] = load<W>(table.of[k] + g * W);
  for (std::int64_t row = 0, f = begin; row < rows; ++row, f += step)
#pragma GCC unroll 9
    for (int g = 0; g < G; ++g) op(f + g * W, std::int64_t{W}, coefficient[g]);
}

// Lanes [0, lanes) of the rows from `begin` on, `step` floats each; the last may end early, at `end`.
template <int K, class Op>
NASCENT_INLINE void run_lanes(const LaneTable<K>& table, std::int64_t begin, std::int64_t end, std::int64_t lanes,
                              std::int64_t step, const Op& op) {
  constexpr int W = kWidth;
  const auto row = [&](std::int64_t f, std::int64_t count) {
    each_vector<W>(count, [&](std::int64_t i, std::int64_t n) {
      Vector<W> coefficient[K];
#pragma GCC unroll 5
      for (int k = 0; k < K; ++k) coefficient[k] = load<W>(table.of[k] + i);
      op(f + i, n, coefficient);
    });
  };
  const std::int64_t rows = end - begin < lanes ? 0 : (end - begin - lanes) / step + 1, rest = begin + rows * step;
  switch (lanes / W) {
    case 1:
      run_rows<1>(table, begin, rows, step, op);
      break;
    case 2:
      run_rows<2>(table, begin, rows, step, op);
      break;
    case 3:
      run_rows<3>(table, begin, rows, step, op);
      break;
    case 4:
      run_rows<4>(table, begin, rows, step, op);
      break;
    case 9:
      run_rows<9>(table, begin, rows, step, op);
      break;  // 36, 72 and 144 channels
    default:
      for (std::int64_t f = begin; f < rest; f += step) row(f, lanes);
  }
  if (rest < end) row(rest, end - rest);
}

// fill(lane, lanes, table) writes the coefficients of lanes; op(offset, n, coefficients) runs for each vector (n < W
// floats at the very end). Chunks run in parallel, the last first: what a pass before has just read is still in L2.
template <int K, Pass kPass, class Fill, class Op>
NASCENT_INLINE void apply_lanes(const BatchNormShape& s, const Fill& fill, const Op& op) {
  const std::int64_t period = lane_period(s.channels), total = s.rows * s.channels;
  const std::int64_t grain = (kFlatGrain + period - 1) / period * period, chunks = (total + grain - 1) / grain;
  const bool once = period <= kLaneBlock;
  LaneTable<K> shared;
  if (once) fill(0, period, shared);
  parallel_chunks(chunks, [&](std::int64_t i) {
    const std::int64_t begin = (chunks - 1 - i) * grain, end = begin + grain < total ? begin + grain : total;
    if (once) {
      run_lanes(shared, begin, end, period, period, op);
    } else {
      LaneTable<K> table;
      for (std::int64_t lane = 0; lane < period; lane += kLaneBlock) {
        const std::int64_t lanes = lane + kLaneBlock < period ? kLaneBlock : period - lane;
        fill(lane, lanes, table);
        run_lanes(table, begin + lane, end, lanes, period, op);
      }
    }
    end_chunk<kPass>();
  });
}

template <bool relu, Pass kPass>
void apply_by(const BatchNormShape& s, const float* x, const float* mean, const float* rstd, const float* gamma,
              const float* beta, float* y) {
  constexpr int W = kWidth;
  enum { center, scale, shift, count };
  const auto fill = [&](std::int64_t lane, std::int64_t lanes, LaneTable<count>& table) {
    float factor[kLaneBlock];
    repeat_lanes(lane, lanes, s.channels, mean, 0, table.of[center]);
    repeat_lanes(lane, lanes, s.channels, rstd, 0, table.of[scale]);
    repeat_lanes(lane, lanes, s.channels, gamma, 1, factor);
    repeat_lanes(lane, lanes, s.channels, beta, 0, table.of[shift]);
    for (std::int64_t i = 0; i < lanes; ++i) table.of[scale][i] *= factor[i];
  };
  apply_lanes<count, kPass>(s, fill, [x, y](std::int64_t f, std::int64_t n, const Vector<W>(&by)[count]) {
    fetch_ahead<kPass>(y + f, x + f);
    const Vector<W> value = multiply_add<W>(load_up_to<W>(x + f, n) - by[center], by[scale], by[shift]);
    store_output<kPass>(y + f, relu ? (value < 0 ? Vector<W>{} : value) : value, n);  // NaN passes
  });
}

void batch_norm_apply(const BatchNormShape& s, const float* x, const float* mean, const float* rstd, const float* gamma,
                      const float* beta, float* y) {
  with_pass(pass_over(s.rows * s.channels, y), [&](auto pass) {
    const auto apply = s.relu ? apply_by<true, pass.value> : apply_by<false, pass.value>;
    apply(s, x, mean, rstd, gamma, beta, y);
  });
}

// dy where the ReLU behind the norm let y through, with y as batch_norm_apply makes it from x - mean.
template <bool relu>
NASCENT_INLINE Vector<kWidth> through_relu(Vector<kWidth> dy, Vector<kWidth> from_mean, Vector<kWidth> scale,
                                           Vector<kWidth> shift) {
  if constexpr (relu) return multiply_add<kWidth>(from_mean, scale, shift) > 0 ? dy : Vector<kWidth>{};
  return dy;
}

// dx = rstd*gamma * (dy - dbeta/rows - xhat*dgamma/rows): mean(g) = gamma*dbeta/rows, mean(g*xhat) = gamma*dgamma/rows.
template <bool relu, Pass kPass>
void apply_gradients(const BatchNormShape& s, const float* x, const float* dy, const float* mean, const float* rstd,
                     const float* gamma, const float* beta, const float* dgamma, const float* dbeta, float* dx) {
  constexpr int W = kWidth;
  enum { center, scale, slope, less, shift, count = shift + relu };
  const auto fill = [&](std::int64_t lane, std::int64_t lanes, LaneTable<count>& table) {
    const float rows = static_cast<float>(s.rows);
    float factor[kLaneBlock];
    repeat_lanes(lane, lanes, s.channels, mean, 0, table.of[center]);
    repeat_lanes(lane, lanes, s.channels, rstd, 0, table.of[scale]);
    repeat_lanes(lane, lanes, s.channels, gamma, 1, factor);
    repeat_lanes(lane, lanes, s.channels, dgamma, 0, table.of[slope]);
    repeat_lanes(lane, lanes, s.channels, dbeta, 0, table.of[less]);
    if constexpr (relu) repeat_lanes(lane, lanes, s.channels, beta, 0, table.of[shift]);
    for (std::int64_t i = 0; i < lanes; ++i) {
      table.of[slope][i] = table.of[slope][i] / rows * table.of[scale][i];
      table.of[less][i] /= rows;
      table.of[scale][i] *= factor[i];
    }
  };
  apply_lanes<count, kPass>(s, fill, [x, dy, dx](std::int64_t f, std::int64_t n, const Vector<W>(&by)[count]) {
    fetch_ahead<kPass>(dx + f, x + f, dy + f);
    const Vector<W> from_mean = load_up_to<W>(x + f, n) - by[center];
    const Vector<W> through = through_relu<relu>(load_up_to<W>(dy + f, n), from_mean, by[scale], by[count - 1]);
    store_output<kPass>(dx + f, (through - by[less] - from_mean * by[slope]) * by[scale], n);
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
