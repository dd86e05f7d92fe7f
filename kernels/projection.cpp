#include "kernels/projection.h"

#include "kernels/dispatch.h"
#include "kernels/projection_block.h"

namespace nascent::kernels {

// Repeated coefficients, sums an image, weights side by side and packed, weight gradients a chunk and of all, blocks a
// worker: the backward's and the forward's alike.
std::int64_t projection_scratch(const Projection& p) {
  const ProjectionBlock block = ProjectionBlock::of(p);
  std::int64_t floats = round_up(p.batch * 2 * block.out, 16);
  for (int h = 0; h < p.heads; ++h) floats += 3 * coefficient_period(p.outputs(h));
  for (std::int64_t t = 0; t < p.stride; ++t) {
    std::int64_t outputs = 0;
    for (int h = 0; h < p.heads; ++h) outputs += p.head[h].tap[t].outputs;
    floats += block.packed_forward(outputs) + block.packed_backward(outputs);
  }
  const std::int64_t weights = round_up(block.in * block.out, 16);
  const std::int64_t chunks = edge_grad_chunks(p.batch, p.out_height() * p.out_width(), block.out);
  return floats + (1 + chunks) * weights + threads() * block.worker_floats();
}

void projection_forward(const Projection& p, float* scratch) {
  kernel_table().fused_edge->projection_forward(p, scratch);
}
void projection_backward(const Projection& p, float* scratch) {
  kernel_table().fused_edge->projection_backward(p, scratch);
}

}  // namespace nascent::kernels
