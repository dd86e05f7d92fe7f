#pragma once
#include <span>

#include "engine/autograd/gradients.h"

namespace nascent {

// The L2 norm of all gradients of these parameters taken as one vector, summed in double and in the order given.
// Parameters without a gradient count as 0. Here and below every parameter is there once: they are read and scaled
// side by side.
double grad_norm(const Gradients& gradients, std::span<const Tensor> parameters);

// Scales those gradients by max_norm / (norm + 1e-6) when that is below 1 (PyTorch's rule), so that their joint norm is
// at most max_norm. Returns the norm before. A norm that is not a number scales nothing: the caller sees it and
// decides.
double clip_grad_norm(Gradients& gradients, std::span<const Tensor> parameters, double max_norm,
                      Where where = Where::current());

}  // namespace nascent
