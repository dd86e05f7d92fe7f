#pragma once
// Where mixes keep what they need beside their terms, shared by the kernels and by the functions that size their
// scratch: coefficients or sums, a mix after the other, then a worker's planes of the pools.
#include <cstdint>

#include "kernels/edge_mix.h"
#include "kernels/padded_band.h"
#include "kernels/parallel.h"

namespace nascent::kernels {

[[gnu::always_inline]] static inline std::int64_t mix_floats(const MixShape& s, const EdgeMix& mix) {
  return (1 + mix.count) * round_up(s.channels, 16);
}
[[gnu::always_inline]] static inline std::int64_t mix_floats(const MixShape& s, const EdgeMixSums& mix) {
  return round_up(s.batch * (1 + mix.count) * s.channels, 16);
}

// One plane a pool and worker, of an image of y: two of 32 x 32 x 16 are 128 KB, which stay in L2. Terms that take the
// same pool of the same tensor share one.
struct MixPlanes {
  std::int64_t plane, pools = 0, before = 0;  // floats of a plane; planes; floats before the first
  MixTerm pool[kMaxMixTerms];

  template <class Mix>
  [[gnu::always_inline]] MixPlanes(const MixShape& s, int mixes, const Mix* mix)
      : plane(round_up(s.pixels * s.channels + 64, 16)) {
    for (int m = 0; m < mixes; ++m) {
      before += mix_floats(s, mix[m]);
      for (int t = 0; t < mix[m].count; ++t)
        if (mix[m].terms[t].source != MixSource::tensor && of(mix[m].terms[t]) == pools)
          pool[pools++] = mix[m].terms[t];
    }
  }
  // Which plane a pool is taken into; `pools` where it has none yet.
  [[gnu::always_inline]] std::int64_t of(const MixTerm& term) const {
    std::int64_t p = 0;
    while (p < pools && (pool[p].z != term.z || pool[p].source != term.source)) ++p;
    return p;
  }
  [[gnu::always_inline]] std::int64_t floats() const { return before + threads() * pools * plane; }
};

}  // namespace nascent::kernels
