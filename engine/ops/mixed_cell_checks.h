#pragma once
// What a mixed node asks of its edges, fused or in ops.
#include "engine/ops/mixed_node.h"

namespace nascent {

Shape mixed_edge_output(const MixedEdgeOperands& edge);
void expect_mixed_edges(std::span<const MixedEdgeOperands> edges, const Where& where);

}  // namespace nascent
