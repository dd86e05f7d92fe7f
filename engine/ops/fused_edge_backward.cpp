#include "engine/ops/fused_edge_backward.h"

#include <numeric>

#include "engine/ops/ops.h"

namespace nascent::fused {
namespace {

using Kind = MixedBranch::Kind;

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

void add_norm_grads(Vjp& v, int block, const Coefficients& c) {
  const Shape channels{static_cast<std::int64_t>(c.dgamma().size())};
  if (v.needs(block + 2)) v.add(block + 2, Tensor::from(channels, c.dgamma()));
  if (v.needs(block + 3)) v.add(block + 3, Tensor::from(channels, c.dbeta()));
}

}  // namespace

Coefficients::Coefficients(const Raw& raw, double weight, double m, std::int64_t channels, const double* sum,
                           const double* sum_z)
    : channels_(static_cast<std::size_t>(channels)), rows_(5 * channels_) {
  float *a = rows_.data(), *b = a + channels, *d = b + channels, *dgamma = d + channels, *dbeta = dgamma + channels;
  for (std::int64_t c = 0; c < channels; ++c) {
    const double scale = weight * raw.scale(c), mu = raw.norm ? raw.mean.at(c) : 0;
    const double s2 = raw.norm ? raw.rstd.at(c) * (sum_z[c] - mu * sum[c]) : 0;
    const double along = raw.norm ? -scale * raw.rstd.at(c) * s2 / m : 0;
    a[c] = static_cast<float>(scale);
    b[c] = static_cast<float>(along);
    d[c] = raw.norm ? static_cast<float>(-scale * sum[c] / m - along * mu) : 0;
    dgamma[c] = static_cast<float>(weight * s2);
    dbeta[c] = static_cast<float>(weight * sum[c]);
    weight_grad_ += raw.scale(c) * sum_z[c] + raw.shift(c) * sum[c];
  }
}

EdgeBackward::EdgeBackward(Vjp& v, const MixedEdgeOperands& edge, int first_input, bool dx_wanted, const Tensor& dy)
    : v_(v), edge_(edge), dy_(dy), first_input_(first_input), dx_wanted_(dx_wanted) {
  m_ = static_cast<double>(dy.elements() / dy.shape()[3]);
  channels_ = dy.shape()[3];
  int input = first_input + kEdgeInputs;
  for (const MixedBranch& branch : edge.branches) {
    weight_inputs_.push_back(input);
    input += kBlockInputs * static_cast<int>(branch.blocks.size());
  }
  if (edge.weights.defined()) dweights_.resize(static_cast<std::size_t>(edge.weights.elements()));
}

void EdgeBackward::propagate(const std::vector<MixTermOf>& terms, const std::vector<double>& sums, RawEdge& raw,
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
    add_weight_grad(branch, coefficients.weight_grad());
    if (wanted(b)) add_branch(b, raw[b], std::move(coefficients), first);
  }
  if (identity) first.skips.push_back({dy_.data<float>(), static_cast<float>(skip_weight)});
  if (v_.needs(first_input_ + 1))
    v_.add(first_input_ + 1,
           Tensor::from(edge_.weights.shape(), std::vector<float>(dweights_.begin(), dweights_.end())));
}

void EdgeBackward::add_weight_grad(const MixedBranch& branch, double gradient) {
  if (!dweights_.empty()) dweights_[static_cast<std::size_t>(branch.weight)] += gradient;
}

bool EdgeBackward::wanted(std::size_t b) const {
  const int begin = weight_inputs_[b], end = begin + kBlockInputs * static_cast<int>(edge_.branches[b].blocks.size());
  bool any = dx_wanted_;
  for (int i = begin; i < end; ++i) any = any || v_.needs(i);
  return any;
}

void EdgeBackward::add_branch(std::size_t b, RawBranch& raw, Coefficients coefficients, FirstBlocks& first) {
  const MixedBranch& branch = edge_.branches[b];
  Tensor gradient = dy_;
  for (std::size_t k = raw.size(); k-- > 1;) {
    const auto [du, sums] =
        block_backward(branch, k, raw, weight_inputs_[b] + kBlockInputs * static_cast<int>(k), gradient, coefficients);
    gradient = du;
    raw[k].z = {};
    coefficients = Coefficients(raw[k - 1], 1, m_, channels_, sums.data(), sums.data() + channels_);
  }
  if (!branch.blocks.empty()) add_norm_grads(v_, weight_inputs_[b], coefficients);
  first.blocks.push_back({branch.blocks.empty() ? nullptr : branch.blocks.data(), weight_inputs_[b],
                          with_raw(branch, 0, raw[0]), gradient, std::move(coefficients)});
}

EdgeBackward::BlockInput EdgeBackward::block_backward(const MixedBranch& branch, std::size_t k, const RawBranch& raw,
                                                      int weights, const Tensor& gradient,
                                                      const Coefficients& coefficients) {
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

void first_blocks_backward(Vjp& v, const Tensor& source, std::int64_t stride, const FirstBlocks& first, Tensor* dx,
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

}  // namespace nascent::fused
