#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

const Op kReshape{"reshape", "dx = dy in the shape of x"};

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape, Where where) {
  expect_operands(kReshape.name, {&x}, where);
  if (x.elements() != shape.elements())
    broken(kReshape.name,
           "expected a shape of " + std::to_string(x.elements()) + " elements for " + x.shape().text() + ", got " +
               shape.text(),
           where);
  if (x.shape() == shape) return x;
  Tensor y = x.view(shape, where);
  if (!x.detached()) y.set_slot({});  // view() makes a constant for ever; this one is a constant only if not recorded
  return record(kReshape, {x}, y, {.rule = [from = x.shape()](Vjp& v) { v.add(0, reshape(v.dy(), from)); }}, where);
}

}  // namespace nascent
