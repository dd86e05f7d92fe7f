// Max pooling 3x3 with padding 1, some rows at a time: each input row's maxima of three columns are taken once for the
// rows of windows that meet them, and at stride 1 two windows one above the other share their two middle rows. Of 16
// compares and maxima an output 9 are left at four rows, 14 at stride 2; there fewer rows come from L3 twice. Bits and
// winners are those of the windows taken one by one.
#pragma once
#include <type_traits>

#include "kernels/isa/pool2d.inl"
#include "kernels/masks.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Output rows at a time. At stride 1 an even number, for they go in pairs: ten streams, six read and four written, of
// rows 4 KB apart would share the 8 ways of one set of L1. At stride 2 two rows read five.
constexpr int rows_together(std::int64_t stride) { return stride == 1 ? 4 : 2; }

inline bool pools_rows_together(const PoolShape& s) {
  return s.kernel == 3 && s.stride <= 2 && s.padding == 1 && s.out_height() >= rows_together(s.stride);
}

// Whether the rows that follow are fetched to L2, at stride 1 of y, at stride 2 of x: eight lines for two vectors of
// outputs, which makes maxima from L3 a quarter longer and from DRAM a third to a half shorter.
inline bool fetches_rows(const PoolShape& s) {
  const std::int64_t in = s.height * s.width, out = s.out_height() * s.out_width();
  return s.stride == 1 ? is_large(s) : s.batch * (in + out) * s.channels > kNearFloats;
}

struct Winner {
  Vector<kWidth> value;
  Bytes tap;
};
struct Largest {  // where nobody asks which
  Vector<kWidth> value;
  NASCENT_INLINE Largest() = default;
  NASCENT_INLINE Largest(Vector<kWidth> v) : value(v) {}
  NASCENT_INLINE Largest(Vector<kWidth> v, const Bytes&) : value(v) {}
};
// Of equal ones the first, so that joining in row order, however it is bracketed, finds the first of the largest.
NASCENT_INLINE Winner larger(const Winner first, const Winner second) {
  return {max_of(second.value, first.value), select(greater(second.value, first.value), second.tap, first.tap)};
}
NASCENT_INLINE Winner rows_down(const Winner w, const Bytes taps) { return {w.value, add_bytes(w.tap, taps)}; }
NASCENT_INLINE Largest larger(const Largest first, const Largest second) { return max_of(second.value, first.value); }
NASCENT_INLINE Largest rows_down(const Largest w, const Bytes&) { return w; }

// rows_together(S) rows of output from row i on, columns of a run covered by NJ columns each. A row beyond the image is
// its neighbour over again: below, it is never larger; above, it is tapped as the row it stands for. Says whether some
// input may be NaN: in a row of runs each column is one of the last S of three or in a run of fewer. kFetch: see
// fetches_rows.
template <class Best, int S, int NJ, bool kFetch>
NASCENT_INLINE bool pool_rows(const PoolShape& s, const PoolRun& run, const std::int64_t i, const float* const x,
                              float* const y, std::uint8_t* const tap, const float* const next) {
  constexpr int W = kWidth, R = rows_together(S), kRead = S * (R - 1) + 3;
  const std::int64_t c = s.channels, row = s.width * c, out_row = s.out_width() * c;
  const float* from[kRead];
#pragma GCC unroll 6
  for (int r = 0; r < kRead; ++r) {
    const std::int64_t at = i * S + r - 1;
    from[r] = x + (at < 0 ? 0 : at < s.height ? at : s.height - 1) * row + run.cover.begin * c;
  }
  Bytes column[NJ];
#pragma GCC unroll 3
  for (int b = 0; b < NJ; ++b) column[b] = bytes(static_cast<int>(run.cover.tap) + b);
  const Bytes above = bytes(i == 0 ? 3 : 0), down = bytes(3);
  Vector<W> sum{};
  float* const to = y + i * out_row + run.j * c;
  std::uint8_t* const to_tap = tap ? tap + i * out_row + run.j * c : nullptr;
  const bool fetch_y = S == 1 ? kFetch : is_large(s);
  const float* const fetched = next ? next + i * out_row + run.j * c : nullptr;
  // Inlined by order: GCC 12 takes a body of this size for too large, and a call a vector makes it half as fast again.
  const auto take = [&](std::int64_t f, std::int64_t at, std::int64_t n) __attribute__((always_inline)) {
    if (fetch_y)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) fetch_to_l2(to + (R + r) * out_row + at);
    if constexpr (kFetch && S == 2)
#pragma GCC unroll 4
      for (int r = kRead; r < kRead + S * R; ++r)
        for (int b = 1; b <= S; ++b) fetch_to_l2(from[0] + r * row + f + b * c);
    if (fetched)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) fetch_to_l2(fetched + r * out_row + at);
    Best best[kRead];
    Vector<W> met_sum{};  // its own, or the additions of all vectors would wait for each other
#pragma GCC unroll 6
    for (int r = 0; r < kRead; ++r) {
#pragma GCC unroll 3
      for (int b = 0; b < NJ; ++b) {
        const Best met{load_up_to<W>(from[r] + f + b * c, n), column[b]};
        best[r] = b == 0 ? met : larger(best[r], met);
        if (NJ < 3 || (S == 1 ? b == 1 : b > 0)) met_sum += met.value;
      }
    }
    sum += met_sum;
    best[0] = rows_down(best[0], above);
    Best out[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; r += S == 1 ? 2 : 1) {
      const Best* const w = best + S * r;
      const Best shared = larger(w[1], rows_down(w[2], down));  // of the two lower rows of window r
      out[r] = larger(w[0], rows_down(shared, down));
      if constexpr (S == 1) out[r + 1] = larger(shared, rows_down(rows_down(w[3], down), down));
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      store_up_to<W>(to + r * out_row + at, out[r].value, n);
      if constexpr (std::is_same_v<Best, Winner>) store_bytes(to_tap + r * out_row + at, out[r].tap, n);
    }
  };
  // At stride 1 the pixels are one run of floats.
  const std::int64_t pixels = S == 1 ? 1 : run.pixels, floats = S == 1 ? run.pixels * c : c;
  for (std::int64_t p = 0, in = 0, out = 0; p < pixels; ++p, in += S * c, out += c) {
    std::int64_t f = 0;
    for (; f + W <= floats; f += W) take(in + f, out + f, W);
    // What is left is the last whole vector again, where there is one: masks are dearer than lanes taken twice.
    if (f < floats && f > 0)
      take(in + floats - W, out + floats - W, W);
    else if (f < floats)
      take(in, out, floats);
  }
  return any(unordered(sum, sum));
}

// All rows of an image; `next`, of y's size, is fetched to L2 meanwhile; null: nothing. again(i) takes row i anew where
// an input may be NaN. The last rows are taken together with as many of those before them as it needs.
template <class Best, int S, bool kFetch, class Again>
void max_pool_rows_together(const PoolShape& s, const PoolRuns& runs, const float* x, float* y, std::uint8_t* tap,
                            const float* next, const Again& again) {
  constexpr int R = rows_together(S);
  for (std::int64_t row = 0; row < s.out_height(); row += R) {
    const std::int64_t i = row + R <= s.out_height() ? row : s.out_height() - R;
    bool found = false;
    for (int j = 0; j < runs.count; ++j) {
      const PoolRun& run = runs.run[j];
      if (run.cover.count == 3)
        found |= pool_rows<Best, S, 3, kFetch>(s, run, i, x, y, tap, next);
      else if (run.cover.count == 2)
        found |= pool_rows<Best, S, 2, kFetch>(s, run, i, x, y, tap, next);
      else
        found |= pool_rows<Best, S, 1, kFetch>(s, run, i, x, y, tap, next);
    }
    if (found)
      for (int k = 0; k < R; ++k) again(i + k);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
