// With w a branch's weight, xhat = (z - mean)*rstd and m values a channel, dL/dz behind the batch norm is
//   w*gamma*rstd*(dy - S1/m - xhat*S2/m),   S1 = sum(dy),  S2 = sum(dy*xhat) = rstd*(sum(dy*z) - mean*S1):
// an affine map of dy and z, handed to the kernels as coefficients. And dgamma = w*S2, dbeta = w*S1,
// dL/dw = sum over channels of gamma*S2 + beta*S1.
#include <numeric>
#include <utility>

#include "engine/ops/fused_cell.h"
#include "engine/ops/ops.h"

namespace nascent::fused {
namespace {

using Kind = MixedBranch::Kind;

struct Coefficients {
  std::vector<float> a, b, d, dgamma, dbeta;
  double weight_grad = 0;

  // sums over batch and pixels of the gradient and of the gradient times z, a channel each.
  Coefficients(const Raw& raw, double weight, double m, std::int64_t channels, const double* sum, const double* sum_z) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const double scale = weight * raw.scale(c), mu = raw.norm ? raw.mean.at(c) : 0;
      const double s2 = raw.norm ? raw.rstd.at(c) * (sum_z[c] - mu * sum[c]) : 0;
      const double along = raw.norm ? -scale * raw.rstd.at(c) * s2 / m : 0;
      a.push_back(static_cast<float>(scale));
      b.push_back(static_cast<float>(along));
      d.push_back(raw.norm ? static_cast<float>(-scale * sum[c] / m - along * mu) : 0);
      dgamma.push_back(static_cast<float>(weight * s2));
      dbeta.push_back(static_cast<float>(weight * sum[c]));
      weight_grad += raw.scale(c) * sum_z[c] + raw.shift(c) * sum[c];
    }
  }
  kernels::EdgeBranchGrad at(const Tensor& dy) const { return {dy.data<float>(), a.data(), b.data(), d.data()}; }
};

// The gradients of a block's weights, where anybody wants them.
struct WeightGrads {
  Tensor depthwise, pointwise;
  WeightGrads(const SeparableBlock& block, bool wanted, kernels::EdgeBranchGrad& grad) {
    if (!wanted) return;
    depthwise = Tensor::empty(block.depthwise.shape());
    pointwise = Tensor::empty(block.pointwise.shape());
    grad.depthwise = depthwise.mutable_data<float>();
    grad.pointwise = pointwise.mutable_data<float>();
  }
};

void run(const kernels::EdgeInput& in, const std::vector<kernels::EdgeBranch>& branches,
         const std::vector<kernels::EdgeBranchGrad>& grads, const kernels::EdgeInputGrad& to) {
  const int count = static_cast<int>(branches.size());
  Tensor scratch = Tensor::scratch(kernels::edge_branches_scratch(in, count, branches.data()));
  kernels::edge_branches_backward(in, count, branches.data(), grads.data(), to, scratch.mutable_data<float>());
}

kernels::EdgeBranch with_raw(const MixedBranch& branch, std::size_t block, const Raw& raw) {
  kernels::EdgeBranch b = kernel_branch(branch, block);
  if (raw.z.defined()) b.z = const_cast<float*>(raw.z.data<float>());  // read only, going backward
  return b;
}

// What reads a fan's source: first blocks and pools, and identities.
struct FirstBlock {
  const SeparableBlock* block;  // null: a pool
  int weights;                  // where its gradients go: the first of four inputs
  kernels::EdgeBranch kernel;
  Tensor gradient;  // of its batch norm's output
  Coefficients coefficients;
};
struct FirstBlocks {
  std::vector<FirstBlock> blocks;
  std::vector<kernels::EdgeSkip> skips;
};

constexpr int kEdgeInputs = 2, kBlockInputs = 4;  // skip, weights; of a block depthwise, pointwise, gamma, beta

void add_norm_grads(Vjp& v, int block, const Coefficients& c) {
  const Shape channels{static_cast<std::int64_t>(c.a.size())};
  if (v.needs(block + 2)) v.add(block + 2, Tensor::from(channels, c.dgamma));
  if (v.needs(block + 3)) v.add(block + 3, Tensor::from(channels, c.dbeta));
}

// Backward over one edge, from its last blocks to those that read its source, which are left to the fan.
class EdgeBackward {
 public:
  EdgeBackward(Vjp& v, const MixedEdgeOperands& edge, const Tensor& source, int first_input, bool dx_wanted,
               const Tensor& dy)
      : v_(v), edge_(edge), source_(source), dy_(dy), first_input_(first_input), dx_wanted_(dx_wanted) {
    m_ = static_cast<double>(dy.elements() / dy.shape()[3]);
    channels_ = dy.shape()[3];
    int input = first_input + kEdgeInputs;
    for (const MixedBranch& branch : edge.branches) {
      weight_inputs_.push_back(input);
      input += kBlockInputs * static_cast<int>(branch.blocks.size());
    }
    if (edge.weights.defined()) dweights_.resize(static_cast<std::size_t>(edge.weights.elements()));
  }

  // Lets go of a second block's raw output when it was read for the last time.
  // `sums` of dy, and of dy times each term: [1 + terms, channels].
  void propagate(const std::vector<MixTermOf>& terms, const std::vector<double>& sums, RawEdge& raw,
                 FirstBlocks& first) {
    const auto channels = static_cast<std::size_t>(channels_);
    double skip_weight = 0;
    bool identity = false;
    for (std::size_t b = 0; b < terms.size(); ++b) {
      const MixedBranch& branch = edge_.branches[b];
      const double* sum_z = sums.data() + (1 + b) * channels;
      if (branch.kind == Kind::skip) {
        add_weight_grad(branch, std::accumulate(sum_z, sum_z + channels, 0.));
        if (edge_.skip.defined())  // scaled here: beside a factor its rule could not add to a sum in place
          v_.add(first_input_, affine(dy_, {.factor = terms[b].weight}));
        else
          identity = true, skip_weight += terms[b].weight;
        continue;
      }
      Coefficients coefficients(*terms[b].raw, terms[b].weight, m_, channels_, sums.data(), sum_z);
      add_weight_grad(branch, coefficients.weight_grad);
      if (wanted(b)) add_branch(b, raw[b], std::move(coefficients), first);
    }
    if (identity) first.skips.push_back({dy_.data<float>(), static_cast<float>(skip_weight)});
    if (v_.needs(first_input_ + 1))
      v_.add(first_input_ + 1,
             Tensor::from(edge_.weights.shape(), std::vector<float>(dweights_.begin(), dweights_.end())));
  }

 private:
  void add_weight_grad(const MixedBranch& branch, double gradient) {
    if (!dweights_.empty()) dweights_[static_cast<std::size_t>(branch.weight)] += gradient;
  }
  bool wanted(std::size_t b) const {
    const int begin = weight_inputs_[b], end = begin + kBlockInputs * static_cast<int>(edge_.branches[b].blocks.size());
    bool any = dx_wanted_;
    for (int i = begin; i < end; ++i) any = any || v_.needs(i);
    return any;
  }

  void add_branch(std::size_t b, RawBranch& raw, Coefficients coefficients, FirstBlocks& first) {
    const MixedBranch& branch = edge_.branches[b];
    Tensor gradient = dy_;
    for (std::size_t k = raw.size(); k-- > 1;) {
      const auto [du, sums] = block_backward(branch, k, raw, weight_inputs_[b] + kBlockInputs * static_cast<int>(k),
                                             gradient, coefficients);
      gradient = du;
      raw[k].z = {};
      coefficients = Coefficients(raw[k - 1], 1, m_, channels_, sums.data(), sums.data() + channels_);
    }
    if (!branch.blocks.empty()) add_norm_grads(v_, weight_inputs_[b], coefficients);
    first.blocks.push_back({branch.blocks.empty() ? nullptr : branch.blocks.data(), weight_inputs_[b],
                            with_raw(branch, 0, raw[0]), gradient, std::move(coefficients)});
  }

  struct BlockInput {
    Tensor gradient;           // of the batch norm's output that the block read
    std::vector<double> sums;  // of it, and of it times the norm's input
  };
  BlockInput block_backward(const MixedBranch& branch, std::size_t k, const RawBranch& raw, int weights,
                            const Tensor& gradient, const Coefficients& coefficients) {
    add_norm_grads(v_, weights, coefficients);
    const Raw& before = raw[k - 1];
    const NormAsAffine norm(before);
    kernels::EdgeInput in = kernel_input(before.z, 1);
    in.scale = norm.scale.data<float>(), in.shift = norm.shift.data<float>();
    kernels::EdgeBranchGrad grad = coefficients.at(gradient);
    const WeightGrads own(branch.blocks[k], v_.needs(weights) || v_.needs(weights + 1), grad);
    Tensor du = Tensor::empty(before.z.shape()), sums = Tensor::empty({2, in.channels});
    float* sum = sums.mutable_data<float>();
    run(in, {with_raw(branch, k, raw[k])}, {grad},
        {.dx = du.mutable_data<float>(), .sum_dx = sum, .sum_dx_x = sum + in.channels});
    if (own.depthwise.defined()) {
      v_.add(weights, own.depthwise);
      v_.add(weights + 1, own.pointwise);
    }
    return {du, {sum, sum + 2 * in.channels}};
  }

  Vjp& v_;
  const MixedEdgeOperands& edge_;
  const Tensor &source_, &dy_;
  int first_input_;
  bool dx_wanted_;
  double m_;
  std::int64_t channels_;
  std::vector<int> weight_inputs_;  // where a branch's begin
  std::vector<double> dweights_;
};

// What reads a fan's source, in one pass: dx (+)= its gradient, where dx is not null, and the gradients of weights.
void run_first_blocks_backward(Vjp& v, const Tensor& source, std::int64_t stride, const FirstBlocks& first, Tensor* dx,
                               bool add) {
  std::vector<kernels::EdgeBranch> branches;
  std::vector<kernels::EdgeBranchGrad> grads;
  std::vector<WeightGrads> weights;
  bool any = dx;
  for (const FirstBlock& f : first.blocks) {
    branches.push_back(f.kernel);
    grads.push_back(f.coefficients.at(f.gradient));
    const bool own = f.block && (v.needs(f.weights) || v.needs(f.weights + 1));
    weights.emplace_back(f.block ? *f.block : SeparableBlock{}, own, grads.back());
    any = any || own;
  }
  if (!any) return;
  kernels::EdgeInputGrad to;
  if (dx)
    to = {.dx = dx->mutable_data<float>(),
          .add = add,
          .skips = static_cast<int>(first.skips.size()),
          .skip = first.skips.data()};
  run(kernel_input(source, stride), branches, grads, to);
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (weights[i].depthwise.defined()) {
      v.add(first.blocks[i].weights, weights[i].depthwise);
      v.add(first.blocks[i].weights + 1, weights[i].pointwise);
    }
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
  std::vector<int> first_inputs;
  int input = static_cast<int>(cell.inputs);
  for (const MixedEdgeOperands& edge : cell.edges) {
    first_inputs.push_back(input);
    input += kEdgeInputs;
    for (const MixedBranch& branch : edge.branches) input += kBlockInputs * static_cast<int>(branch.blocks.size());
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
    const bool node = state >= cell.inputs, wanted = node || v.needs(fan->source);
    const Tensor& source = cell.states[state];
    run_first_blocks(cell, *fan, raw);
    std::vector<Arrival> arrivals;
    for (const std::size_t e : fan->edges) {
      const Tensor& dy = gradients[static_cast<std::size_t>(cell.edges[e].target)];
      if (!dy.defined()) continue;
      run_second_blocks(cell.edges[e], cell.epsilon, raw[e]);
      arrivals.push_back({e, dy, mix_terms(cell.edges[e], source, raw[e]), {}});
    }
    take_sums(source, fan->stride, arrivals);
    FirstBlocks first;
    for (Arrival& a : arrivals) {
      EdgeBackward(v, cell.edges[a.edge], source, first_inputs[a.edge], wanted, a.dy)
          .propagate(std::exchange(a.terms, {}), a.sums, raw[a.edge], first);
    }
    if (first.blocks.empty() && first.skips.empty()) continue;
    Tensor own;  // where nothing has met yet, or somebody else holds it
    Tensor* sum = !wanted ? nullptr : node ? &gradients[state] : v.sum_so_far(fan->source);
    const bool add = sum && sum->defined();
    if (node && add && !sum->sole_owner()) *sum = sum->clone();
    if (wanted && !add) own = Tensor::empty(source.shape());
    run_first_blocks_backward(v, source, fan->stride, first, !wanted ? nullptr : add ? sum : &own, add);
    if (own.defined() && node) gradients[state] = own;
    if (own.defined() && !node) v.add(fan->source, own);
    for (const std::size_t e : fan->edges) raw[e] = {};
  }
}

}  // namespace nascent::fused
