#pragma once
// Where the mix of an edge keeps what it needs beside its terms, shared by the kernels and by the functions that size
// their scratch: coefficients or sums first, then a worker's planes of the pools.
#include <cstdint>

#include "kernels/edge_mix.h"
#include "kernels/padded_band.h"
#include "kernels/parallel.h"

namespace nascent::kernels {

[[gnu::always_inline]] static inline std::int64_t mix_coefficients(const MixShape& s, int count) {
  return (1 + count) * round_up(s.channels, 16);
}
[[gnu::always_inline]] static inline std::int64_t mix_image_sums(const MixShape& s, int count) {
  return round_up(s.batch * (1 + count) * s.channels, 16);
}

// One plane a pool and worker, of an image of y: two of 32 x 32 x 16 are 128 KB, which stay in L2.
struct MixPlanes {
  std::int64_t plane, pools;

  [[gnu::always_inline]] static MixPlanes of(const MixShape& s, int count, const MixTerm* terms) {
    std::int64_t pools = 0;
    for (int t = 0; t < count; ++t) pools += terms[t].source != MixSource::tensor;
    return {round_up(s.pixels * s.channels + 64, 16), pools};
  }
  [[gnu::always_inline]] static std::int64_t floats(const MixShape& s, int count, const MixTerm* terms) {
    const MixPlanes planes = of(s, count, terms);
    return threads() * planes.pools * planes.plane;
  }
};

}  // namespace nascent::kernels
