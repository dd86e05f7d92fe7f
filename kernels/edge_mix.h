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

// A pool is taken here from what it reads, an image at a time, and stored nowhere.
enum class MixSource : std::uint8_t { tensor, max_pool, avg_pool };

struct MixTerm {
  const float* z = nullptr;      // [batch, pixels, channels]; of a pool, its input [batch, pool.height, pool.width, ..]
  const float* scale = nullptr;  // [channels]
  MixSource source = MixSource::tensor;
};

std::int64_t edge_mix_scratch(const MixShape& s, int count, const MixTerm* terms);
// count >= 1; shift [channels]. `add`: y += rather than y =, for the edges after a node's first.
void edge_mix(const MixShape& s, int count, const MixTerm* terms, const float* shift, bool add, float* y,
              float* scratch);

std::int64_t edge_mix_sums_scratch(const MixShape& s, int count, const MixTerm* terms);
// sums[0] = sum of dy, sums[1 + t] = sum of dy * z_t over batch and pixels: [1 + count, channels]. An image's sums are
// taken in float, those of images added in double. Terms' scales are not read.
void edge_mix_sums(const MixShape& s, int count, const MixTerm* terms, const float* dy, double* sums, float* scratch);

}  // namespace nascent::kernels
