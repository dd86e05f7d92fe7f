#include "engine/ops/mixed_node_checks.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

Tensor normalised(const Tensor& z, const Tensor& gamma, const Tensor& beta, double epsilon, MixedNode& node,
                  const Where& where) {
  BatchNormed normed = batch_norm(z, gamma, beta, {.epsilon = epsilon}, where);
  node.statistics.push_back({normed.mean, normed.variance});
  return normed.y;
}

Tensor pooled(const Tensor& z, const MixedBranch& branch, double epsilon, MixedNode& node, const Where& where) {
  return branch.pool_norm ? normalised(z, {}, {}, epsilon, node, where) : z;
}

Tensor branch_output(const MixedEdgeOperands& edge, const MixedBranch& branch, double epsilon, MixedNode& node,
                     const Where& where) {
  const PoolOptions pool{.kernel = 3, .stride = edge.stride, .padding = 1};
  switch (branch.kind) {
    case MixedBranch::Kind::skip:
      return edge.skip.defined() ? edge.skip : edge.x;
    case MixedBranch::Kind::max_pool:
      return pooled(max_pool2d(edge.x, pool, where), branch, epsilon, node, where);
    case MixedBranch::Kind::avg_pool:
      return pooled(avg_pool2d(edge.x, pool, where), branch, epsilon, node, where);
    case MixedBranch::Kind::separable:
      break;
  }
  Tensor x = edge.x;
  std::int64_t stride = edge.stride;
  for (const SeparableBlock& block : branch.blocks) {
    const std::int64_t padding = block.dilation * (block.depthwise.shape()[0] - 1) / 2;
    const Tensor t = depthwise_conv2d(relu(x, where), block.depthwise,
                                      {.stride = stride, .padding = padding, .dilation = block.dilation}, where);
    x = normalised(conv2d(t, block.pointwise, {}, where), block.gamma, block.beta, epsilon, node, where);
    stride = 1;
  }
  return x;
}

Tensor mix(const MixedEdgeOperands& edge, const std::vector<Tensor>& outputs, const Where& where) {
  if (!edge.weights.defined()) {
    Tensor sum = outputs[0];
    for (std::size_t k = 1; k < outputs.size(); ++k) sum = add(sum, outputs[k], where);
    return sum;
  }
  std::vector<Tensor> weights;
  for (const MixedBranch& branch : edge.branches)
    weights.push_back(slice(edge.weights, {.axis = 0, .begin = branch.weight, .end = branch.weight + 1}, where));
  return weighted_sum(weights.size() == 1 ? weights[0] : concat(weights, where), outputs, where);
}

}  // namespace

MixedNode mixed_node_in_ops(std::span<const MixedEdgeOperands> edges, MixedNodeOptions options, Where where) {
  expect_mixed_edges(edges, where);
  MixedNode node;
  for (const MixedEdgeOperands& edge : edges) {
    std::vector<Tensor> outputs;
    for (const MixedBranch& branch : edge.branches)
      outputs.push_back(branch_output(edge, branch, options.epsilon, node, where));
    const Tensor mixed = mix(edge, outputs, where);
    node.y = node.y.defined() ? add(node.y, mixed, where) : mixed;
  }
  return node;
}

}  // namespace nascent
