#include "kernels/projection.h"

#include "kernels/dispatch.h"
#include "kernels/projection_block.h"

namespace nascent::kernels {

// Repeated coefficients, sums an image, packed weights, weight gradients a chunk, blocks a worker: the backward's and
// the forward's alike.
std::int64_t projection_scratch(const Projection& p) {
  const ProjectionBlock block = ProjectionBlock::of(p);
  std::int64_t floats = 3 * block.period() + round_up(p.batch * 2 * block.out, 16);
  for (int t = 0; t < p.taps; ++t)
    floats += block.packed_forward(p.tap[t].outputs) + block.packed_backward(p.tap[t].outputs);
  const std::int64_t chunks = edge_grad_chunks(p.batch, p.out_height() * p.out_width(), block.out);
  return floats + chunks * block.in * block.out + 16 + threads() * block.worker_floats();
}

void projection_forward(const Projection& p, float* z, float* mean, float* variance, float* scratch) {
  kernel_table().fused_edge->projection_forward(p, z, mean, variance, scratch);
}
void projection_backward(const Projection& p, const ProjectionGrad& grad, float* scratch) {
  kernel_table().fused_edge->projection_backward(p, grad, scratch);
}

}  // namespace nascent::kernels
