#include "kernels/edge_mix.h"

#include "kernels/dispatch.h"
#include "kernels/padded_band.h"

namespace nascent::kernels {

std::int64_t edge_mix_scratch(const MixShape& s, int count) { return (1 + count) * round_up(s.channels, 16); }
std::int64_t edge_mix_sums_scratch(const MixShape& s, int count) { return s.batch * (1 + count) * s.channels; }

void edge_mix(const MixShape& s, int count, const MixTerm* terms, const float* shift, bool add, float* y,
              float* scratch) {
  kernel_table().fused_edge->mix(s, count, terms, shift, add, y, scratch);
}
void edge_mix_sums(const MixShape& s, int count, const MixTerm* terms, const float* dy, double* sums, float* scratch) {
  kernel_table().fused_edge->mix_sums(s, count, terms, dy, sums, scratch);
}

}  // namespace nascent::kernels
