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
  // sums over batch and pixels of the gradient and of the gradient times z, a channel each.
  Coefficients(const Raw& raw, double weight, double m, std::int64_t channels, const double* sum, const double* sum_z);
  kernels::EdgeBranchGrad at(const Tensor& dy) const { return {dy.data<float>(), row(0), row(1), row(2)}; }
  std::span<const float> dgamma() const { return {row(3), channels_}; }
  std::span<const float> dbeta() const { return {row(4), channels_}; }
  double weight_grad() const { return weight_grad_; }

 private:
  const float* row(std::size_t i) const { return rows_.data() + i * channels_; }
  std::size_t channels_;
  std::vector<float> rows_;  // [5][channels]: a, b, d, dgamma, dbeta
  double weight_grad_ = 0;
};

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

// Backward over one edge, from its last blocks to those that read its source, which are left to the fan.
class EdgeBackward {
 public:
  // first_input: of its operands among record()'s. dx_wanted: of its source.
  EdgeBackward(Vjp& v, const MixedEdgeOperands& edge, int first_input, bool dx_wanted, const Tensor& dy);
  // `sums` of dy, and of dy times each term: [1 + terms, channels]. Lets go of a second block's raw output when it was
  // read for the last time.
  void propagate(const std::vector<MixTermOf>& terms, const std::vector<double>& sums, RawEdge& raw,
                 FirstBlocks& first);

 private:
  struct BlockInput {
    Tensor gradient;           // of the batch norm's output that the block read
    std::vector<double> sums;  // of it, and of it times the norm's input
  };
  void add_weight_grad(const MixedBranch& branch, double gradient);
  bool wanted(std::size_t branch) const;
  void add_branch(std::size_t b, RawBranch& raw, Coefficients coefficients, FirstBlocks& first);
  BlockInput block_backward(const MixedBranch& branch, std::size_t k, const RawBranch& raw, int weights,
                            const Tensor& gradient, const Coefficients& coefficients);

  Vjp& v_;
  const MixedEdgeOperands& edge_;
  const Tensor& dy_;
  int first_input_;
  bool dx_wanted_;
  double m_;  // values a channel
  std::int64_t channels_;
  std::vector<int> weight_inputs_;  // where a branch's begin
  std::vector<double> dweights_;
};

// What reads a fan's source, in one pass: dx (+)= its gradient, where dx is not null, and the gradients of weights.
void first_blocks_backward(Vjp& v, const Tensor& source, std::int64_t stride, const FirstBlocks& first, Tensor* dx,
                           bool add);

}  // namespace nascent::fused
