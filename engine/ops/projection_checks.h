#pragma once
#include "engine/ops/projection.h"

namespace nascent {

// Of a head: [batch, height, width, outputs].
Shape projection_output(const ProjectionOperands& operands, const ProjectionHead& head);
// ContractError "[projection] expected ..., got ..." where the operands do not fit each other.
void expect_projection(const ProjectionOperands& operands, const Where& where);

}  // namespace nascent
