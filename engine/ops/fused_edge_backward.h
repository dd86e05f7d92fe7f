// With w a branch's weight, xhat = (z - mean)*rstd and m values a channel, dL/dz behind the batch norm is
//   w*gamma*rstd*(dy - S1/m - xhat*S2/m),   S1 = sum(dy),  S2 = sum(dy*xhat) = rstd*(sum(dy*z) - mean*S1):
// an affine map of dy and z, handed to the kernels as coefficients. And dgamma = w*S2, dbeta = w*S1,
// dL/dw = sum over channels of gamma*S2 + beta*S1.
// Internal to engine/ops/fused_cell_backward.cpp.
#pragma once
#include "engine/ops/fused_cell.h"

namespace nascent::fused {

// An edge's operands among record()'s inputs: skip, weights; then of every block depthwise, pointwise, gamma, beta.
inline constexpr int kEdgeInputs = 2, kBlockInputs = 4;

// What a fan's branches get back is an affine map of dy and z, channel by channel: dz = a*dy + b*z + d.
class Coefficients {
 public:
  // sums over batch and pixels of the gradient, which comes with `weight`, and of the gradient times z, a channel each.
  Coefficients(const Raw& raw, double weight, const Tensor& gradient, const double* sum, const double* sum_z);
  // z: undefined of a pool.
  kernels::EdgeBranchGrad at(const Tensor& dy, const Tensor& z) const {
    return {dy.data<float>(), z.defined() ? z.data<float>() : nullptr, row(0), row(1), row(2)};
  }
  std::span<const float> dgamma() const { return {row(3), channels_}; }
  std::span<const float> dbeta() const { return {row(4), channels_}; }
  double weight_grad() const { return weight_grad_; }

 private:
  const float* row(std::size_t i) const { return rows_.data() + i * channels_; }
  std::size_t channels_;
  std::vector<float> rows_;  // [5][channels]: a, b, d, dgamma, dbeta
  double weight_grad_ = 0;
};

// How far back what came to a branch has been brought: to behind the batch norm of one of its blocks, or of its pool.
struct BranchGradient {
  const MixedBranch* branch;
  RawBranch* raw;
  int weights;        // where the gradients of its weights go: the first of kBlockInputs inputs a block
  std::size_t block;  // from the last to 0, which reads the fan's source
  Tensor gradient;
  Coefficients coefficients;

  kernels::EdgeBranchGrad kernel_grad() const { return coefficients.at(gradient, (*raw)[block].z); }
  int inputs() const { return weights + kBlockInputs * static_cast<int>(block); }
};
// What comes back to a fan.
struct FanGradient {
  std::vector<BranchGradient> branches;
  std::vector<kernels::EdgeSkip> skips;
};

// The part of an edge that is its own: the gradients of its weights, and what its branches get.
class EdgeBackward {
 public:
  // first_input: of its operands among record()'s. dx_wanted: of its source.
  EdgeBackward(Vjp& v, const MixedEdgeOperands& edge, int first_input, bool dx_wanted, const Tensor& dy);
  // `sums` of dy, and of dy times each term: [1 + terms, channels].
  void propagate(const std::vector<MixTermOf>& terms, const std::vector<double>& sums, RawEdge& raw, FanGradient& fan);

 private:
  void add_weight_grad(const MixedBranch& branch, double gradient);
  bool wanted(std::size_t branch) const;

  Vjp& v_;
  const MixedEdgeOperands& edge_;
  const Tensor& dy_;
  int first_input_;
  bool dx_wanted_;
  std::vector<int> weight_inputs_;  // where a branch's begin
  std::vector<double> dweights_;
};

// Brings all branches back to their first block. Lets go of a second block's raw output when it was read for the last
// time.
void second_blocks_backward(Vjp& v, std::vector<BranchGradient>& branches);
// What reads a fan's source, in one pass: dx (+)= its gradient, where dx is not null, and the gradients of weights.
void first_blocks_backward(Vjp& v, const Tensor& source, std::int64_t stride, const FanGradient& fan, Tensor* dx,
                           bool add);

}  // namespace nascent::fused
