#pragma once
// ReLU, 1x1 convolution and batch norm of tensors side by side along the channels as one op: what brings cells their
// inputs. All who read the same tensors are its heads: one pass over the parts and over their gradients serves them
// all. In f32 it runs fused (kernels/projection.h), keeps its parts and its outputs and nothing in between. The same
// in plain ops is projection_in_ops: the readable version, the oracle, and what f64 and gradients of gradients run.
#include <span>
#include <vector>

#include "engine/ops/mixed_cell.h"

namespace nascent {

struct ProjectionHead {
  // One [1, 1, channels of all parts, outputs]; or two, a factorized reduce: side by side, at stride 2, the second
  // reads one pixel down and right, where the image ends zeros.
  std::vector<Tensor> weights;
  Tensor gamma = {}, beta = {};  // [outputs]; undefined: 1 and 0
};

struct ProjectionOperands {
  std::vector<Tensor> parts;          // [batch, height, width, channels], equal but for the channels
  std::vector<ProjectionHead> heads;  // all with one weight, or all with two
};

struct Projected {
  Tensor y;
  BatchStatistics statistics;
};

struct ProjectionOptions {
  double epsilon = 1e-5;
};

// What every head makes of the parts.
std::vector<Projected> projection(const ProjectionOperands& operands, ProjectionOptions options = {},
                                  Where where = Where::current());
std::vector<Projected> projection_in_ops(const ProjectionOperands& operands, ProjectionOptions options = {},
                                         Where where = Where::current());

}  // namespace nascent
