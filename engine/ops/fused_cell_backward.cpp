// With w a branch's weight, xhat = (z - mean)*rstd and m values a channel, dL/dz behind the batch norm is
//   w*gamma*rstd*(dy - S1/m - xhat*S2/m),   S1 = sum(dy),  S2 = sum(dy*xhat) = rstd*(sum(dy*z) - mean*S1):
// an affine map of dy and z, handed to the kernels as coefficients. And dgamma = w*S2, dbeta = w*S1,
// dL/dw = sum over channels of gamma*S2 + beta*S1.
#include <numeric>

#include "engine/ops/fused_node.h"
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
  Tensor scratch = Tensor::empty({kernels::edge_branches_scratch(in, count, branches.data())});
  kernels::edge_branches_backward(in, count, branches.data(), grads.data(), to, scratch.mutable_data<float>());
}

kernels::EdgeBranch with_raw(const MixedBranch& branch, std::size_t block, const Raw& raw) {
  kernels::EdgeBranch b = kernel_branch(branch, block);
  if (raw.z.defined()) b.z = const_cast<float*>(raw.z.data<float>());  // read only, going backward
  return b;
}

// Backward over one edge, from its last blocks to what reads x.
class EdgeBackward {
 public:
  EdgeBackward(Vjp& v, const MixedEdgeOperands& edge, int first_input)
      : v_(v), edge_(edge), x_input_(first_input), inputs_end_(first_input + 3) {
    in_ = kernel_input(edge.x, edge.stride);
    m_ = static_cast<double>(in_.batch * in_.out_height() * in_.out_width());
    for (const MixedBranch& branch : edge.branches) {
      weight_inputs_.push_back(inputs_end_);
      inputs_end_ += kBlockInputs * static_cast<int>(branch.blocks.size());
    }
    if (edge.weights.defined()) dweights_.resize(static_cast<std::size_t>(edge.weights.elements()));
  }
  int inputs_end() const { return inputs_end_; }
  std::vector<float> weight_grads() const { return {dweights_.begin(), dweights_.end()}; }

  void propagate(const RawEdge& raw) {
    const std::vector<MixTermOf> terms = mix_terms(edge_, raw);
    const std::vector<double> sums = sums_of(terms);
    const auto channels = static_cast<std::size_t>(in_.channels);
    FirstBlocks first;
    for (std::size_t b = 0; b < terms.size(); ++b) {
      const MixedBranch& branch = edge_.branches[b];
      const double* sum_z = sums.data() + (1 + b) * channels;
      if (branch.kind == Kind::skip) {
        add_weight_grad(branch, std::accumulate(sum_z, sum_z + channels, 0.));
        if (edge_.skip.defined())  // scaled here: beside a factor its rule could not add to a sum in place
          v_.add(x_input_ + 1, affine(v_.dy(), {.factor = terms[b].weight}));
        else
          first.identity = true, first.skip_weight += terms[b].weight;
        continue;
      }
      Coefficients coefficients(*terms[b].raw, terms[b].weight, m_, in_.channels, sums.data(), sum_z);
      add_weight_grad(branch, coefficients.weight_grad);
      if (wanted(b)) add_branch(b, raw[b], std::move(coefficients), first);
    }
    finish(first);
  }

 private:
  static constexpr int kBlockInputs = 4;  // depthwise, pointwise, gamma, beta

  // What reads x: the first blocks and the pools, and an identity.
  struct FirstBlocks {
    std::vector<std::size_t> branch;
    std::vector<kernels::EdgeBranch> kernel;
    std::vector<Tensor> gradient;  // of a branch's batch norm's output
    std::vector<Coefficients> coefficients;
    bool identity = false;
    double skip_weight = 0;
  };

  // Of dy, and of dy times each term: [1 + terms, channels].
  std::vector<double> sums_of(const std::vector<MixTermOf>& terms) const {
    const int count = static_cast<int>(terms.size());
    const kernels::MixShape s = mix_shape(edge_, v_.dy());
    std::vector<kernels::MixTerm> kernel_terms;
    for (const MixTermOf& term : terms) kernel_terms.push_back({.z = term.z.data<float>(), .source = term.source});
    std::vector<double> sums(static_cast<std::size_t>((1 + count) * s.channels));
    Tensor scratch = Tensor::empty({kernels::edge_mix_sums_scratch(s, count, kernel_terms.data())});
    kernels::edge_mix_sums(s, count, kernel_terms.data(), v_.dy().data<float>(), sums.data(),
                           scratch.mutable_data<float>());
    return sums;
  }

  void add_weight_grad(const MixedBranch& branch, double gradient) {
    if (!dweights_.empty()) dweights_[static_cast<std::size_t>(branch.weight)] += gradient;
  }
  bool wanted(std::size_t b) const {
    const int begin = weight_inputs_[b], end = begin + kBlockInputs * static_cast<int>(edge_.branches[b].blocks.size());
    bool any = v_.needs(x_input_);
    for (int i = begin; i < end; ++i) any = any || v_.needs(i);
    return any;
  }

  void add_branch(std::size_t b, const RawBranch& raw, Coefficients coefficients, FirstBlocks& first) {
    const MixedBranch& branch = edge_.branches[b];
    Tensor gradient = v_.dy();
    for (std::size_t k = raw.size(); k-- > 1;) {
      const auto [du, sums] = block_backward(branch, k, raw, weight_inputs_[b] + kBlockInputs * static_cast<int>(k),
                                             gradient, coefficients);
      gradient = du;
      coefficients = Coefficients(raw[k - 1], 1, m_, in_.channels, sums.data(), sums.data() + in_.channels);
    }
    if (!branch.blocks.empty()) add_norm_grads(weight_inputs_[b], coefficients);
    first.branch.push_back(b);
    first.kernel.push_back(with_raw(branch, 0, raw[0]));
    first.gradient.push_back(gradient);
    first.coefficients.push_back(std::move(coefficients));
  }

  void finish(const FirstBlocks& first) {
    const bool dx_wanted = v_.needs(x_input_);
    std::vector<kernels::EdgeBranchGrad> grads;
    std::vector<WeightGrads> weights;
    bool any = dx_wanted && (first.identity || !first.branch.empty());
    for (std::size_t i = 0; i < first.branch.size(); ++i) {
      const MixedBranch& branch = edge_.branches[first.branch[i]];
      const int input = weight_inputs_[first.branch[i]];
      grads.push_back(first.coefficients[i].at(first.gradient[i]));
      const bool own = !branch.blocks.empty() && (v_.needs(input) || v_.needs(input + 1));
      weights.emplace_back(branch.blocks.empty() ? SeparableBlock{} : branch.blocks[0], own, grads.back());
      any = any || own;
    }
    if (!any) return;
    kernels::EdgeInputGrad to;
    Tensor dx;
    if (dx_wanted) {
      if (Tensor* sum = v_.sum_so_far(x_input_)) {
        to.dx = sum->mutable_data<float>(), to.add = true;
      } else {
        dx = Tensor::empty(edge_.x.shape());
        to.dx = dx.mutable_data<float>();
      }
      if (first.identity) to.skip = v_.dy().data<float>(), to.skip_weight = static_cast<float>(first.skip_weight);
    }
    run(in_, first.kernel, grads, to);
    if (dx.defined()) v_.add(x_input_, dx);
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (weights[i].depthwise.defined()) {
        v_.add(weight_inputs_[first.branch[i]], weights[i].depthwise);
        v_.add(weight_inputs_[first.branch[i]] + 1, weights[i].pointwise);
      }
  }

  void add_norm_grads(int block, const Coefficients& c) {
    const Shape channels{in_.channels};
    if (v_.needs(block + 2)) v_.add(block + 2, Tensor::from(channels, c.dgamma));
    if (v_.needs(block + 3)) v_.add(block + 3, Tensor::from(channels, c.dbeta));
  }

  struct BlockInput {
    Tensor gradient;           // of the batch norm's output that the block read
    std::vector<double> sums;  // of it, and of it times the norm's input
  };
  BlockInput block_backward(const MixedBranch& branch, std::size_t k, const RawBranch& raw, int weights,
                            const Tensor& gradient, const Coefficients& coefficients) {
    add_norm_grads(weights, coefficients);
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
  int x_input_, inputs_end_;
  kernels::EdgeInput in_;
  double m_;
  std::vector<int> weight_inputs_;  // where a branch's begin
  std::vector<double> dweights_;
};

}  // namespace

int backward(Vjp& v, const MixedEdgeOperands& edge, RawEdge raw, double epsilon, int first) {
  EdgeBackward edge_backward(v, edge, first);
  run_branches(edge, epsilon, raw);
  edge_backward.propagate(raw);
  if (v.needs(first + 2)) v.add(first + 2, Tensor::from(edge.weights.shape(), edge_backward.weight_grads()));
  return edge_backward.inputs_end();
}

}  // namespace nascent::fused
