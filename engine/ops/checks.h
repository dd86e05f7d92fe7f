#pragma once
// Contract checks the ops share. Each throws ContractError naming the op and the caller's line.
#include <initializer_list>
#include <span>
#include <string>

#include "engine/tensor/tensor.h"

namespace nascent {

[[noreturn]] inline void broken(const char* op, const std::string& what, const Where& where) {
  throw ContractError(op, what, where);
}

// All operands are defined and hold one element type.
inline void expect_operands(const char* op, std::span<const Tensor* const> operands, const Where& where) {
  for (const Tensor* t : operands) {
    if (!t->defined()) broken(op, "expected tensors, got an undefined one", where);
    if (t->dtype() != operands[0]->dtype())
      broken(op,
             std::string("expected one element type, got ") + name(operands[0]->dtype()) + " with " + name(t->dtype()) +
                 "; cast() one of them",
             where);
  }
}
inline void expect_operands(const char* op, std::initializer_list<const Tensor*> operands, const Where& where) {
  expect_operands(op, std::span(operands.begin(), operands.size()), where);
}

inline void expect_rank(const char* op, const char* argument, const Tensor& t, int rank, const Where& where) {
  if (t.shape().rank() != rank)
    broken(op, std::string("expected ") + argument + " with " + std::to_string(rank) + " axes, got " + t.shape().text(),
           where);
}

// The axis counted from the front; a negative one counts from the end.
inline int checked_axis(const char* op, int axis, const Shape& shape, const Where& where) {
  if (axis < -shape.rank() || axis >= shape.rank())
    broken(op, "expected an axis of " + shape.text() + ", got " + std::to_string(axis), where);
  return axis < 0 ? axis + shape.rank() : axis;
}

}  // namespace nascent
