// What max and average pooling share. Ladder: v1 naive = reference/pool2d.h; v2 runs of outputs that meet the same
// taps, the number of taps known to the compiler up to 3x3; v3 backward in gather form, each input pixel visits the
// windows that cover it: nothing is read back, nothing races. Intensity of 3x3: 8 compares or adds per 8 bytes,
// memory-bound by count; in L3 the 9 loads and a 512-bit operation a cycle on Zen 4 are what is felt.
#pragma once
#include "kernels/isa/padded_band.inl"
#include "kernels/parallel.h"
#include "kernels/pool2d.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Floats of the ring of rows average pooling goes back by: kernel + 1 rows. 3x3 at 36 channels and 32 columns uses 14
// of these 32 KB, an L1.
constexpr std::int64_t kPoolRing = 8192;

// Input [begin, begin + count) that window `at` covers along an axis; its first tap there is `tap`.
struct PoolCover {
  std::int64_t begin, count, tap;
};
inline PoolCover cover(const PoolShape& s, std::int64_t at, std::int64_t size) {
  const std::int64_t origin = at * s.stride - s.padding, begin = origin < 0 ? 0 : origin;
  const std::int64_t end = origin + s.kernel < size ? origin + s.kernel : size;
  return {begin, end - begin, begin - origin};
}
// Windows [begin, begin + count) that cover input `at`; it is tap `tap` of the first and `tap - stride` of the next.
inline PoolCover covering(const PoolShape& s, std::int64_t at, std::int64_t windows) {
  const std::int64_t last = quotient(at + s.padding, s.stride), before = at + s.padding - s.kernel;
  const std::int64_t begin = before < 0 ? 0 : quotient(before, s.stride) + 1;
  const std::int64_t end = last < windows ? last + 1 : windows;
  return {begin, end > begin ? end - begin : 0, at + s.padding - begin * s.stride};
}

// What is fetched beside image n, of y's size: the next, where it is worth it; null: nothing.
inline const float* next_image(const PoolShape& s, const float* x, std::int64_t n) {
  return s.stride == 1 && n + 1 < s.batch && is_large(s) ? x + (n + 1) * s.height * s.width * s.channels : nullptr;
}

// Of a row, the columns [begin, end) and channels [channel, channel + channels) that are worked on at a time.
struct PoolStrip {
  std::int64_t begin, end, channel, channels;
};
// Cuts rows of `columns` pixels into strips of at most `floats` floats, `halo` pixels a strip set aside.
template <class Body>
NASCENT_INLINE void each_strip(const PoolShape& s, std::int64_t columns, std::int64_t floats, std::int64_t halo,
                               const Body& body) {
  const std::int64_t most = floats / (halo + 1), channels = s.channels < most ? s.channels : most;
  const std::int64_t pixels = floats / channels - halo;
  for (std::int64_t c = 0; c < s.channels; c += channels)
    for (std::int64_t j = 0; j < columns; j += pixels)
      body(PoolStrip{j, j + pixels < columns ? j + pixels : columns, c,
                     c + channels < s.channels ? channels : s.channels - c});
}

// Neighbouring pixels from column j on, `step` columns apart, that are covered alike; the first as `cover` says.
struct PoolRun {
  std::int64_t j, pixels, step;
  PoolCover cover;
};
// The runs of a row. Found once an image and strip: the divisions by the stride cost as much as a row of pixels.
struct PoolRuns {
  int count = 0;
  PoolRun run[64];  // at most 48: 2*kernel - 1 of windows cut at a border and whole, and up to kernel phases

  // Appends those of the columns begin, begin + step, ...; by_column(j) is a column's cover. What no window covers has
  // none.
  template <class ByColumn>
  void append(std::int64_t begin, std::int64_t end, std::int64_t step, const ByColumn& by_column) {
    bool open = false;
    for (std::int64_t j = begin; j < end; j += step) {
      const PoolCover c = by_column(j);
      if (c.count == 0) {
        open = false;
        continue;
      }
      if (open && c.count == run[count - 1].cover.count && c.tap == run[count - 1].cover.tap)
        ++run[count - 1].pixels;
      else
        run[count++] = {j, 1, step, c};
      open = true;
    }
  }
};
// Windows [begin, end) by the input columns they cover.
inline void window_runs(const PoolShape& s, std::int64_t begin, std::int64_t end, PoolRuns& runs) {
  runs.append(begin, end, 1, [&](std::int64_t j) { return cover(s, j, s.width); });
}
// Input columns [begin, end) by the windows that cover them: those of equal remainder by the stride go together.
inline void input_runs(const PoolShape& s, std::int64_t begin, std::int64_t end, PoolRuns& runs) {
  const std::int64_t ow = s.out_width();
  for (std::int64_t phase = 0; phase < s.stride; ++phase)
    runs.append(begin + phase, end, s.stride, [&](std::int64_t j) { return covering(s, j, ow); });
}

// Whether every input column lies in some window.
inline bool covers_all(const PoolShape& s) {
  return s.stride <= s.kernel && (s.out_width() - 1) * s.stride - s.padding + s.kernel >= s.width;
}

// `channels` floats each of `count` pixels, read and written some floats apart.
struct PoolPixels {
  std::int64_t count, channels, from_step, to_step;

  // Calls body(from, to, n) for the vectors of floats: the pixels as one run where both sides lie without gaps.
  template <class Body>
  NASCENT_INLINE void each(const Body& body) const {
    if (from_step == channels && to_step == channels)
      return each_vector<kWidth>(count * channels, [&](std::int64_t f, std::int64_t n) { body(f, f, n); });
    for (std::int64_t p = 0, from = 0, to = 0; p < count; ++p, from += from_step, to += to_step)
      each_vector<kWidth>(channels, [&](std::int64_t f, std::int64_t n) { body(from + f, to + f, n); });
  }
  // The same, two vectors at a time where there are two whole ones: two(from, to, from of the other, to of the other).
  template <class Two, class Body>
  NASCENT_INLINE void each_two(const Two& two, const Body& body) const {
    constexpr int W = kWidth;
    const bool flat = from_step == channels && to_step == channels;
    const std::int64_t runs = flat ? 1 : count, run = flat ? count * channels : channels;
    std::int64_t p = 0, from = 0, to = 0;
    if (run == W)
      for (; p + 2 <= runs; p += 2, from += 2 * from_step, to += 2 * to_step)
        two(from, to, from + from_step, to + to_step);
    for (; p < runs; ++p, from += from_step, to += to_step) {
      std::int64_t f = 0;
      for (; f + 2 * W <= run; f += 2 * W) two(from + f, to + f, from + f + W, to + f + W);
      each_vector<W>(run - f, [&](std::int64_t i, std::int64_t n) { body(from + f + i, to + f + i, n); });
    }
  }
};

// What pixels take together: rows x columns of other pixels, `row_step` and `column_step` floats apart. The first is
// met at tap `tap`, the next a row or a column on at `row_taps` or `column_taps` more.
struct PoolTaps {
  std::int64_t rows, columns, row_step, column_step;
  int tap, row_taps, column_taps;
};
inline PoolTaps window_taps(const PoolShape& s, const PoolCover& rows, const PoolCover& columns) {
  return {rows.count,
          columns.count,
          s.width * s.channels,
          s.channels,
          static_cast<int>(rows.tap * s.kernel + columns.tap),
          static_cast<int>(s.kernel),
          1};
}
inline PoolTaps input_taps(const PoolShape& s, const PoolCover& rows, const PoolCover& columns) {
  return {rows.count,
          columns.count,
          s.out_width() * s.channels,
          s.channels,
          static_cast<int>(rows.tap * s.kernel + columns.tap),
          -static_cast<int>(s.stride * s.kernel),
          -static_cast<int>(s.stride)};
}

// Calls body with the count as a type for 1, 2 and 3, and with 0 for more.
template <int N>
struct Count {
  static constexpr int value = N;
};
template <class Body>
NASCENT_INLINE void with_count(std::int64_t count, const Body& body) {
  if (count == 3) return body(Count<3>{});
  if (count == 2) return body(Count<2>{});
  if (count == 1) return body(Count<1>{});
  body(Count<0>{});
}
// The same for two counts, both 0 when either is more.
template <class Body>
NASCENT_INLINE void with_counts(std::int64_t rows, std::int64_t columns, const Body& body) {
  with_count(rows, [&](auto ni) {
    with_count(columns, [&](auto nj) {
      constexpr bool few = ni.value && nj.value;
      body(Count < few ? ni.value : 0 > {}, Count < few ? nj.value : 0 > {});
    });
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
