#include "kernels/edge_branches.h"

#include <algorithm>

#include "kernels/dispatch.h"
#include "kernels/edge_plane.h"

namespace nascent::kernels {

// Packed weights; of every group repeated coefficients (two of the input, three a branch, two more a kind of pool),
// sums an image and weight gradients a chunk; planes a worker: the backward's, which hold the forward's.
std::int64_t edge_branches_scratch(int groups, const EdgeGroup* group) {
  const EdgePlane g = EdgePlane::of(groups, group);
  const std::int64_t batch = group[0].in.batch, chunks = edge_grad_chunks(batch, g.out_pixels(), g.channels);
  std::int64_t floats = threads() * g.worker_floats();
  for (int k = 0; k < groups; ++k) {
    const auto& [in, count, branches] = group[k];
    floats += (2 + 3 * count + 4) * g.period() + round_up(batch * std::max(count, 1) * 2 * g.channels, 16);
    for (int b = 0; b < count; ++b)
      if (branches[b].kind == EdgeBranchKind::separable)
        floats += g.packed(branches[b]) + chunks * g.weight_grads(branches[b]);
  }
  return floats;
}

void edge_branches_forward(int groups, const EdgeGroup* group, float* scratch) {
  kernel_table().fused_edge->branches_forward(groups, group, scratch);
}
void edge_branches_backward(int groups, const EdgeGroup* group, const EdgeGroupGrad* grad, float* scratch) {
  kernel_table().fused_edge->branches_backward(groups, group, grad, scratch);
}

}  // namespace nascent::kernels
