#include "kernels/edge_mix.h"

#include "kernels/dispatch.h"
#include "kernels/mix_planes.h"

namespace nascent::kernels {

std::int64_t edge_mix_scratch(const MixShape& s, int count, const MixTerm* terms) {
  return mix_coefficients(s, count) + MixPlanes::floats(s, count, terms);
}
std::int64_t edge_mix_sums_scratch(const MixShape& s, int count, const MixTerm* terms) {
  return mix_image_sums(s, count) + MixPlanes::floats(s, count, terms);
}

void edge_mix(const MixShape& s, int count, const MixTerm* terms, const float* shift, bool add, float* y,
              float* scratch) {
  kernel_table().fused_edge->mix(s, count, terms, shift, add, y, scratch);
}
void edge_mix_sums(const MixShape& s, int count, const MixTerm* terms, const float* dy, double* sums, float* scratch) {
  kernel_table().fused_edge->mix_sums(s, count, terms, dy, sums, scratch);
}

}  // namespace nascent::kernels
