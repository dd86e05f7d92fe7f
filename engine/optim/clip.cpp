#include "engine/optim/clip.h"

#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/optim/parameters.h"
#include "kernels/parallel.h"

namespace nascent {

double grad_norm(const Gradients& gradients, std::span<const Tensor> parameters) {
  std::vector<double> squares(parameters.size());
  kernels::parallel_chunks(static_cast<std::int64_t>(parameters.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    if (const Tensor* g = gradients.find(parameters[at]))
      squares[at] = visit(g->dtype(),
                          [&](auto zero) { return g->array<decltype(zero)>().template cast<double>().square().sum(); });
  });
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.));
}

double clip_grad_norm(Gradients& gradients, std::span<const Tensor> parameters, double max_norm, Where where) {
  expect_option("clip_grad_norm", "a norm", max_norm, 0, INFINITY, where);
  const double norm = grad_norm(gradients, parameters);
  const double coefficient = max_norm / (norm + 1e-6);
  if (!(coefficient < 1)) return norm;
  std::vector<std::pair<Tensor, Tensor*>> scaled;
  for (const Tensor& p : parameters)
    if (Tensor* g = gradients.find(p))
      // Others may hold this gradient too (a seed, another parameter's gradient): they keep theirs unscaled.
      scaled.emplace_back(g->sole_owner() ? *g : Tensor::empty(g->shape(), g->dtype()), g);
  kernels::parallel_chunks(static_cast<std::int64_t>(scaled.size()), [&](std::int64_t i) {
    auto& [to, g] = scaled[static_cast<std::size_t>(i)];
    visit(g->dtype(), [&](auto zero) {
      using T = decltype(zero);
      to.template mutable_array<T>() = g->template array<T>() * static_cast<T>(coefficient);
    });
    *g = to;
  });
  return norm;
}

}  // namespace nascent
