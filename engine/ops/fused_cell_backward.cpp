// Backward over a cell, fan by fan from the last state to the first: a node's gradient is whole when its fan's turn
// comes.
#include <utility>

#include "engine/ops/fused_edge_backward.h"

namespace nascent::fused {
namespace {

// An edge of a fan that something came back to, and the sums from which its gradients follow.
struct Arrival {
  std::size_t edge;
  const Tensor& dy;
  std::vector<MixTermOf> terms;
  std::vector<double> sums;
};
void take_sums(const Tensor& source, std::int64_t stride, std::vector<Arrival>& arrivals) {
  if (arrivals.empty()) return;
  const kernels::MixShape s = mix_shape(source, stride, arrivals[0].dy);
  std::vector<std::vector<kernels::MixTerm>> terms(arrivals.size());
  std::vector<kernels::EdgeMixSums> mixes;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    Arrival& a = arrivals[i];
    for (const MixTermOf& term : a.terms) terms[i].push_back({.z = term.z.data<float>(), .source = term.source});
    a.sums.resize((1 + a.terms.size()) * static_cast<std::size_t>(s.channels));
    mixes.push_back({static_cast<int>(terms[i].size()), terms[i].data(), a.dy.data<float>(), a.sums.data()});
  }
  const int count = static_cast<int>(mixes.size());
  Tensor scratch = Tensor::scratch(kernels::edge_mix_sums_scratch(s, count, mixes.data()));
  kernels::edge_mix_sums(s, count, mixes.data(), scratch.mutable_data<float>());
}

}  // namespace

void backward(Vjp& v, const Cell& cell) {
  std::vector<int> first_inputs;
  int input = static_cast<int>(cell.inputs);
  for (const MixedEdgeOperands& edge : cell.edges) {
    first_inputs.push_back(input);
    input += kEdgeInputs;
    for (const MixedBranch& branch : edge.branches) input += kBlockInputs * static_cast<int>(branch.blocks.size());
  }
  first_inputs.push_back(input);
  std::vector<bool> wanted;  // of a state: whether anybody wants its gradient, or what that of a node leads to
  for (std::size_t s = 0; s < cell.states.size(); ++s)
    wanted.push_back(s < cell.inputs && v.needs(static_cast<int>(s)));
  for (std::size_t e = 0; e < cell.edges.size(); ++e) {
    bool any = wanted[static_cast<std::size_t>(cell.edges[e].source)];
    for (int i = first_inputs[e]; i < first_inputs[e + 1]; ++i) any = any || v.needs(i);
    if (any) wanted[static_cast<std::size_t>(cell.edges[e].target)] = true;
  }
  std::vector<Tensor> gradients(cell.states.size());  // of the nodes; a node's is whole when its own edges' turn comes
  for (std::size_t k = cell.inputs; k < gradients.size(); ++k)
    gradients[k] = v.take_dy(static_cast<int>(k - cell.inputs));
  std::vector<RawEdge> raw = cell.raw;  // an edge's are let go as soon as they were read
  for (RawEdge& edge : raw)
    for (RawBranch& branch : edge)
      for (Raw& r : branch)
        if (r.saved >= 0) r.z = v.take_saved(r.saved);
  const std::vector<Fan> all = fans(cell.edges);
  for (auto fan = all.rbegin(); fan != all.rend(); ++fan) {
    const auto state = static_cast<std::size_t>(fan->source);
    const bool node = state >= cell.inputs;
    const Tensor& source = cell.states[state];
    run_first_blocks(cell, *fan, raw);
    std::vector<std::size_t> reached;
    for (const std::size_t e : fan->edges)
      if (gradients[static_cast<std::size_t>(cell.edges[e].target)].defined()) reached.push_back(e);
    run_second_blocks(cell, reached, raw);
    std::vector<Arrival> arrivals;
    for (const std::size_t e : reached)
      arrivals.push_back(
          {e, gradients[static_cast<std::size_t>(cell.edges[e].target)], mix_terms(cell.edges[e], source, raw[e]), {}});
    take_sums(source, fan->stride, arrivals);
    FanGradient back;
    for (Arrival& a : arrivals)
      EdgeBackward(v, cell.edges[a.edge], first_inputs[a.edge], wanted[state], a.dy)
          .propagate(std::exchange(a.terms, {}), a.sums, raw[a.edge], back);
    second_blocks_backward(v, back.branches);
    if (back.branches.empty() && back.skips.empty()) continue;
    Tensor own;  // where nothing has met yet, or somebody else holds it
    Tensor* sum = !wanted[state] ? nullptr : node ? &gradients[state] : v.sum_so_far(fan->source);
    const bool add = sum && sum->defined();
    if (node && add && !sum->sole_owner()) *sum = sum->clone();
    if (wanted[state] && !add) own = Tensor::empty(source.shape());
    first_blocks_backward(v, source, fan->stride, back, !wanted[state] ? nullptr : add ? sum : &own, add);
    if (own.defined() && node) gradients[state] = own;
    if (own.defined() && !node) v.add(fan->source, own);
    for (const std::size_t e : fan->edges) raw[e] = {};
  }
}

}  // namespace nascent::fused
