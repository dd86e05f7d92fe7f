#pragma once
// Two losses quadratic in weights and alphas, whose hypergradient is known in closed form:
//   L(w, a) = w A w'/2 + w B a' + a C a'/2 + w p' + a q'    (rows of numbers; A and C symmetric)
// The weights are two tensors and the alphas two, so that joint norms and pairings are tested too. A buffer counts the
// forward passes, as running statistics would.
#include <functional>
#include <vector>

#include "engine/ops/ops.h"
#include "nas/search/hypergradient.h"
#include "tests/support/integers.h"

namespace nascent::test {

using Row = Eigen::Matrix<double, 1, Eigen::Dynamic, Eigen::RowMajor>;
using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
  return Tensor::from(shape, std::span<const double>(reals<double>(shape.elements(), seed)));
}

inline Row joined(const std::vector<Tensor>& parts) {
  Row row(0);
  for (const Tensor& part : parts) {
    row.conservativeResize(row.size() + part.elements());
    row.tail(part.elements()) = part.matrix<double>();
  }
  return row;
}

struct Quadratic {
  static constexpr std::int64_t weights = 7, alphas = 5;
  explicit Quadratic(std::uint64_t seed)
      : a(symmetric(weights, seed)),
        b(random_tensor({weights, alphas}, seed + 1)),
        c(symmetric(alphas, seed + 2)),
        p(random_tensor({1, weights}, seed + 3)),
        q(random_tensor({1, alphas}, seed + 4)) {}

  Tensor loss(const std::vector<Tensor>& weight_parts, const std::vector<Tensor>& alpha_parts) const {
    const Tensor w = concat(weight_parts), x = concat(alpha_parts);
    return 0.5 * dot(matmul(w, a), w) + dot(matmul(w, b), x) + 0.5 * dot(matmul(x, c), x) + dot(w, p) + dot(x, q);
  }
  Row weight_gradient(const Row& w, const Row& x) const {
    return w * a.matrix<double>() + x * b.matrix<double>().transpose() + p.matrix<double>();
  }
  Row alpha_gradient(const Row& w, const Row& x) const {
    return w * b.matrix<double>() + x * c.matrix<double>() + q.matrix<double>();
  }

  Tensor a, b, c, p, q;

 private:
  static Tensor symmetric(std::int64_t n, std::uint64_t seed) {
    Tensor m = random_tensor({n, n}, seed);
    const Square values = m.matrix<double>();
    m.mutable_matrix<double>() = (values + values.transpose()) / 2;
    return m;
  }
};

struct QuadraticProblem {
  Quadratic train{100}, validation{200};
  std::vector<Tensor> weights = {random_tensor({1, 4}, 1), random_tensor({1, 3}, 2)};
  std::vector<Tensor> alphas = {random_tensor({1, 2}, 3), random_tensor({1, 3}, 4)};
  std::vector<Tensor> velocity = {random_tensor({1, 4}, 5), random_tensor({1, 3}, 6)};
  Tensor passes = Tensor::zeros({2}, DType::f64);
  std::function<void(int pass)> before_pass = {};  // counted from 1

  nas::LookAhead look_ahead() const {
    return {.eta = 0.25, .momentum = 0.9, .weight_decay = 0.125, .velocity = velocity};
  }
  nas::BilevelProblem problem() {
    return {.weights = weights,
            .alphas = alphas,
            .buffers = {passes},
            .train_loss = [this] { return pass(train); },
            .validation_loss = [this] { return pass(validation); }};
  }

 private:
  Tensor pass(const Quadratic& of) {
    passes.mutable_data<double>()[0] += 1;
    ++count_;
    if (before_pass) before_pass(count_);
    return of.loss(weights, alphas);
  }
  int count_ = 0;
};

}  // namespace nascent::test
