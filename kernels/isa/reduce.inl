// Ladder: v1 naive = reference/reduce.h; v2 flat lanes (lanes.inl) for few columns, plain rows for many: this file.
// One addition per 4 bytes: memory-bound.
#pragma once
#include "kernels/isa/lanes.inl"
#include "kernels/mixed_edge.h"
#include "kernels/reduce.h"
#include "kernels/reduce_plan.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// From 64 columns on a row fills vectors by itself; below, rows are joined into one flat run.
constexpr std::int64_t kNarrow = 64;
// Columns of a wide row that are summed before the next columns: the 16 KB of sums stay in L1.
constexpr std::int64_t kColumnBlock = 4096;

// y[i] = sum over r < rows of x[r, i], i < columns < kNarrow: 16 sums a period or more, folded lane by lane.
inline void sum_narrow(std::int64_t rows, std::int64_t columns, const float* x, float* y) {
  constexpr int W = kWidth;
  const std::int64_t period = lane_period(columns), total = rows * columns;
  float lanes[kNarrow * 16];
  for (std::int64_t lane = 0; lane < period; lane += W) {
    Vector<W> sum{};
    std::int64_t f = lane;
    for (; f + W <= total; f += period) sum += load<W>(x + f);
    if (f < total) sum += load_n<W>(x + f, total - f);
    store<W>(lanes + lane, sum);
  }
  for (std::int64_t i = 0; i < columns; ++i) {
    float sum = 0;
    for (std::int64_t lane = i; lane < period; lane += columns) sum += lanes[lane];
    y[i] = sum;
  }
}

inline void sum_wide(std::int64_t rows, std::int64_t pitch, std::int64_t columns, const float* x, float* y) {
  clear(columns, y);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < columns; ++i) y[i] += x[r * pitch + i];
}

void sum(const ReduceShape& s, const float* x, float* y, float* scratch) {
  const std::int64_t blocks = reduce_blocks(s.reduce), parts = s.outer * blocks;
  const std::int64_t cuts = s.inner < kNarrow ? 1 : (s.inner + kColumnBlock - 1) / kColumnBlock;
  // Small sums are taken several a chunk, about 4096 additions.
  const std::int64_t length = s.reduce < kReduceBlock ? s.reduce : kReduceBlock;
  const std::int64_t each = length * (s.inner < kColumnBlock ? s.inner : kColumnBlock);
  parallel_ranges(parts * cuts, each < 4096 ? 4096 / each : 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t chunk = first; chunk < last; ++chunk) {
      const std::int64_t part = chunk / cuts, column = chunk % cuts * kColumnBlock;
      const std::int64_t o = part / blocks, begin = part % blocks * kReduceBlock;
      const std::int64_t rows = begin + kReduceBlock < s.reduce ? kReduceBlock : s.reduce - begin;
      const float* from = x + (o * s.reduce + begin) * s.inner;
      float* to = (blocks == 1 ? y : scratch) + part * s.inner;
      if (s.inner < kNarrow)
        sum_narrow(rows, s.inner, from, to);
      else
        sum_wide(rows, s.inner, column + kColumnBlock < s.inner ? kColumnBlock : s.inner - column, from + column,
                 to + column);
    }
  });
  if (blocks == 1) return;
  parallel_chunks(s.outer, [&](std::int64_t o) {
    sum_wide(blocks, s.inner, s.inner, scratch + o * blocks * s.inner, y + o * s.inner);
  });
}

// Sum of a*b over n <= kReduceBlock terms in 16 lanes: lane l takes the terms l, l + 16, ...
inline float dot_block(std::int64_t n, const float* a, const float* b) {
  constexpr int W = kWidth, kVectors = 16 / W;
  Vector<W> sum[kVectors] = {};
  std::int64_t f = 0;
  for (; f + 16 <= n; f += 16)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[v] += load<W>(a + f + v * W) * load<W>(b + f + v * W);
  float lanes[16], total = 0;
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) store<W>(lanes + v * W, sum[v]);
  for (int l = 0; l < 16; ++l) {
    if (f + l < n) lanes[l] += a[f + l] * b[f + l];
    total += lanes[l];
  }
  return total;
}

void dot(std::int64_t n, const float* a, const float* b, float* y, float* scratch) {
  parallel_ranges(n, 8 * kReduceBlock, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kReduceBlock)
      scratch[i / kReduceBlock] = dot_block(i + kReduceBlock < end ? kReduceBlock : end - i, a + i, b + i);
  });
  double total = 0;
  for (std::int64_t block = 0; block < reduce_blocks(n); ++block) total += scratch[block];
  *y = static_cast<float>(total);
}

// Blocks of 1024: y and one branch at a time in L1, added in order of k.
template <Pass kPass>
void weighted_sum_by(std::int64_t n, int count, const float* weights, const float* const* branches, float* y) {
  parallel_ranges(n, kFlatGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kReduceBlock) {
      const std::int64_t length = i + kReduceBlock < end ? kReduceBlock : end - i;
      each_vector<kWidth>(length, [&](std::int64_t f, std::int64_t left) {
        Vector<kWidth> total{};
        fetch_ahead<kPass>(y + i + f);
        for (int k = 0; k < count; ++k) {
          if constexpr (kPass != Pass::followed) fetch_to_l1(branches[k] + i + f + kFetchAhead);
          total += load_up_to<kWidth>(branches[k] + i + f, left) * weights[k];
        }
        store_output<kPass>(y + i + f, total, left);
      });
    }
    end_chunk<kPass>();
  });
}
void weighted_sum(std::int64_t n, int count, const float* weights, const float* const* branches, float* y) {
  bool in_place = false;  // then y's lines are read in any case
  for (int k = 0; k < count; ++k) in_place = in_place || branches[k] == y;
  with_pass(pass_over(in_place ? 0 : n, y),
            [&](auto pass) { weighted_sum_by<pass.value>(n, count, weights, branches, y); });
}

void branch_dots(std::int64_t n, int count, const float* dy, const float* const* branches, float* dots,
                 float* scratch) {
  parallel_ranges(n, 4 * kReduceBlock, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kReduceBlock)
      for (int k = 0; k < count; ++k)
        scratch[i / kReduceBlock * count + k] =
            dot_block(i + kReduceBlock < end ? kReduceBlock : end - i, dy + i, branches[k] + i);
  });
  for (int k = 0; k < count; ++k) {
    double total = 0;
    for (std::int64_t block = 0; block < reduce_blocks(n); ++block) total += scratch[block * count + k];
    dots[k] = static_cast<float>(total);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
