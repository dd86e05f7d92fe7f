// The readable version of a projection: what the fused one is compared with.
#include "engine/ops/ops.h"
#include "engine/ops/projection_checks.h"

namespace nascent {

std::vector<Projected> projection_in_ops(const ProjectionOperands& o, ProjectionOptions options, Where where) {
  expect_projection(o, where);
  const Tensor r = relu(concat(o.parts, where), where);
  std::vector<Projected> all;
  for (const ProjectionHead& head : o.heads) {
    Tensor z;
    if (head.weights.size() == 1) {
      z = conv2d(r, head.weights[0], {}, where);
    } else {
      const Tensor moved = shift2d(r, {.rows = 1, .columns = 1}, where);
      const Tensor halves[] = {conv2d(r, head.weights[0], {.stride = 2}, where),
                               conv2d(moved, head.weights[1], {.stride = 2}, where)};
      z = concat(halves, where);
    }
    const BatchNormed normed = batch_norm(z, head.gamma, head.beta, {.epsilon = options.epsilon}, where);
    all.push_back({normed.y, {normed.mean, normed.variance}});
  }
  return all;
}

}  // namespace nascent
