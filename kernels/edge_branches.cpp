#include "kernels/edge_branches.h"

#include <algorithm>

#include "kernels/dispatch.h"
#include "kernels/edge_plane.h"

namespace nascent::kernels {

// Repeated coefficients (two of the input, three a branch, two more a kind of pool), sums an image, packed weights,
// weight gradients a chunk, planes a worker; the backward's, which hold the forward's.
std::int64_t edge_branches_scratch(const EdgeInput& in, int count, const EdgeBranch* branches) {
  const EdgePlane g = EdgePlane::of(in, count, branches);
  std::int64_t floats = (2 + 3 * count + 4) * g.period() + round_up(in.batch * std::max(count, 1) * 2 * g.channels, 16);
  for (int b = 0; b < count; ++b)
    if (branches[b].kind == EdgeBranchKind::separable)
      floats +=
          g.packed(branches[b]) + edge_grad_chunks(in.batch, g.out_pixels(), g.channels) * g.weight_grads(branches[b]);
  return floats + threads() * g.worker_floats();
}

void edge_branches_forward(const EdgeInput& in, int count, const EdgeBranch* branches, float* scratch) {
  kernel_table().fused_edge->branches_forward(in, count, branches, scratch);
}
void edge_branches_backward(const EdgeInput& in, int count, const EdgeBranch* branches, const EdgeBranchGrad* grads,
                            const EdgeInputGrad& to, float* scratch) {
  kernel_table().fused_edge->branches_backward(in, count, branches, grads, to, scratch);
}

}  // namespace nascent::kernels
