#pragma once
// Derivatives of functions, each on a tape of its own.
#include <functional>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

using ScalarFunction = std::function<Tensor(const std::vector<Tensor>&)>;  // returns a tensor of one element

struct ValueAndGrad {
  Tensor value;
  std::vector<Tensor> gradients;  // one an input
};
ValueAndGrad value_and_grad(const ScalarFunction& f, const std::vector<Tensor>& inputs, Where where = Where::current());

// Hessian-vector product: the gradient of <grad f, v>, exactly, by going backward through the backward pass.
std::vector<Tensor> hvp(const ScalarFunction& f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& v,
                        Where where = Where::current());

}  // namespace nascent
