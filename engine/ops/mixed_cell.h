#pragma once
// A cell of mixed edges as one op: every node is
//   y = sum over the edges into it, over their branches of weights[branch] * branch(x),
// x the state an edge leaves, each branch ending in a batch norm. Without weights it is the sum: a cell of the network
// that a search derives. In f32 it runs fused (kernels/edge_branches.h, kernels/edge_mix.h): of a branch memory keeps
// only the raw output before its batch norm, or nothing at all where it is computed again, as pools always are; and all
// edges that leave a state run together, so that both ways it is passed over once for all of them. The same in plain
// ops is mixed_cell_in_ops: the readable version, the oracle, and what f64 and gradients of gradients run.
#include <cstdint>
#include <span>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

// ReLU - depthwise - 1x1 - batch norm, all padded to "same".
struct SeparableBlock {
  Tensor depthwise;  // [k, k, channels], k odd
  Tensor pointwise;  // [1, 1, channels, channels]
  std::int64_t dilation = 1;
  Tensor gamma = {}, beta = {};  // [channels], of the batch norm; undefined: 1 and 0
};

struct MixedBranch {
  enum class Kind : std::uint8_t { skip, max_pool, avg_pool, separable };  // pools: 3 x 3, then batch norm
  Kind kind = Kind::skip;
  bool pool_norm = true;                    // pools: whether a batch norm (without gamma and beta) follows
  std::int64_t weight = 0;                  // which of the edge's weights is this branch's
  std::vector<SeparableBlock> blocks = {};  // separable: one, or two of which the first takes the stride
};

// States are numbered: the cell's inputs, then its nodes. An edge leads from a state to a node behind it.
struct MixedEdgeOperands {
  int source = 0, target = 1;
  Tensor weights = {};  // [operations]; one without a branch (`none`) contributes nothing. Undefined: all are 1
  std::int64_t stride = 1;
  std::vector<MixedBranch> branches = {};
  Tensor skip = {};  // what a skip branch adds where that is not the source: a tensor of the target's shape
};

struct BatchStatistics {
  Tensor mean, variance;  // [channels], biased; constants to every tape
};

// Which raw outputs of blocks are not kept but computed again going backward, with the same bits: none; those of the
// first of two blocks; or all.
enum class Recompute : std::uint8_t { nothing, first_blocks, branches };

struct MixedCellOptions {
  double epsilon = 1e-5;
  Recompute recompute = Recompute::nothing;
};

struct MixedCell {
  std::vector<Tensor> nodes;
  std::vector<BatchStatistics> statistics;  // of every batch norm: by edge, branch, block
};

// inputs [batch, height, width, channels], of one number of channels; edges in order of their targets.
MixedCell mixed_cell(std::span<const Tensor> inputs, std::span<const MixedEdgeOperands> edges,
                     MixedCellOptions options = {}, Where where = Where::current());
MixedCell mixed_cell_in_ops(std::span<const Tensor> inputs, std::span<const MixedEdgeOperands> edges,
                            MixedCellOptions options = {}, Where where = Where::current());

}  // namespace nascent
