// Max pooling and its adjoint: see pool2d.inl. Winners are a byte a lane from end to end: on AVX-512 a compare gives a
// mask of 16 lanes that selects among 16 floats and 16 bytes alike.
#pragma once
#include "kernels/isa/pool2d.inl"
#include "kernels/masks.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// The taps of candidates: known, or kept in rows of bytes, to which the first tap of the kernel's row is added. Like
// all that the loops below read, in local copies: a byte that is stored may alias everything else.
struct KnownTaps {
  Bytes tap[16];
  NASCENT_INLINE Bytes operator()(int a, std::int64_t, std::int64_t) const { return tap[a]; }
};
struct KeptTaps {
  const std::uint8_t* row[16];
  Bytes first[16];
  NASCENT_INLINE Bytes operator()(int a, std::int64_t f, std::int64_t n) const {
    return add_bytes(load_bytes(row[a] + f, n), first[a]);
  }
};

// Of `count` candidates the largest and its tap; of equal ones the first. NaN wins, as in PyTorch: a broken network
// must not look healthy.
template <int N, bool kNaN, class Taps>
void take_largest(const PoolPixels pixels, const std::int64_t count, const float* const* candidates, const Taps taps,
                  float* const best, std::uint8_t* const tap) {
  constexpr int W = kWidth;
  const float* from[N ? N : 16];
  for (int a = 0; a < (N ? N : count); ++a) from[a] = candidates[a];
  pixels.each([&](std::int64_t f, std::int64_t to, std::int64_t n) {
    Vector<W> largest = load_up_to<W>(from[0] + f, n);
    Bytes winner = taps(0, f, n);
#pragma GCC unroll 3
    for (int a = 1; a < (N ? N : count); ++a) {
      const Vector<W> value = load_up_to<W>(from[a] + f, n);
      Mask wins = greater(value, largest);
      if constexpr (kNaN) {
        wins = wins | unordered(value, value);
        largest = select(wins, value, largest);
      } else {
        largest = max_of(value, largest);
      }
      winner = select(wins, taps(a, f, n), winner);
    }
    store_up_to<W>(best + to, largest, n);
    store_bytes(tap + to, winner, n);
  });
}

inline bool has_nan(const PoolPixels pixels, const float* x) {
  Mask found{};
  pixels.each([&](std::int64_t f, std::int64_t, std::int64_t n) {
    const Vector<kWidth> v = load_up_to<kWidth>(x + f, n);
    found = found | unordered(v, v);
  });
  return any(found);
}

// The rows of a strip reduced along the columns: value and tap within the row. NaN is looked for once a row, and the
// second compare it takes is left out where there is none.
struct MaxRing {
  std::int64_t pitch;
  float best[kPoolRing];
  std::uint8_t tap[kPoolRing];
  bool nan[16];
};

inline void reduce_row(const PoolShape& s, const PoolStrip& strip, const PoolRuns& runs, const float* x,
                       std::int64_t slot, MaxRing& ring) {
  x += strip.channel;
  const PoolCover& last = runs.run[runs.count - 1].cover;
  const std::int64_t begin = runs.run[0].cover.begin, after = runs.run[runs.count - 1].pixels - 1;
  const std::int64_t columns = last.begin + after * s.stride + last.count - begin;
  const bool nan = has_nan({columns, strip.channels, s.channels, strip.channels}, x + begin * s.channels);
  ring.nan[slot] = nan;
  for (int i = 0; i < runs.count; ++i) {
    const PoolRun& run = runs.run[i];
    const std::int64_t at = slot * ring.pitch + (run.j - strip.begin) * strip.channels;
    const PoolPixels pixels{run.pixels, strip.channels, s.stride * s.channels, strip.channels};
    const float* from[16];
    KnownTaps taps;
    for (std::int64_t v = 0; v < run.cover.count; ++v) {
      from[v] = x + (run.cover.begin + v) * s.channels;
      taps.tap[v] = bytes(static_cast<int>(run.cover.tap + v));
    }
    with_count(run.cover.count, [&](auto count) {
      (nan ? take_largest<count.value, true, KnownTaps>
           : take_largest<count.value, false, KnownTaps>)(pixels, run.cover.count, from, taps, ring.best + at,
                                                          ring.tap + at);
    });
  }
}

inline void reduce_ring(const PoolShape& s, const PoolCover& rows, const MaxRing& ring, const PoolPixels& pixels,
                        float* y, std::uint8_t* tap) {
  const float* from[16];
  KeptTaps taps;
  bool nan = false;
  for (std::int64_t u = 0; u < rows.count; ++u) {
    const std::int64_t slot = (rows.begin + u) % s.kernel;
    from[u] = ring.best + slot * ring.pitch;
    taps.row[u] = ring.tap + slot * ring.pitch;
    taps.first[u] = bytes(static_cast<int>((rows.tap + u) * s.kernel));
    nan |= ring.nan[slot];
  }
  with_count(rows.count, [&](auto count) {
    (nan ? take_largest<count.value, true, KeptTaps> : take_largest<count.value, false, KeptTaps>)(pixels, rows.count,
                                                                                                   from, taps, y, tap);
  });
}

void max_pool2d(const PoolShape& s, const float* x, float* y, std::uint8_t* tap) {
  const std::int64_t oh = s.out_height(), ow = s.out_width();
  parallel_chunks(s.batch, [&](std::int64_t image) {
    MaxRing ring;
    ring.pitch = kPoolRing / (s.kernel + 1);
    each_strip(s, ow, ring.pitch, 0, [&](const PoolStrip& strip) {
      PoolRuns runs;
      window_runs(s, strip.begin, strip.end, runs);
      std::int64_t next = 0;
      for (std::int64_t i = 0; i < oh; ++i) {
        const PoolCover rows = cover(s, i, s.height);
        if (next < rows.begin) next = rows.begin;
        for (; next < rows.begin + rows.count; ++next)
          reduce_row(s, strip, runs, x + (image * s.height + next) * s.width * s.channels, next % s.kernel, ring);
        const std::int64_t out = ((image * oh + i) * ow + strip.begin) * s.channels + strip.channel;
        reduce_ring(s, rows, ring, {strip.end - strip.begin, strip.channels, strip.channels, s.channels}, y + out,
                    tap + out);
      }
    });
  });
}

// Windows that cover pixels: rows x columns of them, `row_step` and `column_step` floats apart; the first is met at
// tap `tap`, the next one a row or a column on at a tap `row_taps` or `column_taps` less.
struct Winners {
  std::int64_t rows, columns, row_step, column_step;
  int tap, row_taps, column_taps;
};

// dx = the sum of the dy of the windows that the pixel won, in row order.
template <int NI, int NJ>
void gather_winners(const PoolPixels pixels, const Winners w, const std::uint8_t* const tap, const float* const dy,
                    float* const dx) {
  constexpr int W = kWidth;
  const std::int64_t ni = NI ? NI : w.rows, nj = NJ ? NJ : w.columns;
  const auto want = [&](int a, int b) { return bytes(w.tap - a * w.row_taps - b * w.column_taps); };
  Bytes wanted[NI ? NI : 1][NJ ? NJ : 1];
  for (int a = 0; a < NI; ++a)
    for (int b = 0; b < NJ; ++b) wanted[a][b] = want(a, b);
  pixels.each([&](std::int64_t from, std::int64_t to, std::int64_t n) {
    Vector<W> sum{};
#pragma GCC unroll 3
    for (int a = 0; a < ni; ++a)
#pragma GCC unroll 3
      for (int b = 0; b < nj; ++b) {
        const std::int64_t at = from + a * w.row_step + b * w.column_step;
        const Mask won = equal(load_bytes(tap + at, n), NI && NJ ? wanted[NI ? a : 0][NJ ? b : 0] : want(a, b));
        sum = add_where(won, sum, load_up_to<W>(dy + at, n));
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
        const PoolPixels pixels{run.pixels, c, c, run.step * c};
        const Winners winners{rows.count,
                              run.cover.count,
                              ow * c,
                              c,
                              static_cast<int>(rows.tap * s.kernel + run.cover.tap),
                              static_cast<int>(s.stride * s.kernel),
                              static_cast<int>(s.stride)};
        with_count(rows.count, [&](auto ni) {
          with_count(run.cover.count, [&](auto nj) {
            constexpr bool few = ni.value && nj.value;
            gather_winners<few ? ni.value : 0, few ? nj.value : 0>(pixels, winners, tap + from, dy + from,
                                                                   row + run.j * c);
          });
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
