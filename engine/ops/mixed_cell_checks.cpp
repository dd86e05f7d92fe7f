#include "engine/ops/mixed_cell_checks.h"

#include "engine/ops/image_checks.h"
#include "kernels/edge_branches.h"

namespace nascent {
namespace {

constexpr const char* kWho = "mixed_cell";

using namespace image_checks;
using Kind = MixedBranch::Kind;

void expect_block(const SeparableBlock& block, const Tensor& x, const Where& where) {
  expect_defined(kWho, "depthwise weight", block.depthwise, where);
  expect_defined(kWho, "pointwise weight", block.pointwise, where);
  expect_same_dtype(kWho, x, "depthwise weight", block.depthwise, where);
  expect_same_dtype(kWho, x, "pointwise weight", block.pointwise, where);
  const std::int64_t channels = x.shape()[3], k = block.depthwise.shape().rank() ? block.depthwise.shape()[0] : 0;
  if (k < 1 || k > 15 || k % 2 == 0)
    refuse(kWho, "an odd depthwise kernel of at most 15", block.depthwise.shape().text(), where);
  if (block.gamma.defined() != block.beta.defined())
    refuse(kWho, "gamma and beta or neither", block.gamma.defined() ? "gamma alone" : "beta alone", where);
  for (const Tensor* t : {&block.gamma, &block.beta})
    if (t->defined()) {
      expect_same_dtype(kWho, x, "gamma or beta", *t, where);
      expect_shape(kWho, "gamma or beta", t->shape(), {channels}, where);
    }
  if (block.dilation < 1) refuse(kWho, "a dilation of at least 1", std::to_string(block.dilation), where);
  expect_shape(kWho, "depthwise weight", block.depthwise.shape(), {k, k, channels}, where);
  expect_shape(kWho, "pointwise weight", block.pointwise.shape(), {1, 1, channels, channels}, where);
}

void expect_edge(const MixedEdgeOperands& edge, const Tensor& input, const Where& where) {
  if (edge.weights.defined()) expect_same_dtype(kWho, input, "weights", edge.weights, where);
  if (edge.stride < 1) refuse(kWho, "a stride of at least 1", std::to_string(edge.stride), where);
  if (edge.weights.defined() && edge.weights.shape().rank() != 1)
    refuse(kWho, "weights [operations]", edge.weights.shape().text(), where);
  if (edge.branches.empty() || edge.branches.size() > kernels::kMaxEdgeBranches)
    refuse(kWho, "1 to " + std::to_string(kernels::kMaxEdgeBranches) + " branches an edge",
           std::to_string(edge.branches.size()), where);
  for (const MixedBranch& branch : edge.branches) {
    if (edge.weights.defined() && (branch.weight < 0 || branch.weight >= edge.weights.elements()))
      refuse(kWho, "a branch's weight among " + std::to_string(edge.weights.elements()), std::to_string(branch.weight),
             where);
    if ((branch.kind == Kind::separable) != !branch.blocks.empty())
      refuse(kWho, "blocks in separable branches and nowhere else", std::to_string(branch.blocks.size()) + " blocks",
             where);
    for (const SeparableBlock& block : branch.blocks) expect_block(block, input, where);
  }
}

}  // namespace

Shape mixed_edge_output(const Shape& source, const MixedEdgeOperands& edge) {
  return {source[0], (source[1] - 1) / edge.stride + 1, (source[2] - 1) / edge.stride + 1, source[3]};
}

std::vector<Shape> expect_mixed_cell(std::span<const Tensor> inputs, std::span<const MixedEdgeOperands> edges,
                                     const Where& where) {
  if (inputs.empty()) refuse(kWho, "at least 1 input", "none", where);
  if (edges.empty()) refuse(kWho, "at least 1 edge", "none", where);
  std::vector<Shape> states;
  for (const Tensor& input : inputs) {
    expect_defined(kWho, "input", input, where);
    expect_same_dtype(kWho, inputs[0], "input", input, where);
    if (input.shape().rank() != 4 || input.elements() == 0)
      refuse(kWho, "input [batch, height, width, channels]", input.shape().text(), where);
    if (input.shape()[3] != inputs[0].shape()[3])
      refuse(kWho, "inputs of " + std::to_string(inputs[0].shape()[3]) + " channels", input.shape().text(), where);
    states.push_back(input.shape());
  }
  for (const MixedEdgeOperands& edge : edges) {
    const auto known = static_cast<int>(states.size());
    expect_edge(edge, inputs[0], where);
    if (edge.target < static_cast<int>(inputs.size()) || edge.target > known || edge.target + 1 < known)
      refuse(kWho,
             "edges in order of their targets, this one into node " + std::to_string(known) + " or the one before",
             std::to_string(edge.target), where);
    if (edge.source < 0 || edge.source >= edge.target)
      refuse(kWho, "a source before the target " + std::to_string(edge.target), std::to_string(edge.source), where);
    const Shape source = states[static_cast<std::size_t>(edge.source)];
    const Shape out = mixed_edge_output(source, edge);
    if (edge.target == known) states.push_back(out);
    expect_shape(kWho, "an edge's output", out, states[static_cast<std::size_t>(edge.target)], where);
    for (const MixedBranch& branch : edge.branches)
      if (branch.kind == Kind::skip)
        expect_shape(kWho, "what a skip adds", edge.skip.defined() ? edge.skip.shape() : source, out, where);
    if (out[0] * out[1] * out[2] < 2)
      refuse(kWho, "at least 2 values a channel to take statistics of", out.text(), where);
  }
  return states;
}

}  // namespace nascent
