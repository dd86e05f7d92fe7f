#include "engine/ops/fused_edge_backward.h"

#include <numeric>

#include "engine/ops/ops.h"

namespace nascent::fused {
namespace {

using Kind = MixedBranch::Kind;

// The gradients of a block's weights, where anybody wants them.
struct WeightGrads {
  int input;
  Tensor depthwise = {}, pointwise = {};
  WeightGrads(Vjp& v, const BranchGradient& b, kernels::EdgeBranchGrad& grad) : input(b.inputs()) {
    if (b.branch->blocks.empty() || !(v.needs(input) || v.needs(input + 1))) return;
    const SeparableBlock& block = b.branch->blocks[b.block];
    depthwise = Tensor::empty(block.depthwise.shape());
    pointwise = Tensor::empty(block.pointwise.shape());
    grad.depthwise = depthwise.mutable_data<float>();
    grad.pointwise = pointwise.mutable_data<float>();
  }
  bool wanted() const { return depthwise.defined(); }
  void add_to(Vjp& v) const {
    if (wanted()) v.add(input, depthwise), v.add(input + 1, pointwise);
  }
};

void run(const std::vector<kernels::EdgeGroup>& groups, const std::vector<kernels::EdgeGroupGrad>& grads) {
  each_groups(groups.size(), [&](std::size_t first, int count) {
    Tensor scratch = Tensor::scratch(kernels::edge_branches_scratch(count, &groups[first]));
    kernels::edge_branches_backward(count, &groups[first], &grads[first], scratch.mutable_data<float>());
  });
}

void add_norm_grads(Vjp& v, const BranchGradient& b) {
  const std::span<const float> dgamma = b.coefficients.dgamma(), dbeta = b.coefficients.dbeta();
  const Shape channels{static_cast<std::int64_t>(dgamma.size())};
  if (v.needs(b.inputs() + 2)) v.add(b.inputs() + 2, Tensor::from(channels, dgamma));
  if (v.needs(b.inputs() + 3)) v.add(b.inputs() + 3, Tensor::from(channels, dbeta));
}

// A block that reads another's output behind its batch norm, while what came back goes through it.
class SecondBlock {
 public:
  SecondBlock(Vjp& v, BranchGradient& b)
      : of_(b),
        before_((*b.raw)[b.block - 1]),
        branch_(kernel_branch(*b.branch, b.block)),
        grad_(b.kernel_grad()),
        weights_(v, b, grad_),
        du_(Tensor::empty(before_.z.shape())),
        sums_(Tensor::empty({2, du_.columns()})) {}

  kernels::EdgeGroup group() const { return {normed_input(before_), 1, &branch_}; }
  kernels::EdgeGroupGrad grad() {
    float* sums = sums_.mutable_data<float>();
    return {&grad_, {.dx = du_.mutable_data<float>(), .sum_dx = sums, .sum_dx_x = sums + du_.columns()}};
  }
  void finish(Vjp& v) {
    weights_.add_to(v);
    (*of_.raw)[of_.block--].z = {};
    const auto sums = sums_.array<float>().cast<double>().eval();
    of_.coefficients = Coefficients(before_, 1, du_, sums.data(), sums.data() + du_.columns());
    of_.gradient = du_;
    add_norm_grads(v, of_);
  }

 private:
  BranchGradient& of_;
  const Raw& before_;
  kernels::EdgeBranch branch_;
  kernels::EdgeBranchGrad grad_;
  WeightGrads weights_;
  Tensor du_, sums_;
};

}  // namespace

Coefficients::Coefficients(const Raw& raw, double weight, const Tensor& gradient, const double* sum,
                           const double* sum_z)
    : channels_(static_cast<std::size_t>(gradient.columns())), rows_(5 * channels_) {
  const auto m = static_cast<double>(gradient.rows());
  float *a = rows_.data(), *b = a + channels_, *d = b + channels_, *dgamma = d + channels_, *dbeta = dgamma + channels_;
  for (std::size_t c = 0; c < channels_; ++c) {
    const double scale = weight * raw.scale(c);
    double s2 = 0, along = 0, constant = 0;
    if (raw.norm) {
      const Norm::Channel& of = raw.norm->channels[c];
      s2 = of.rstd * (sum_z[c] - of.mean * sum[c]);
      along = -scale * of.rstd * s2 / m;
      constant = -scale * sum[c] / m - along * of.mean;
    }
    a[c] = static_cast<float>(scale);
    b[c] = static_cast<float>(along);
    d[c] = static_cast<float>(constant);
    dgamma[c] = static_cast<float>(weight * s2);
    dbeta[c] = static_cast<float>(weight * sum[c]);
    weight_grad_ += raw.scale(c) * sum_z[c] + raw.shift(c) * sum[c];
  }
}

EdgeBackward::EdgeBackward(Vjp& v, const MixedEdgeOperands& edge, int first_input, bool dx_wanted, const Tensor& dy)
    : v_(v), edge_(edge), dy_(dy), first_input_(first_input), dx_wanted_(dx_wanted) {
  int input = first_input + kEdgeInputs;
  for (const MixedBranch& branch : edge.branches) {
    weight_inputs_.push_back(input);
    input += kBlockInputs * static_cast<int>(branch.blocks.size());
  }
  if (edge.weights.defined()) dweights_.resize(static_cast<std::size_t>(edge.weights.elements()));
}

void EdgeBackward::propagate(const std::vector<MixTermOf>& terms, const std::vector<double>& sums, RawEdge& raw,
                             FanGradient& fan) {
  const auto channels = static_cast<std::size_t>(dy_.columns());
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
    Coefficients coefficients(*terms[b].raw, terms[b].weight, dy_, sums.data(), sum_z);
    add_weight_grad(branch, coefficients.weight_grad());
    if (!wanted(b)) continue;
    fan.branches.push_back({&branch, &raw[b], weight_inputs_[b], raw[b].size() - 1, dy_, std::move(coefficients)});
    if (!branch.blocks.empty()) add_norm_grads(v_, fan.branches.back());
  }
  if (identity) fan.skips.push_back({dy_.data<float>(), static_cast<float>(skip_weight)});
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

void second_blocks_backward(Vjp& v, std::vector<BranchGradient>& branches) {
  for (;;) {
    std::vector<SecondBlock> blocks;
    for (BranchGradient& b : branches)
      if (b.block > 0) blocks.emplace_back(v, b);
    if (blocks.empty()) return;
    std::vector<kernels::EdgeGroup> groups;
    std::vector<kernels::EdgeGroupGrad> grads;
    for (SecondBlock& b : blocks) groups.push_back(b.group()), grads.push_back(b.grad());
    run(groups, grads);
    for (SecondBlock& b : blocks) b.finish(v);
  }
}

void first_blocks_backward(Vjp& v, const Tensor& source, std::int64_t stride, const FanGradient& fan, Tensor* dx,
                           bool add) {
  std::vector<kernels::EdgeBranch> branches;
  std::vector<kernels::EdgeBranchGrad> grads;
  std::vector<WeightGrads> weights;
  bool any = dx;
  for (const BranchGradient& b : fan.branches) {
    branches.push_back(kernel_branch(*b.branch, b.block));
    grads.push_back(b.kernel_grad());
    weights.emplace_back(v, b, grads.back());
    any = any || weights.back().wanted();
  }
  if (!any) return;
  kernels::EdgeInputGrad to;
  if (dx)
    to = {.dx = dx->mutable_data<float>(),
          .add = add,
          .skips = static_cast<int>(fan.skips.size()),
          .skip = fan.skips.data()};
  run({{kernel_input(source, stride), static_cast<int>(branches.size()), branches.data()}}, {{grads.data(), to}});
  for (const WeightGrads& w : weights) w.add_to(v);
}

}  // namespace nascent::fused
