#pragma once
// The fused run of a mixed cell: its raw branch outputs, and backward from them. Internal to engine/ops/mixed_cell.cpp.
#include <algorithm>
#include <memory>

#include "engine/autograd/op.h"
#include "engine/ops/mixed_cell.h"
#include "kernels/edge_branches.h"
#include "kernels/edge_mix.h"

namespace nascent::fused {

// A batch norm whose statistics are known, as the affine map of z it is: u = z*scale + shift, channel by channel, with
// scale = gamma/sqrt(variance + epsilon), shift = beta - mean*scale.
struct Norm {
  // All [channels]; the variance is the biased one; gamma, beta: undefined are 1 and 0.
  Norm(Tensor mean, Tensor variance, const Tensor& gamma, const Tensor& beta, double epsilon);
  struct Channel {
    double mean, rstd, scale, shift;
  };
  Tensor mean, variance;
  std::vector<Channel> channels;
  std::vector<float> for_kernel;  // [2][channels], scales and shifts: for the block that reads z

  const float* scales() const { return for_kernel.data(); }
  const float* shifts() const { return for_kernel.data() + channels.size(); }
};

// What a block or a pool leaves: a block's output before the batch norm, and that norm.
struct Raw {
  Tensor z = {};  // undefined of a pool, and where the tape keeps it or it is to be computed again
  std::shared_ptr<const Norm> norm = {};  // null: a pool that none follows, or its statistics are not known yet
  Tensor gamma = {}, beta = {};           // of that norm; undefined: 1 and 0
  int saved = -1;                         // where the tape keeps z until going backward

  double scale(std::size_t c) const { return norm ? norm->channels[c].scale : 1; }
  double shift(std::size_t c) const { return norm ? norm->channels[c].shift : 0; }
};
// Of a branch: one of a pool, one a block; none of a skip.
using RawBranch = std::vector<Raw>;
using RawEdge = std::vector<RawBranch>;

// The edges of a cell that leave one state with one stride: what reads it runs together, both ways.
struct Fan {
  int source = 0;
  std::int64_t stride = 1;
  std::vector<std::size_t> edges = {};
};
// In order of their sources, so that a fan's source is whole when its turn comes; backward the other way round.
std::vector<Fan> fans(std::span<const MixedEdgeOperands> edges);

// A cell as its op keeps it: the operands, all states, and what the branches left.
struct Cell {
  std::vector<MixedEdgeOperands> edges;
  std::vector<Tensor> states;
  std::vector<RawEdge> raw;
  std::size_t inputs = 0;
  double epsilon = 0;

  const Tensor& source(std::size_t edge) const { return states[static_cast<std::size_t>(edges[edge].source)]; }
};

// A summand of the mix: weight * (norm of z, or z itself where raw is null); of a pool, z is what it reads.
struct MixTermOf {
  double weight;
  const Raw* raw;
  Tensor z;
  kernels::MixSource source = kernels::MixSource::tensor;
};
std::vector<MixTermOf> mix_terms(const MixedEdgeOperands& edge, const Tensor& source, const RawEdge& raw);

kernels::EdgeInput kernel_input(const Tensor& x, std::int64_t stride);
kernels::EdgeInput normed_input(const Raw& raw);  // a block's output behind its norm
kernels::EdgeBranch kernel_branch(const MixedBranch& branch, std::size_t block);
// Calls the kernel with as many groups as it takes at a time: body(first, count).
template <class Body>
void each_groups(std::size_t groups, const Body& body) {
  for (std::size_t first = 0; first < groups; first += kernels::kMaxGroups)
    body(first, static_cast<int>(std::min<std::size_t>(groups - first, kernels::kMaxGroups)));
}
kernels::MixShape mix_shape(const Tensor& source, std::int64_t stride, const Tensor& y);

// What the branches will leave: nothing yet.
RawEdge raw_edge(const MixedEdgeOperands& edge);
// Computes whatever z or statistics of a fan are missing: the same bits as the first time. First what reads its source;
// then the second blocks of these of its edges.
void run_first_blocks(const Cell& cell, const Fan& fan, std::vector<RawEdge>& raw);
void run_second_blocks(const Cell& cell, std::span<const std::size_t> edges, std::vector<RawEdge>& raw);
// Lets go of the z that going backward computes again.
void forget(Recompute what, RawEdge& raw);
// Adds the mixes of a fan's last raw outputs to their nodes; a node not defined yet is made, of its shape.
void mix(Cell& cell, const Fan& fan, const std::vector<Shape>& shapes);

// Inputs in the order in which record() gets them: the cell's inputs; then of every edge skip, weights, and depthwise,
// pointwise, gamma and beta of its blocks.
std::vector<Tensor> operands(const Cell& cell);
// Adds the gradients of the operands that are needed.
void backward(Vjp& v, const Cell& cell);

}  // namespace nascent::fused
