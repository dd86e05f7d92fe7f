// Max pooling and its adjoint: see pool2d.inl. Winners are a byte a lane from end to end: on AVX-512 a compare gives a
// mask of 16 lanes that selects among 16 floats and 16 bytes alike.
#pragma once
#include "kernels/isa/max_pool3x3.inl"
#include "kernels/isa/max_pool3x3_back.inl"

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
// not look healthy. The second compare this takes is for runs that have one: without it, the result says whether some
// window may hold a NaN, by its sum: adds run beside the compares, and a look over x first took a fifth longer.
// Everything is passed by value: a byte that is stored may alias what a reference points at.
template <int NI, int NJ, bool kNaN>
bool take_largest(const PoolPixels pixels, const PoolTaps t, const float* const x, float* const y,
                  std::uint8_t* const tap) {
  constexpr int W = kWidth;
  const int ni = NI ? NI : static_cast<int>(t.rows), nj = NJ ? NJ : static_cast<int>(t.columns);
  const TapBytes<NI, NJ> number(t);
  Mask found{};
  const auto take = [&]<int Q>(const std::int64_t(&from)[Q], const std::int64_t(&to)[Q], std::int64_t n) {
    Vector<W> largest[Q], sum[Q];
    Bytes winner[Q];
#pragma GCC unroll 2
    for (int q = 0; q < Q; ++q) sum[q] = largest[q] = load_up_to<W>(x + from[q], n), winner[q] = number(0, 0);
#pragma GCC unroll 3
    for (int a = 0; a < ni; ++a)
#pragma GCC unroll 3
      for (int b = a == 0 ? 1 : 0; b < nj; ++b)
#pragma GCC unroll 2
        for (int q = 0; q < Q; ++q) {
          const Vector<W> value = load_up_to<W>(x + from[q] + a * t.row_step + b * t.column_step, n);
          Mask wins = greater(value, largest[q]);
          if constexpr (kNaN) {
            wins = wins | unordered(value, value);
            largest[q] = select(wins, value, largest[q]);
          } else {
            largest[q] = max_of(value, largest[q]);
            sum[q] += value;
          }
          winner[q] = select(wins, number(a, b), winner[q]);
        }
#pragma GCC unroll 2
    for (int q = 0; q < Q; ++q) {
      store_up_to<W>(y + to[q], largest[q], n);
      if (tap) store_bytes(tap + to[q], winner[q], n);
    }
    if constexpr (!kNaN) found = found | unordered(sum[0], sum[Q - 1]);
  };
  pixels.each_two(
      [&](std::int64_t from, std::int64_t to, std::int64_t from_other, std::int64_t to_other) {
        take({from, from_other}, {to, to_other}, W);
      },
      [&](std::int64_t from, std::int64_t to, std::int64_t n) { take({from}, {to}, n); });
  return any(found);
}

// One image. `next`, of y's size, is what is read after it: fetched to L2 meanwhile where the window is the usual one,
// for a pool computes longer than it waits. Null: nothing.
inline void max_pool_image(const PoolShape& s, const float* x, float* y, std::uint8_t* tap, const float* next) {
  const std::int64_t oh = s.out_height(), ow = s.out_width(), c = s.channels;
  PoolRuns runs;
  window_runs(s, 0, ow, runs);
  const auto take_row = [&](std::int64_t i) {
    const PoolCover rows = cover(s, i, s.height);
    for (int j = 0; j < runs.count; ++j) {
      const PoolRun& run = runs.run[j];
      const float* from = x + (rows.begin * s.width + run.cover.begin) * c;
      const std::int64_t to = (i * ow + run.j) * c;
      const PoolPixels pixels{run.pixels, c, s.stride * c, c};
      const PoolTaps taps = window_taps(s, rows, run.cover);
      with_counts(rows.count, run.cover.count, [&](auto ni, auto nj) {
        std::uint8_t* const to_tap = tap ? tap + to : nullptr;
        if (take_largest<ni.value, nj.value, false>(pixels, taps, from, y + to, to_tap))
          take_largest<ni.value, nj.value, true>(pixels, taps, from, y + to, to_tap);
      });
    }
  };
  const auto rows_together = [&]<class Best>() {
    const auto by = [&](auto stride, auto fetch) {
      max_pool_rows_together<Best, stride.value, fetch.value != 0>(s, runs, x, y, tap, next, take_row);
    };
    const auto by_stride = [&](auto fetch) { s.stride == 1 ? by(Count<1>{}, fetch) : by(Count<2>{}, fetch); };
    fetches_rows(s) ? by_stride(Count<true>{}) : by_stride(Count<false>{});
  };
  if (pools_rows_together(s))
    return tap ? rows_together.template operator()<Winner>() : rows_together.template operator()<Largest>();
  for (std::int64_t i = 0; i < oh; ++i) take_row(i);
}

void max_pool2d(const PoolShape& s, const float* x, float* y, std::uint8_t* tap) {
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t n) {
    max_pool_image(s, x + n * in, y + n * out, tap ? tap + n * out : nullptr, next_image(s, x, n));
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
  const auto slide_back = wants_fetching(s, kLineFloats) ? max_pool_slide_back<true> : max_pool_slide_back<false>;
  parallel_chunks(s.batch, [&](std::int64_t image) {
    if (slides(s)) {
      const std::int64_t out = image * oh * ow * c;
      return slide_back(s, dy + out, tap + out, dx + image * s.height * s.width * c);
    }
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
