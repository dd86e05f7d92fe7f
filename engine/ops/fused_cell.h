#pragma once
// The fused run of a mixed node: its raw branch outputs, and backward from them. Internal to engine/ops/mixed_node.cpp.
#include <memory>

#include "engine/autograd/op.h"
#include "engine/ops/mixed_node.h"
#include "kernels/edge_branches.h"
#include "kernels/edge_mix.h"

namespace nascent::fused {

// What a block or a pool leaves: a block's output before the batch norm, and that norm's statistics.
struct Raw {
  Tensor z = {};  // undefined of a pool, and where it is to be computed again
  Tensor mean = {}, variance = {}, rstd = {};
  Tensor gamma = {}, beta = {};  // undefined: 1 and 0
  bool norm = true;              // false: a pool that no batch norm follows

  // The batch norm as one affine map of z: u = z*scale + shift.
  double scale(std::int64_t c) const { return !norm ? 1 : rstd.at(c) * (gamma.defined() ? gamma.at(c) : 1); }
  double shift(std::int64_t c) const { return !norm ? 0 : (beta.defined() ? beta.at(c) : 0) - mean.at(c) * scale(c); }
};
// Of a branch: one of a pool, one a block; none of a skip.
using RawBranch = std::vector<Raw>;
using RawEdge = std::vector<RawBranch>;

// The same as tensors, for the block that reads z.
struct NormAsAffine {
  explicit NormAsAffine(const Raw& raw);
  Tensor scale, shift;
};

// A summand of the mix: weight * (norm of z, or z itself where raw is null); of a pool, z is what it reads.
struct MixTermOf {
  double weight;
  const Raw* raw;
  Tensor z;
  kernels::MixSource source = kernels::MixSource::tensor;
};
std::vector<MixTermOf> mix_terms(const MixedEdgeOperands& edge, const RawEdge& raw);

kernels::EdgeInput kernel_input(const Tensor& x, std::int64_t stride);
kernels::EdgeBranch kernel_branch(const MixedBranch& branch, std::size_t block);
kernels::MixShape mix_shape(const MixedEdgeOperands& edge, const Tensor& y);

// What the branches will leave: nothing yet.
RawEdge raw_edge(const MixedEdgeOperands& edge);
// Computes whatever z or statistics are missing: the same bits as the first time. All that reads x runs together, so
// that x is passed over once.
void run_branches(const MixedEdgeOperands& edge, double epsilon, RawEdge& raw);
// Lets go of the z that going backward computes again.
void forget(Recompute what, RawEdge& raw);
// y (+)= the mix of the edge's last raw outputs.
void mix(const MixedEdgeOperands& edge, const RawEdge& raw, bool add, Tensor& y);

// Inputs in the order in which record() gets them: an edge's x, skip, weights, then depthwise, pointwise, gamma
// and beta of its blocks.
std::vector<Tensor> operands(std::span<const MixedEdgeOperands> edges);
// Adds the gradients of an edge's operands that are needed; the first of them is input `first`. Returns the next edge's
// first.
int backward(Vjp& v, const MixedEdgeOperands& edge, RawEdge raw, double epsilon, int first);

}  // namespace nascent::fused
