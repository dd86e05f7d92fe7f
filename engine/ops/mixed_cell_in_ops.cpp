#include "engine/ops/mixed_cell_checks.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

Tensor normalised(const Tensor& z, const Tensor& gamma, const Tensor& beta, double epsilon, MixedCell& cell,
                  const Where& where) {
  BatchNormed normed = batch_norm(z, gamma, beta, {.epsilon = epsilon}, where);
  cell.statistics.push_back({normed.mean, normed.variance});
  return normed.y;
}

Tensor pooled(const Tensor& z, const MixedBranch& branch, double epsilon, MixedCell& cell, const Where& where) {
  return branch.pool_norm ? normalised(z, {}, {}, epsilon, cell, where) : z;
}

Tensor branch_output(const Tensor& source, const MixedEdgeOperands& edge, const MixedBranch& branch, double epsilon,
                     MixedCell& cell, const Where& where) {
  const PoolOptions pool{.kernel = 3, .stride = edge.stride, .padding = 1};
  switch (branch.kind) {
    case MixedBranch::Kind::skip:
      return edge.skip.defined() ? edge.skip : source;
    case MixedBranch::Kind::max_pool:
      return pooled(max_pool2d(source, pool, where), branch, epsilon, cell, where);
    case MixedBranch::Kind::avg_pool:
      return pooled(avg_pool2d(source, pool, where), branch, epsilon, cell, where);
    case MixedBranch::Kind::separable:
      break;
  }
  Tensor x = source;
  std::int64_t stride = edge.stride;
  for (const SeparableBlock& block : branch.blocks) {
    const std::int64_t padding = block.dilation * (block.depthwise.shape()[0] - 1) / 2;
    const Tensor t = depthwise_conv2d(relu(x, where), block.depthwise,
                                      {.stride = stride, .padding = padding, .dilation = block.dilation}, where);
    x = normalised(conv2d(t, block.pointwise, {}, where), block.gamma, block.beta, epsilon, cell, where);
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

MixedCell mixed_cell_in_ops(std::span<const Tensor> inputs, std::span<const MixedEdgeOperands> edges,
                            MixedCellOptions options, Where where) {
  expect_mixed_cell(inputs, edges, where);
  MixedCell cell;
  std::vector<Tensor> states(inputs.begin(), inputs.end());
  for (const MixedEdgeOperands& edge : edges) {
    const Tensor& source = states[static_cast<std::size_t>(edge.source)];
    std::vector<Tensor> outputs;
    for (const MixedBranch& branch : edge.branches)
      outputs.push_back(branch_output(source, edge, branch, options.epsilon, cell, where));
    const Tensor mixed = mix(edge, outputs, where);
    if (edge.target == static_cast<int>(states.size()))
      states.push_back(mixed);
    else
      states.back() = add(states.back(), mixed, where);
  }
  cell.nodes.assign(states.begin() + static_cast<std::ptrdiff_t>(inputs.size()), states.end());
  return cell;
}

}  // namespace nascent
