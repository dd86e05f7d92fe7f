#pragma once
#include "engine/ops/ops.h"

namespace nascent {

// Which axes of a shape a reduction removes, and what remains.
struct ReducedAxes {
  std::array<bool, Shape::kMaxRank> reduced{};
  Shape kept;              // reduced axes have size 1
  Shape result;            // what the caller asked for: as `kept`, or without those axes
  std::int64_t count = 1;  // elements that go into one result
};
// Throws ContractError in the name of `op` for an axis that is not there or is named twice.
ReducedAxes reduced_axes(const char* op, const Shape& shape, const Axes& over, const Where& where);

}  // namespace nascent
