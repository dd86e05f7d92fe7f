// Backward over a cell, fan by fan from the last state to the first: a node's gradient is whole when its fan's turn
// comes.
#include <utility>

#include "engine/ops/fused_edge_backward.h"

namespace nascent::fused {
namespace {

// Whose gradients somebody wants, of a cell's states and operands.
class Wanted {
 public:
  Wanted(const Vjp& v, const Cell& cell) {
    int input = static_cast<int>(cell.inputs);
    for (std::size_t s = 0; s < cell.states.size(); ++s)
      states_.push_back(s < cell.inputs && v.needs(static_cast<int>(s)));
    for (const MixedEdgeOperands& edge : cell.edges) {
      first_inputs_.push_back(input);
      const int blocks = input + kEdgeInputs;
      input = blocks;
      for (const MixedBranch& branch : edge.branches) input += kBlockInputs * static_cast<int>(branch.blocks.size());
      blocks_.push_back(any(v, blocks, input));
      if (states_[static_cast<std::size_t>(edge.source)] || any(v, first_inputs_.back(), input))
        states_[static_cast<std::size_t>(edge.target)] = true;
    }
  }
  // An input's own; a node's, where it leads to one that is.
  bool state(std::size_t s) const { return states_[s]; }
  bool blocks(std::size_t edge) const { return blocks_[edge]; }
  // Of an edge's operands among record()'s.
  int first_input(std::size_t edge) const { return first_inputs_[edge]; }

 private:
  static bool any(const Vjp& v, int begin, int end) {
    for (int i = begin; i < end; ++i)
      if (v.needs(i)) return true;
    return false;
  }
  std::vector<bool> states_, blocks_;
  std::vector<int> first_inputs_;
};

bool lacks_last_block(const MixedEdgeOperands& edge, const RawEdge& raw) {
  for (std::size_t b = 0; b < raw.size(); ++b)
    if (!edge.branches[b].blocks.empty() && !raw[b].back().z.defined()) return true;
  return false;
}

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
  const Wanted wanted(v, cell);
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
    std::vector<std::size_t> reached, through;  // through: into whose blocks it goes on
    for (const std::size_t e : fan->edges) {
      if (!gradients[static_cast<std::size_t>(cell.edges[e].target)].defined()) continue;
      reached.push_back(e);
      if (wanted.state(state) || wanted.blocks(e) || lacks_last_block(cell.edges[e], raw[e])) through.push_back(e);
    }
    run_first_blocks(cell, {fan->source, fan->stride, through}, raw);
    run_second_blocks(cell, reached, raw);
    std::vector<Arrival> arrivals;
    for (const std::size_t e : reached)
      arrivals.push_back(
          {e, gradients[static_cast<std::size_t>(cell.edges[e].target)], mix_terms(cell.edges[e], source, raw[e]), {}});
    take_sums(source, fan->stride, arrivals);
    FanGradient back;
    for (Arrival& a : arrivals)
      EdgeBackward(v, cell.edges[a.edge], wanted.first_input(a.edge), wanted.state(state), a.dy)
          .propagate(std::exchange(a.terms, {}), a.sums, raw[a.edge], back);
    second_blocks_backward(v, back.branches);
    if (back.branches.empty() && back.skips.empty()) continue;
    Tensor own;  // where nothing has met yet, or somebody else holds it
    Tensor* sum = !wanted.state(state) ? nullptr : node ? &gradients[state] : v.sum_so_far(fan->source);
    const bool add = sum && sum->defined();
    if (node && add && !sum->sole_owner()) *sum = sum->clone();
    if (wanted.state(state) && !add) own = Tensor::empty(source.shape());
    first_blocks_backward(v, source, fan->stride, back, !wanted.state(state) ? nullptr : add ? sum : &own, add);
    if (own.defined() && node) gradients[state] = own;
    if (own.defined() && !node) v.add(fan->source, own);
    for (const std::size_t e : fan->edges) raw[e] = {};
  }
}

}  // namespace nascent::fused
