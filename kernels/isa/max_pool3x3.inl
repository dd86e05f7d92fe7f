// Max pooling 3x3 at stride 1 with padding 1, some rows at a time: each input row's maxima of three columns are taken
// once for the rows of windows that meet them, and two windows one above the other share their two middle rows. Of
// 16 compares and maxima an output 9 are left at four rows. Bits and winners are those of the windows taken one by one.
#pragma once
#include "kernels/isa/pool2d.inl"
#include "kernels/masks.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Output rows at a time: even, for they go in pairs. Ten streams, six read and four written, of rows 4 KB apart would
// share the 8 ways of one set of L1.
constexpr int kRowsTogether = 4;

inline bool pools_rows_together(const PoolShape& s) {
  return s.kernel == 3 && s.stride == 1 && s.padding == 1 && s.height >= kRowsTogether;
}

struct Winner {
  Vector<kWidth> value;
  Bytes tap;
};
// Of equal ones the first, so that joining in row order, however it is bracketed, finds the first of the largest.
NASCENT_INLINE Winner larger(const Winner first, const Winner second) {
  return {max_of(second.value, first.value), select(greater(second.value, first.value), second.tap, first.tap)};
}
NASCENT_INLINE Winner rows_down(const Winner w, const Bytes taps) { return {w.value, add_bytes(w.tap, taps)}; }

// kRowsTogether rows of output from row i on, columns of a run covered by NJ columns each. A row beyond the image is
// its neighbour over again: below, it is never larger; above, it is tapped as the row it stands for. Says whether some
// input may be NaN: in a row of runs each column is the middle of three or in a run of fewer.
template <int NJ>
NASCENT_INLINE bool pool_rows(const PoolShape& s, const PoolRun& run, const std::int64_t i, const float* const x,
                              float* const y, std::uint8_t* const tap) {
  constexpr int W = kWidth, R = kRowsTogether;
  const std::int64_t c = s.channels, row = s.width * c;
  const float* from[R + 2];
#pragma GCC unroll 6
  for (int r = 0; r < R + 2; ++r) {
    const std::int64_t at = i + r - 1;
    from[r] = x + (at < 0 ? 0 : at < s.height ? at : s.height - 1) * row + run.cover.begin * c;
  }
  Bytes column[NJ];
#pragma GCC unroll 3
  for (int b = 0; b < NJ; ++b) column[b] = bytes(static_cast<int>(run.cover.tap) + b);
  const Bytes above = bytes(i == 0 ? 3 : 0), down = bytes(3);
  Vector<W> sum{};
  const std::int64_t to = i * row + run.j * c;
  each_vector<W>(run.pixels * c, [&](std::int64_t f, std::int64_t n) {
    Winner best[R + 2];
#pragma GCC unroll 6
    for (int r = 0; r < R + 2; ++r) {
#pragma GCC unroll 3
      for (int b = 0; b < NJ; ++b) {
        const Winner met{load_up_to<W>(from[r] + f + b * c, n), column[b]};
        best[r] = b == 0 ? met : larger(best[r], met);
        if (NJ < 3 || b == 1) sum += met.value;
      }
    }
    best[0] = rows_down(best[0], above);
#pragma GCC unroll 3
    for (int r = 0; r < R; r += 2) {
      const Winner shared = larger(best[r + 1], rows_down(best[r + 2], down));
      const Winner out[2] = {larger(best[r], rows_down(shared, down)),
                             larger(shared, rows_down(rows_down(best[r + 3], down), down))};
#pragma GCC unroll 2
      for (int k = 0; k < 2; ++k) {
        store_up_to<W>(y + to + (r + k) * row + f, out[k].value, n);
        store_bytes(tap + to + (r + k) * row + f, out[k].tap, n);
      }
    }
  });
  return any(unordered(sum, sum));
}

// All rows of an image; again(i) takes row i anew where an input may be NaN. The last rows are taken together with as
// many of those before them as it needs.
template <class Again>
void max_pool_rows_together(const PoolShape& s, const PoolRuns& runs, const float* x, float* y, std::uint8_t* tap,
                            const Again& again) {
  for (std::int64_t row = 0; row < s.height; row += kRowsTogether) {
    const std::int64_t i = row + kRowsTogether <= s.height ? row : s.height - kRowsTogether;
    bool found = false;
    for (int j = 0; j < runs.count; ++j) {
      const PoolRun& run = runs.run[j];
      if (run.cover.count == 3)
        found |= pool_rows<3>(s, run, i, x, y, tap);
      else if (run.cover.count == 2)
        found |= pool_rows<2>(s, run, i, x, y, tap);
      else
        found |= pool_rows<1>(s, run, i, x, y, tap);
    }
    if (found)
      for (int k = 0; k < kRowsTogether; ++k) again(i + k);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
