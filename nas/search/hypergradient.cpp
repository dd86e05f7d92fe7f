#include "nas/search/hypergradient.h"

#include <cmath>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"
#include "engine/optim/parameters.h"

namespace nascent::nas {
namespace {

constexpr double kDifference = 0.01;  // DARTS's epsilon, divided by |v|

// Puts the values of some tensors back where they were, also when an error passes through.
class Restore {
 public:
  explicit Restore(const std::vector<Tensor>& tensors) : tensors_(tensors) {
    for (const Tensor& t : tensors) values_.push_back(t.clone());
  }
  ~Restore() { now(); }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  void now() {
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].copy_from(values_[i]);
  }
  const Tensor& value(std::size_t i) const { return values_[i]; }

 private:
  std::vector<Tensor> tensors_, values_;
};

std::vector<Tensor> collect(const Gradients& gradients, const std::vector<Tensor>& of) {
  std::vector<Tensor> out;
  for (const Tensor& t : of) out.push_back(gradients[t]);
  return out;
}

struct LossAndGradients {
  double loss;
  Gradients gradients;
};
LossAndGradients differentiate(const std::function<Tensor()>& loss, const std::vector<Tensor>& watched) {
  Tape tape;
  tape.watch(watched);
  const Tensor value = loss();
  return {value.item(), tape.backward(value)};
}

// w <- base + factor * direction
void move(const Tensor& w, const Tensor& base, double factor, const Tensor& direction) {
  Tensor target = w;
  visit(w.dtype(), [&](auto zero) {
    using T = decltype(zero);
    target.mutable_array<T>() = base.array<T>() + static_cast<T>(factor) * direction.array<T>();
  });
}

double joint_norm(const std::vector<Tensor>& tensors) {
  double square = 0;
  for (const Tensor& t : tensors)
    visit(t.dtype(), [&](auto zero) {
      using T = decltype(zero);
      square += t.array<T>().template cast<double>().square().sum();
    });
  return std::sqrt(square);
}

// w' = w - eta*(momentum*velocity + g + decay*w)
void look_ahead_step(const BilevelProblem& problem, const Restore& w, const Gradients& gradients,
                     const LookAhead& ahead) {
  for (std::size_t i = 0; i < problem.weights.size(); ++i) {
    Tensor direction = gradients[problem.weights[i]].clone();
    move(direction, direction, ahead.weight_decay, w.value(i));
    if (!ahead.velocity.empty() && ahead.velocity[i].defined())
      move(direction, direction, ahead.momentum, ahead.velocity[i]);
    move(problem.weights[i], w.value(i), -ahead.eta, direction);
  }
}

std::vector<Tensor> implicit_by_difference(const BilevelProblem& problem, const Restore& w,
                                           const std::vector<Tensor>& v, double v_norm) {
  const double r = kDifference / v_norm;
  std::vector<Tensor> side[2];
  for (int s = 0; s < 2; ++s) {
    for (std::size_t i = 0; i < v.size(); ++i) move(problem.weights[i], w.value(i), s == 0 ? r : -r, v[i]);
    side[s] = collect(differentiate(problem.train_loss, problem.alphas).gradients, problem.alphas);
  }
  for (std::size_t k = 0; k < side[0].size(); ++k) {
    move(side[0][k], side[0][k], -1, side[1][k]);
    side[0][k] = affine(side[0][k], {.factor = 1 / (2 * r)});
  }
  return side[0];
}

std::vector<Tensor> implicit_exactly(const BilevelProblem& problem, const std::vector<Tensor>& v) {
  Tape tape;
  tape.watch(problem.weights);
  tape.watch(problem.alphas);
  const Gradients g = tape.backward(problem.train_loss(), {.wrt = problem.weights, .create_graph = true});
  Tensor product = Tensor::scalar(0, v[0].dtype());
  for (std::size_t i = 0; i < v.size(); ++i)
    if (const Tensor* gi = g.find(problem.weights[i])) product = add(product, dot(*gi, v[i]));
  return collect(tape.backward(product, {.wrt = problem.alphas}), problem.alphas);
}

}  // namespace

Order parse_order(const std::string& text) {
  for (Order order : {Order::first, Order::second, Order::exact})
    if (text == name(order)) return order;
  throw UsageError("unknown order '" + text + "'; expected first, second or exact");
}

const char* name(Order order) { return order == Order::first ? "first" : order == Order::second ? "second" : "exact"; }

Hypergradient hypergradient(const BilevelProblem& problem, Order order, const LookAhead& ahead, Where where) {
  if (order == Order::first) {
    const auto [loss, gradients] = differentiate(problem.validation_loss, problem.alphas);
    return {.alphas = collect(gradients, problem.alphas), .validation_loss = loss};
  }
  if (!ahead.velocity.empty())
    expect_state("hypergradient", problem.weights, {ahead.velocity.begin(), ahead.velocity.end()}, where);
  Restore buffers(problem.buffers), w(problem.weights);
  Hypergradient result;
  {
    const auto [loss, gradients] = differentiate(problem.train_loss, problem.weights);
    result.train_loss = loss;
    look_ahead_step(problem, w, gradients, ahead);
  }
  std::vector<Tensor> both = problem.weights;
  both.insert(both.end(), problem.alphas.begin(), problem.alphas.end());
  const auto [loss, gradients] = differentiate(problem.validation_loss, both);
  w.now();
  result.validation_loss = loss;
  result.alphas = collect(gradients, problem.alphas);
  const std::vector<Tensor> v = collect(gradients, problem.weights);
  result.v_norm = joint_norm(v);
  if (result.v_norm == 0) return result;  // nothing to look ahead along
  const std::vector<Tensor> implicit =
      order == Order::exact ? implicit_exactly(problem, v) : implicit_by_difference(problem, w, v, result.v_norm);
  for (std::size_t k = 0; k < implicit.size(); ++k) {
    result.alphas[k] = result.alphas[k].clone();
    move(result.alphas[k], result.alphas[k], -ahead.eta, implicit[k]);
  }
  return result;
}

}  // namespace nascent::nas
