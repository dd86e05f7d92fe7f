#include "engine/ops/mixed_node_checks.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

Tensor normalised(const Tensor& z, double epsilon, MixedNode& node, const Where& where) {
  BatchNormed normed = batch_norm(z, {}, {}, {.epsilon = epsilon}, where);
  node.statistics.push_back({normed.mean, normed.variance});
  return normed.y;
}

Tensor branch_output(const MixedEdgeOperands& edge, const MixedBranch& branch, double epsilon, MixedNode& node,
                     const Where& where) {
  const PoolOptions pool{.kernel = 3, .stride = edge.stride, .padding = 1};
  switch (branch.kind) {
    case MixedBranch::Kind::skip:
      return edge.skip.defined() ? edge.skip : edge.x;
    case MixedBranch::Kind::max_pool:
      return normalised(max_pool2d(edge.x, pool, where), epsilon, node, where);
    case MixedBranch::Kind::avg_pool:
      return normalised(avg_pool2d(edge.x, pool, where), epsilon, node, where);
    case MixedBranch::Kind::separable:
      break;
  }
  Tensor x = edge.x;
  std::int64_t stride = edge.stride;
  for (const SeparableBlock& block : branch.blocks) {
    const std::int64_t padding = block.dilation * (block.depthwise.shape()[0] - 1) / 2;
    const Tensor t = depthwise_conv2d(relu(x, where), block.depthwise,
                                      {.stride = stride, .padding = padding, .dilation = block.dilation}, where);
    x = normalised(conv2d(t, block.pointwise, {}, where), epsilon, node, where);
    stride = 1;
  }
  return x;
}

}  // namespace

MixedNode mixed_node_in_ops(std::span<const MixedEdgeOperands> edges, MixedNodeOptions options, Where where) {
  expect_mixed_edges(edges, where);
  MixedNode node;
  for (const MixedEdgeOperands& edge : edges) {
    std::vector<Tensor> outputs, weights;
    for (const MixedBranch& branch : edge.branches) {
      outputs.push_back(branch_output(edge, branch, options.epsilon, node, where));
      weights.push_back(slice(edge.weights, {.axis = 0, .begin = branch.weight, .end = branch.weight + 1}, where));
    }
    const Tensor mixed = weighted_sum(weights.size() == 1 ? weights[0] : concat(weights, where), outputs, where);
    node.y = node.y.defined() ? add(node.y, mixed, where) : mixed;
  }
  return node;
}

}  // namespace nascent
