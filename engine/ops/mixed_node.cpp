#include "engine/ops/mixed_node.h"

#include <algorithm>

#include "engine/autograd/tape.h"
#include "engine/ops/fused_node.h"
#include "engine/ops/mixed_node_checks.h"
#include "kernels/dispatch.h"

namespace nascent {
namespace {

const Op kMixedNode{"mixed_node",
                    "with S2 = sum(dy*xhat) of a branch:  dweight = sum over channels of S2;"
                    "  dz = weight * rstd * (dy - mean(dy) - xhat*S2/m), then through its blocks"};

std::int64_t macs(std::span<const MixedEdgeOperands> edges) {
  std::int64_t sum = 0;
  for (const MixedEdgeOperands& edge : edges)
    for (const MixedBranch& branch : edge.branches)
      for (const SeparableBlock& block : branch.blocks)
        sum += mixed_edge_output(edge).elements() *
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
  expect_mixed_edges(edges, where);
  if (edges[0].x.dtype() != DType::f32 || !kernels::kernel_table().fused_edge)
    return mixed_node_in_ops(edges, options, where);
  auto raw = std::make_shared<std::vector<fused::RawEdge>>();
  MixedNode node{.y = Tensor::empty(mixed_edge_output(edges[0])), .statistics = {}};
  // Edge by edge: what the branches wrote is mixed while it is still in the last cache.
  for (const MixedEdgeOperands& edge : edges) {
    fused::RawEdge raw_edge = fused::run_branches(edge, options.epsilon);
    fused::mix(edge, raw_edge, &edge != edges.data(), node.y);
    for (const fused::RawBranch& branch : raw_edge)
      for (const fused::Raw& r : branch)
        if (r.norm) node.statistics.push_back({r.mean, r.variance});
    if (!options.recompute) raw->push_back(std::move(raw_edge));
  }
  const std::vector<Tensor> inputs = fused::operands(edges);
  std::vector<Tensor> save;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(save), [](const Tensor& t) { return t.defined(); });
  const int saved_operands = static_cast<int>(save.size());
  for (const fused::RawEdge& edge : *raw)
    for (const fused::RawBranch& branch : edge)
      for (const fused::Raw& r : branch) save.push_back(r.z);
  const Rule rule = [own = std::vector<MixedEdgeOperands>(edges.begin(), edges.end()), raw, options, saved_operands,
                     where](Vjp& v) {
    for (int i = 0; i < saved_operands; ++i) v.saved(i);  // refuses one that was written to since
    if (v.recording()) return backward_in_ops(v, own, options, where);
    int input = 0;
    for (std::size_t e = 0; e < own.size(); ++e)
      input = fused::backward(v, own[e], options.recompute ? fused::run_branches(own[e], options.epsilon) : (*raw)[e],
                              input, where);
  };
  node.y = record(kMixedNode, inputs, node.y, {.save = std::move(save), .rule = rule, .macs = macs(edges)}, where);
  return node;
}

}  // namespace nascent
