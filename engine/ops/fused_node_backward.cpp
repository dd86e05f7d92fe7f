// With w a branch's weight, xhat = (z - mean)*rstd and m values a channel, dL/dz behind the batch norm is
//   w*gamma*rstd*(dy - S1/m - xhat*S2/m),   S1 = sum(dy),  S2 = sum(dy*xhat) = rstd*(sum(dy*z) - mean*S1):
// an affine map of dy and z, handed to the kernels as coefficients. And dgamma = w*S2, dbeta = w*S1,
// dL/dw = sum over channels of gamma*S2 + beta*S1.
#include "engine/ops/fused_node.h"
#include "engine/ops/ops.h"

namespace nascent::fused {
namespace {

using Kind = MixedBranch::Kind;

struct Coefficients {
  std::vector<float> a, b, d, dgamma, dbeta;
  double weight_grad = 0;

  // sums over batch and pixels of the gradient and of the gradient times z, a channel each.
  Coefficients(const Raw& raw, double weight, double m, const double* sum, const double* sum_z) {
    for (std::int64_t c = 0; c < raw.mean.elements(); ++c) {
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
  b.z = const_cast<float*>(raw.z.data<float>());  // read only, going backward
  b.tap = raw.tap.get();
  return b;
}

// Backward over one edge: from the last blocks to the first, then everything that reads x at once.
class EdgeBackward {
 public:
  EdgeBackward(Vjp& v, const MixedEdgeOperands& edge, int first_input)
      : v_(v), edge_(edge), x_input_(first_input), next_weight_(first_input + 3) {
    in_ = kernel_input(edge.x, edge.stride);
    m_ = static_cast<double>(in_.batch * in_.out_height() * in_.out_width());
  }
  int inputs_end() const { return next_weight_; }

  void add_branch(const MixedBranch& branch, const RawBranch& raw, Coefficients coefficients) {
    const int weights = next_weight_;
    next_weight_ += kBlockInputs * static_cast<int>(branch.blocks.size());
    bool wanted = v_.needs(x_input_);
    for (int i = weights; i < next_weight_; ++i) wanted = wanted || v_.needs(i);
    if (!wanted) return;
    Tensor gradient = v_.dy();
    for (std::size_t k = raw.size(); k-- > 1;) {
      const auto [du, sums] =
          block_backward(branch, k, raw, weights + kBlockInputs * static_cast<int>(k), gradient, coefficients);
      gradient = du;
      coefficients = Coefficients(raw[k - 1], 1, m_, sums.data(), sums.data() + in_.channels);
    }
    if (!branch.blocks.empty()) add_norm_grads(weights, coefficients);
    sources_.push_back(gradient);
    coefficients_.push_back(std::move(coefficients));
    branches_.push_back(with_raw(branch, 0, raw[0]));
    blocks_.push_back(branch.blocks.empty() ? nullptr : &branch.blocks[0]);
    weight_inputs_.push_back(weights);
  }

  // The first blocks and the pools; `skip_weight` of an identity branch.
  void finish(bool identity, double skip_weight) {
    const bool dx_wanted = v_.needs(x_input_);
    std::vector<kernels::EdgeBranchGrad> grads;
    std::vector<WeightGrads> weights;
    bool any = dx_wanted;
    for (std::size_t b = 0; b < branches_.size(); ++b) {
      grads.push_back(coefficients_[b].at(sources_[b]));
      const bool wanted = blocks_[b] && (v_.needs(weight_inputs_[b]) || v_.needs(weight_inputs_[b] + 1));
      weights.emplace_back(blocks_[b] ? *blocks_[b] : SeparableBlock{}, wanted, grads.back());
      any = any || wanted;
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
      if (identity) to.skip = v_.dy().data<float>(), to.skip_weight = static_cast<float>(skip_weight);
    }
    run(in_, branches_, grads, to);
    if (dx.defined()) v_.add(x_input_, dx);
    for (std::size_t b = 0; b < branches_.size(); ++b)
      if (weights[b].depthwise.defined()) {
        v_.add(weight_inputs_[b], weights[b].depthwise);
        v_.add(weight_inputs_[b] + 1, weights[b].pointwise);
      }
  }

 private:
  static constexpr int kBlockInputs = 4;  // depthwise, pointwise, gamma, beta

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
  int x_input_, next_weight_;
  kernels::EdgeInput in_;
  double m_;
  std::vector<Tensor> sources_;
  std::vector<Coefficients> coefficients_;
  std::vector<kernels::EdgeBranch> branches_;
  std::vector<const SeparableBlock*> blocks_;
  std::vector<int> weight_inputs_;
};

}  // namespace

int backward(Vjp& v, const MixedEdgeOperands& edge, RawEdge raw, double epsilon, int first, const Where& where) {
  run_branches(edge, epsilon, raw);
  const std::vector<MixTermOf> terms = mix_terms(edge, raw);
  const int count = static_cast<int>(terms.size());
  const kernels::MixShape s = mix_shape(v.dy());
  const double m = static_cast<double>(s.batch * s.pixels);
  std::vector<kernels::MixTerm> kernel_terms;
  for (const MixTermOf& term : terms) kernel_terms.push_back({term.z.data<float>()});
  std::vector<double> sums(static_cast<std::size_t>((1 + count) * s.channels));
  {
    Tensor scratch = Tensor::empty({kernels::edge_mix_sums_scratch(s, count)});
    kernels::edge_mix_sums(s, count, kernel_terms.data(), v.dy().data<float>(), sums.data(),
                           scratch.mutable_data<float>());
  }
  EdgeBackward edge_backward(v, edge, first);
  std::vector<double> dweights(edge.weights.defined() ? static_cast<std::size_t>(edge.weights.elements()) : 1);
  const auto weight_grad = [&](const MixedBranch& branch, double gradient) {
    if (edge.weights.defined()) dweights[static_cast<std::size_t>(branch.weight)] += gradient;
  };
  double skip_weight = 0;
  bool identity = false;
  for (std::size_t b = 0; b < edge.branches.size(); ++b) {
    const MixedBranch& branch = edge.branches[b];
    const double* sum_z = sums.data() + (1 + b) * static_cast<std::size_t>(s.channels);
    if (branch.kind == Kind::skip) {
      double product = 0;
      for (std::int64_t c = 0; c < s.channels; ++c) product += sum_z[c];
      weight_grad(branch, product);
      if (edge.skip.defined())
        v.add(first + 1, affine(v.dy(), {.factor = terms[b].weight}, where));
      else
        identity = true, skip_weight += terms[b].weight;
      continue;
    }
    Coefficients coefficients(*terms[b].raw, terms[b].weight, m, sums.data(), sum_z);
    weight_grad(branch, coefficients.weight_grad);
    edge_backward.add_branch(branch, raw[b], std::move(coefficients));
  }
  edge_backward.finish(identity, skip_weight);
  if (v.needs(first + 2))
    v.add(first + 2, Tensor::from(edge.weights.shape(), std::vector<float>(dweights.begin(), dweights.end())));
  return edge_backward.inputs_end();
}

}  // namespace nascent::fused
