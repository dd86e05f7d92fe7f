// Max pooling and its adjoint: see pool2d.inl. Winners are a byte a lane from end to end: on AVX-512 a compare gives a
// mask of 16 lanes that selects among 16 floats and 16 bytes alike.
#pragma once
#include "kernels/isa/pool2d.inl"
#include "kernels/masks.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// The tap numbers of a window, kept in registers where there are few.
template <int NI, int NJ>
struct TapBytes {
  PoolTaps t;
  Bytes known[NI && NJ ? NI * NJ : 1];
  NASCENT_INLINE explicit TapBytes(const PoolTaps& taps) : t(taps) {
    for (int a = 0; a < NI; ++a)
      for (int b = 0; b < NJ; ++b) known[NJ ? a * NJ + b : 0] = make(a, b);
  }
  NASCENT_INLINE Bytes make(int a, int b) const { return bytes(t.tap + a * t.row_taps + b * t.column_taps); }
  NASCENT_INLINE Bytes operator()(int a, int b) const { return NI && NJ ? known[NJ ? a * NJ + b : 0] : make(a, b); }
};

// The largest input of each window and its tap; of equal ones the first. NaN wins, as in PyTorch: a broken network must
// not look healthy. Everything is passed by value: a byte that is stored may alias what a reference points at.
template <int NI, int NJ, bool kNaN>
void take_largest(const PoolPixels pixels, const PoolTaps t, const float* const x, float* const y,
                  std::uint8_t* const tap) {
  constexpr int W = kWidth;
  const int ni = NI ? NI : static_cast<int>(t.rows), nj = NJ ? NJ : static_cast<int>(t.columns);
  const TapBytes<NI, NJ> number(t);
  pixels.each([&](std::int64_t from, std::int64_t to, std::int64_t n) {
    Vector<W> largest = load_up_to<W>(x + from, n);
    Bytes winner = number(0, 0);
#pragma GCC unroll 3
    for (int a = 0; a < ni; ++a)
#pragma GCC unroll 3
      for (int b = a == 0 ? 1 : 0; b < nj; ++b) {
        const Vector<W> value = load_up_to<W>(x + from + a * t.row_step + b * t.column_step, n);
        Mask wins = greater(value, largest);
        if constexpr (kNaN) {
          wins = wins | unordered(value, value);
          largest = select(wins, value, largest);
        } else {
          largest = max_of(value, largest);
        }
        winner = select(wins, number(a, b), winner);
      }
    store_up_to<W>(y + to, largest, n);
    store_bytes(tap + to, winner, n);
  });
}

inline bool has_nan(std::int64_t n, const float* x) {
  Mask found{};
  each_vector<kWidth>(n, [&](std::int64_t f, std::int64_t left) {
    const Vector<kWidth> v = load_up_to<kWidth>(x + f, left);
    found = found | unordered(v, v);
  });
  return any(found);
}

// NaN is looked for once an input row, and the second compare it takes is left out where there is none.
void max_pool2d(const PoolShape& s, const float* x, float* y, std::uint8_t* tap) {
  const std::int64_t oh = s.out_height(), ow = s.out_width(), c = s.channels, pitch = s.width * c;
  parallel_chunks(s.batch, [&](std::int64_t image) {
    PoolRuns runs;
    window_runs(s, 0, ow, runs);
    const float* const from = x + image * s.height * pitch;
    bool nan[16];  // of the last rows, by row modulo kernel
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < oh; ++i) {
      const PoolCover rows = cover(s, i, s.height);
      if (next < rows.begin) next = rows.begin;
      for (; next < rows.begin + rows.count; ++next) nan[next % s.kernel] = has_nan(pitch, from + next * pitch);
      bool any_nan = false;
      for (std::int64_t r = rows.begin; r < rows.begin + rows.count; ++r) any_nan |= nan[r % s.kernel];
      for (int j = 0; j < runs.count; ++j) {
        const PoolRun& run = runs.run[j];
        const std::int64_t out = ((image * oh + i) * ow + run.j) * c;
        const float* in = from + rows.begin * pitch + run.cover.begin * c;
        with_counts(rows.count, run.cover.count, [&](auto ni, auto nj) {
          (any_nan ? take_largest<ni.value, nj.value, true>
                   : take_largest<ni.value, nj.value, false>)({run.pixels, c, s.stride * c, c},
                                                              window_taps(s, rows, run.cover), in, y + out, tap + out);
        });
      }
    }
  });
}

// dx = the sum of the dy of the windows that the pixel won, in row order.
template <int NI, int NJ>
void gather_winners(const PoolPixels pixels, const PoolTaps t, const std::uint8_t* const tap, const float* const dy,
                    float* const dx) {
  constexpr int W = kWidth;
  const int ni = NI ? NI : static_cast<int>(t.rows), nj = NJ ? NJ : static_cast<int>(t.columns);
  const TapBytes<NI, NJ> number(t);
  pixels.each([&](std::int64_t from, std::int64_t to, std::int64_t n) {
    Vector<W> sum{};
#pragma GCC unroll 3
    for (int a = 0; a < ni; ++a)
#pragma GCC unroll 3
      for (int b = 0; b < nj; ++b) {
        const std::int64_t at = from + a * t.row_step + b * t.column_step;
        sum = add_where(equal(load_bytes(tap + at, n), number(a, b)), sum, load_up_to<W>(dy + at, n));
      }
    store_up_to<W>(dx + to, sum, n);
  });
}

void max_pool2d_scatter(const PoolShape& s, const float* dy, const std::uint8_t* tap, float* dx) {
  const std::int64_t oh = s.out_height(), ow = s.out_width(), c = s.channels;
  parallel_chunks(s.batch, [&](std::int64_t image) {
    PoolRuns runs;
    input_runs(s, 0, s.width, runs);
    for (std::int64_t r = 0; r < s.height; ++r) {
      const PoolCover rows = covering(s, r, oh);
      float* const row = dx + (image * s.height + r) * s.width * c;
      if (rows.count == 0 || !covers_all(s)) clear(s.width * c, row);
      if (rows.count == 0) continue;
      for (int i = 0; i < runs.count; ++i) {
        const PoolRun& run = runs.run[i];
        const std::int64_t from = ((image * oh + rows.begin) * ow + run.cover.begin) * c;
        with_counts(rows.count, run.cover.count, [&](auto ni, auto nj) {
          gather_winners<ni.value, nj.value>({run.pixels, c, c, run.step * c}, input_taps(s, rows, run.cover),
                                             tap + from, dy + from, row + run.j * c);
        });
      }
    }
  });
}

// y = of each window's inputs the one that won, taken tap by tap.
void max_pool2d_gather(const PoolShape& s, const float* x, const std::uint8_t* tap, float* y) {
  constexpr int W = kWidth;
  const std::int64_t oh = s.out_height(), ow = s.out_width(), c = s.channels;
  parallel_chunks(s.batch, [&](std::int64_t image) {
    PoolRuns runs;
    window_runs(s, 0, ow, runs);
    for (std::int64_t i = 0; i < oh; ++i) {
      const PoolCover rows = cover(s, i, s.height);
      for (int j = 0; j < runs.count; ++j) {
        const PoolRun& run = runs.run[j];
        const PoolCover columns = run.cover;
        const int kernel = static_cast<int>(s.kernel), first = static_cast<int>(rows.tap * s.kernel + columns.tap);
        const float* const in = x + ((image * s.height + rows.begin) * s.width + columns.begin) * c;
        const std::int64_t out = ((image * oh + i) * ow + run.j) * c, row_step = s.width * c;
        PoolPixels{run.pixels, c, s.stride * c, c}.each([&](std::int64_t from, std::int64_t to, std::int64_t n) {
          const Bytes winner = load_bytes(tap + out + to, n);
          Vector<W> value{};
          for (int u = 0; u < rows.count; ++u)
            for (int v = 0; v < columns.count; ++v)
              value = select(equal(winner, bytes(first + u * kernel + v)),
                             load_up_to<W>(in + from + u * row_step + v * c, n), value);
          store_up_to<W>(y + out + to, value, n);
        });
      }
    }
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
