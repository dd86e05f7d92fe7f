#pragma once
// What a mixed cell asks of its edges, fused or in ops.
#include "engine/ops/mixed_cell.h"

namespace nascent {

Shape mixed_edge_output(const Shape& source, const MixedEdgeOperands& edge);
// Returns the shapes of all states: the inputs', then the nodes'.
std::vector<Shape> expect_mixed_cell(std::span<const Tensor> inputs, std::span<const MixedEdgeOperands> edges,
                                     const Where& where);

}  // namespace nascent
