#pragma once
// The end of a node of mixed edges: every branch's batch norm and mixing weight are one affine map a channel, so all
// branches of an edge are summed in one pass,
//   y (+)= shift + sum over t of scale_t * z_t,
// and the sums from which all their gradients follow are taken in one pass too.
#include <cstdint>

#include "kernels/pool2d.h"

namespace nascent::kernels {

struct MixShape {
  std::int64_t batch = 1, pixels = 1, channels = 1;  // of y
  PoolShape pool = {};                               // of one image, for the terms that are pools
};

// A pool is taken here from what it reads, an image at a time and once for all mixes of a call, and stored nowhere.
enum class MixSource : std::uint8_t { tensor, max_pool, avg_pool };

struct MixTerm {
  const float* z = nullptr;      // [batch, pixels, channels]; of a pool, its input [batch, pool.height, pool.width, ..]
  const float* scale = nullptr;  // [channels]; not read for sums
  MixSource source = MixSource::tensor;
};

inline constexpr int kMaxMixes = 4, kMaxMixTerms = 32;  // of a call, and terms of all its mixes: at least one a mix

// What an edge brings its node.
struct EdgeMix {
  int count = 0;
  const MixTerm* terms = nullptr;
  const float* shift = nullptr;  // [channels]
  bool add = false;              // y += rather than y =, for the edges after a node's first
  float* y = nullptr;
};
std::int64_t edge_mix_scratch(const MixShape& s, int mixes, const EdgeMix* mix);
void edge_mix(const MixShape& s, int mixes, const EdgeMix* mix, float* scratch);

// sums[0] = sum of dy, sums[1 + t] = sum of dy * z_t over batch and pixels: [1 + count, channels]. An image's sums are
// taken in float, those of images added in double.
struct EdgeMixSums {
  int count = 0;
  const MixTerm* terms = nullptr;
  const float* dy = nullptr;
  double* sums = nullptr;
};
std::int64_t edge_mix_sums_scratch(const MixShape& s, int mixes, const EdgeMixSums* mix);
void edge_mix_sums(const MixShape& s, int mixes, const EdgeMixSums* mix, float* scratch);

}  // namespace nascent::kernels
