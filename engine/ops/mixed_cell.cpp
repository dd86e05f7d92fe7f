#include "engine/ops/mixed_node.h"

#include <algorithm>
#include <utility>

#include "engine/ops/backward_in_ops.h"
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

}  // namespace

MixedNode mixed_node(std::span<const MixedEdgeOperands> edges, MixedNodeOptions options, Where where) {
  expect_mixed_edges(edges, where);
  if (edges[0].x.dtype() != DType::f32 || !kernels::kernel_table().fused_edge)
    return mixed_node_in_ops(edges, options, where);
  auto raw = std::make_shared<std::vector<fused::RawEdge>>();
  MixedNode node{.y = Tensor::empty(mixed_edge_output(edges[0])), .statistics = {}};
  bool add = false;
  for (const MixedEdgeOperands& edge : edges) {
    fused::RawEdge raw_edge = fused::raw_edge(edge);
    fused::run_branches(edge, options.epsilon, raw_edge);
    fused::mix(edge, raw_edge, std::exchange(add, true), node.y);
    for (const fused::RawBranch& branch : raw_edge)
      for (const fused::Raw& r : branch)
        if (r.norm) node.statistics.push_back({r.mean, r.variance});
    fused::forget(options.recompute, raw_edge);
    raw->push_back(std::move(raw_edge));
  }
  const std::vector<Tensor> inputs = fused::operands(edges);
  std::vector<Tensor> save;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(save), [](const Tensor& t) { return t.defined(); });
  const int saved_operands = static_cast<int>(save.size());
  for (const fused::RawEdge& edge : *raw)
    for (const fused::RawBranch& branch : edge)
      for (const fused::Raw& r : branch)
        if (r.z.defined()) save.push_back(r.z);
  const Rule rule = [own = std::vector<MixedEdgeOperands>(edges.begin(), edges.end()), raw, options, saved_operands,
                     where](Vjp& v) {
    for (int i = 0; i < saved_operands; ++i) v.saved(i);  // refuses one that was written to since
    if (v.recording())
      return backward_in_ops(
          v, fused::operands(own), [&] { return mixed_node_in_ops(own, options, where).y; }, where);
    int input = 0;
    for (std::size_t e = 0; e < own.size(); ++e) input = fused::backward(v, own[e], (*raw)[e], options.epsilon, input);
  };
  node.y = record(kMixedNode, inputs, node.y, {.save = std::move(save), .rule = rule, .macs = macs(edges)}, where);
  return node;
}

}  // namespace nascent
