#pragma once
#include <functional>

#include "engine/autograd/op.h"

namespace nascent {

// For the rule of a fused op whose gradient will be differentiated again: computes the op's outputs anew by `plain`, in
// ordinary ops on the same tape, and goes back through those. `inputs` as record() got them.
void backward_in_ops(Vjp& v, const std::vector<Tensor>& inputs, const std::function<std::vector<Tensor>()>& plain,
                     const Where& where);

}  // namespace nascent
