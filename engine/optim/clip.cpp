#include "engine/optim/clip.h"

#include <cmath>

#include "engine/optim/parameters.h"
#include "kernels/elementwise.h"

namespace nascent {

double grad_norm(const Gradients& gradients, std::span<const Tensor> parameters) {
  double squares = 0;
  for (const Tensor& p : parameters)
    if (const Tensor* g = gradients.find(p))
      squares += visit(g->dtype(),
                       [&](auto zero) { return g->array<decltype(zero)>().template cast<double>().square().sum(); });
  return std::sqrt(squares);
}

double clip_grad_norm(Gradients& gradients, std::span<const Tensor> parameters, double max_norm, Where where) {
  expect_option("clip_grad_norm", "a norm", max_norm, 0, INFINITY, where);
  const double norm = grad_norm(gradients, parameters);
  const double coefficient = max_norm / (norm + 1e-6);
  if (!(coefficient < 1)) return norm;
  for (const Tensor& p : parameters)
    if (Tensor* g = gradients.find(p)) {
      // Others may hold this gradient too (a seed, another parameter's gradient): they keep theirs unscaled.
      Tensor scaled = g->sole_owner() ? *g : Tensor::empty(g->shape(), g->dtype());
      visit(g->dtype(), [&](auto zero) {
        using T = decltype(zero);
        kernels::affine(g->elements(), g->data<T>(), static_cast<T>(coefficient), T{0}, scaled.mutable_data<T>());
      });
      *g = scaled;
    }
  return norm;
}

}  // namespace nascent
