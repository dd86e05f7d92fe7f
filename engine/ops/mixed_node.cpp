#include "engine/ops/mixed_node.h"

#include <algorithm>

#include "engine/autograd/tape.h"
#include "engine/ops/fused_node.h"
#include "engine/ops/image_checks.h"
#include "kernels/dispatch.h"

namespace nascent {
namespace {

const Op kMixedNode{"mixed_node",
                    "with S2 = sum(dy*xhat) of a branch:  dweight = sum over channels of S2;"
                    "  dz = weight * rstd * (dy - mean(dy) - xhat*S2/m), then through its blocks"};

using namespace image_checks;
using Kind = MixedBranch::Kind;

void expect_block(const SeparableBlock& block, const Tensor& x, const Where& where) {
  expect_defined(kMixedNode.name, "depthwise weight", block.depthwise, where);
  expect_defined(kMixedNode.name, "pointwise weight", block.pointwise, where);
  expect_same_dtype(kMixedNode.name, x, "depthwise weight", block.depthwise, where);
  expect_same_dtype(kMixedNode.name, x, "pointwise weight", block.pointwise, where);
  const std::int64_t channels = x.shape()[3], k = block.depthwise.shape().rank() ? block.depthwise.shape()[0] : 0;
  if (k < 1 || k > 15 || k % 2 == 0)
    refuse(kMixedNode.name, "an odd depthwise kernel of at most 15", block.depthwise.shape().text(), where);
  if (block.dilation < 1) refuse(kMixedNode.name, "a dilation of at least 1", std::to_string(block.dilation), where);
  expect_shape(kMixedNode.name, "depthwise weight", block.depthwise.shape(), {k, k, channels}, where);
  expect_shape(kMixedNode.name, "pointwise weight", block.pointwise.shape(), {1, 1, channels, channels}, where);
}

void expect_edge(const MixedEdgeOperands& edge, const Where& where) {
  expect_defined(kMixedNode.name, "input", edge.x, where);
  expect_defined(kMixedNode.name, "weights", edge.weights, where);
  expect_same_dtype(kMixedNode.name, edge.x, "weights", edge.weights, where);
  if (edge.x.shape().rank() != 4 || edge.x.elements() == 0)
    refuse(kMixedNode.name, "input [batch, height, width, channels]", edge.x.shape().text(), where);
  if (edge.stride < 1) refuse(kMixedNode.name, "a stride of at least 1", std::to_string(edge.stride), where);
  if (edge.weights.shape().rank() != 1)
    refuse(kMixedNode.name, "weights [operations]", edge.weights.shape().text(), where);
  if (edge.branches.empty() || edge.branches.size() > kernels::kMaxEdgeBranches)
    refuse(kMixedNode.name, "1 to " + std::to_string(kernels::kMaxEdgeBranches) + " branches an edge",
           std::to_string(edge.branches.size()), where);
  for (const MixedBranch& branch : edge.branches) {
    if (branch.weight < 0 || branch.weight >= edge.weights.elements())
      refuse(kMixedNode.name, "a branch's weight among " + std::to_string(edge.weights.elements()),
             std::to_string(branch.weight), where);
    if ((branch.kind == Kind::separable) != !branch.blocks.empty())
      refuse(kMixedNode.name, "blocks in separable branches and nowhere else",
             std::to_string(branch.blocks.size()) + " blocks", where);
    for (const SeparableBlock& block : branch.blocks) expect_block(block, edge.x, where);
  }
}

Shape edge_output(const MixedEdgeOperands& edge) {
  const Shape& x = edge.x.shape();
  return {x[0], (x[1] - 1) / edge.stride + 1, (x[2] - 1) / edge.stride + 1, x[3]};
}

void expect_edges(std::span<const MixedEdgeOperands> edges, const Where& where) {
  if (edges.empty()) refuse(kMixedNode.name, "at least 1 edge", "none", where);
  for (const MixedEdgeOperands& edge : edges) {
    expect_edge(edge, where);
    expect_same_dtype(kMixedNode.name, edges[0].x, "input", edge.x, where);
    const Shape out = edge_output(edge);
    expect_shape(kMixedNode.name, "an edge's output", out, edge_output(edges[0]), where);
    for (const MixedBranch& branch : edge.branches)
      if (branch.kind == Kind::skip)
        expect_shape(kMixedNode.name, "what a skip adds", (edge.skip.defined() ? edge.skip : edge.x).shape(), out,
                     where);
    if (out[0] * out[1] * out[2] < 2)
      refuse(kMixedNode.name, "at least 2 values a channel to take statistics of", out.text(), where);
  }
}

std::int64_t macs(std::span<const MixedEdgeOperands> edges) {
  std::int64_t sum = 0;
  for (const MixedEdgeOperands& edge : edges)
    for (const MixedBranch& branch : edge.branches)
      for (const SeparableBlock& block : branch.blocks)
        sum += edge_output(edge).elements() *
               (block.depthwise.shape()[0] * block.depthwise.shape()[1] + edge.x.shape()[3]);
  return sum;
}

// When the gradient will be differentiated again: the same node in plain ops, on the same tape, and back through it.
void backward_in_ops(Vjp& v, std::span<const MixedEdgeOperands> edges, const MixedNodeOptions& options,
                     const Where& where) {
  const std::vector<Tensor> inputs = fused::operands(edges);
  std::vector<Tensor> wanted;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (v.needs(static_cast<int>(i))) wanted.push_back(inputs[i]);
  const Tensor seed = v.dy();
  const MixedNode plain = mixed_node_in_ops(edges, options, where);
  const Gradients gradients =
      Tape::active()->backward(plain.y, {.wrt = wanted, .seed = seed, .create_graph = true}, where);
  std::vector<const Storage*> done;  // an operand given twice has one gradient
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (v.needs(static_cast<int>(i)) && std::find(done.begin(), done.end(), inputs[i].storage()) == done.end()) {
      done.push_back(inputs[i].storage());
      v.add(static_cast<int>(i), gradients[inputs[i]]);
    }
}

}  // namespace

MixedNode mixed_node(std::span<const MixedEdgeOperands> edges, MixedNodeOptions options, Where where) {
  expect_edges(edges, where);
  if (edges[0].x.dtype() != DType::f32 || !kernels::kernel_table().edge_branches_forward)
    return mixed_node_in_ops(edges, options, where);
  auto raw = std::make_shared<std::vector<fused::RawEdge>>(fused::run_branches(edges, options.epsilon));
  MixedNode node{.y = fused::mix(edges, *raw), .statistics = {}};
  const std::vector<Tensor> inputs = fused::operands(edges);
  std::vector<Tensor> save;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(save), [](const Tensor& t) { return t.defined(); });
  const int saved_operands = static_cast<int>(save.size());
  for (const fused::RawEdge& edge : *raw)
    for (const fused::RawBranch& branch : edge)
      for (const fused::Raw& r : branch) {
        node.statistics.push_back({r.mean, r.variance});
        if (!options.recompute) save.push_back(r.z);
      }
  if (options.recompute) raw = nullptr;
  const Rule rule = [own = std::vector<MixedEdgeOperands>(edges.begin(), edges.end()), raw, options, saved_operands,
                     where](Vjp& v) {
    for (int i = 0; i < saved_operands; ++i) v.saved(i);  // refuses one that was written to since
    if (v.recording()) return backward_in_ops(v, own, options, where);
    fused::backward(v, own, raw ? *raw : fused::run_branches(own, options.epsilon), where);
  };
  node.y = record(kMixedNode, inputs, node.y, {.save = std::move(save), .rule = rule, .macs = macs(edges)}, where);
  return node;
}

}  // namespace nascent
