// Filling a band: see kernels/padded_band.h. Ladder step v3, the line buffer.
#pragma once
#include "kernels/padded_band.h"
#include "kernels/simd.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

inline void copy(std::int64_t n, const float* from, float* to) {
  __builtin_memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
}
inline void clear(std::int64_t n, float* to) { __builtin_memset(to, 0, static_cast<std::size_t>(n) * sizeof(float)); }
// to = the chunks' sums, `step` floats apart, added in order: chunk by chunk, for element by element every addition
// would wait for the one before it.
inline void add_chunks(std::int64_t n, std::int64_t chunks, std::int64_t step, const float* sums, float* to) {
  copy(n, sums, to);
  for (std::int64_t chunk = 1; chunk < chunks; ++chunk)
    for (std::int64_t e = 0; e < n; ++e) to[e] += sums[chunk * step + e];
}

// 6 MB: what reads and writes more comes from DRAM even in a loop, where others share an L3 of 32 MB.
constexpr std::int64_t kNearFloats = 3 * 512 * 1024;

// Twice a 1 MB L2, in floats: what a batch of this size reads and writes comes from farther.
template <class Shape>
inline bool is_large(const Shape& s) {
  return s.batch * s.height * s.width * s.channels > 512 * 1024;
}

// Pixels of several vectors are read and written a vector at a time, with gaps that the hardware does not look across:
// beyond 2 MB, twice a 1 MB L2, what comes next is fetched, in the order of memory where that is to L2. Depthwise of
// 28x28x36 x 96 takes a third less time than fetching pixel by pixel to L1, which has but 24 misses at once; pools of
// 36 and 72 channels are up to 2.8 times as fast on Zen 4, most by fetching what they write. Below 2 MB nothing is
// gained, nor by pixels of `together` channels, which are read side by side.
template <class Shape>
inline bool wants_fetching(const Shape& s, std::int64_t together) {
  return s.channels > together && is_large(s);
}

// The kernel rows [begin, end) that lie inside an image of `height` rows when the first is at `origin`. Those outside
// would multiply zeros: a twelfth of a 3x3 convolution of 8x8 pixels.
struct Inside {
  std::int64_t begin, end;
};
inline Inside taps_inside(std::int64_t kernel, std::int64_t dilation, std::int64_t height, std::int64_t origin) {
  std::int64_t begin = 0, end = kernel;
  while (begin < end && origin + begin * dilation < 0) ++begin;
  while (end > begin && origin + (end - 1) * dilation >= height) --end;
  return {begin, end};
}

// One padded row from image row `from` (null: outside the image).
inline void fill_row(const BandShape& s, const float* from, float* to) {
  if (!from) return clear(s.pitch(), to);
  const std::int64_t columns = s.columns(), c = s.channels;
  const std::int64_t left = s.pad_w > 0 ? (s.pad_w < columns ? s.pad_w : columns) : 0;
  const std::int64_t skip = s.pad_w < 0 ? -s.pad_w : 0;
  std::int64_t inside = s.width - skip;
  inside = inside > columns - left ? columns - left : inside < 0 ? 0 : inside;
  clear(left * c, to);
  copy(inside * c, from + skip * c, to + left * c);
  clear((columns - left - inside) * c, to + (left + inside) * c);
}

// The rows that output rows [begin, begin + rows) of one image read.
inline void fill_band(const BandShape& s, const float* image, std::int64_t begin, std::int64_t rows, float* to) {
  const std::int64_t pitch = s.pitch();
  for (std::int64_t i = 0; i < s.rows_read(rows); ++i) {
    const std::int64_t at = begin * s.stride + i - s.pad_h;
    const bool inside = at >= 0 && at < s.height;
    fill_row(s, inside ? image + at * s.width * s.channels : nullptr, to + i * pitch);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
