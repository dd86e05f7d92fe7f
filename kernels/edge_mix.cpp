#include "kernels/edge_mix.h"

#include "kernels/dispatch.h"
#include "kernels/mix_planes.h"

namespace nascent::kernels {

std::int64_t edge_mix_scratch(const MixShape& s, int mixes, const EdgeMix* mix) {
  return MixPlanes(s, mixes, mix).floats();
}
std::int64_t edge_mix_sums_scratch(const MixShape& s, int mixes, const EdgeMixSums* mix) {
  return MixPlanes(s, mixes, mix).floats();
}

void edge_mix(const MixShape& s, int mixes, const EdgeMix* mix, float* scratch) {
  kernel_table().fused_edge->mix(s, mixes, mix, scratch);
}
void edge_mix_sums(const MixShape& s, int mixes, const EdgeMixSums* mix, float* scratch) {
  kernel_table().fused_edge->mix_sums(s, mixes, mix, scratch);
}

}  // namespace nascent::kernels
