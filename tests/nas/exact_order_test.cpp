// The exact second order on a supernet, held against a central difference fine enough to cross no kink.
#include <catch2/catch.hpp>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"
#include "nas/search/hypergradient.h"
#include "nas/supernet/supernet.h"
#include "tests/nas/quadratic_problem.h"
#include "tests/nas/same_bits.h"

using namespace nascent;
using namespace nascent::nas;
using namespace nascent::test;

namespace {

std::vector<Tensor> gradients_of(const std::function<Tensor()>& loss, const std::vector<Tensor>& of) {
  Tape tape;
  tape.watch(of);
  const Gradients g = tape.backward(loss());
  std::vector<Tensor> out;
  for (const Tensor& t : of) out.push_back(g[t]);
  return out;
}

// w <- base + factor * direction
void place(std::vector<Tensor>& w, const std::vector<Tensor>& base, double factor,
           const std::vector<Tensor>& direction) {
  for (std::size_t i = 0; i < w.size(); ++i)
    w[i].mutable_array<double>() = base[i].array<double>() + factor * direction[i].array<double>();
}

std::vector<Tensor> combined(const std::vector<Tensor>& a, double factor, const std::vector<Tensor>& b) {
  std::vector<Tensor> out = copies(a);
  place(out, a, factor, b);
  return out;
}

double norm(const std::vector<Tensor>& tensors) {
  double square = 0;
  for (const Tensor& t : tensors) square += t.array<double>().square().sum();
  return std::sqrt(square);
}

}  // namespace

TEST_CASE("exact second order of a darts supernet is the limit of the finite difference") {
  const auto supernet = make_supernet(
      darts_space(), {.channels = 2, .layers = 3, .image = {1, 8, 8}, .classes = 3, .dtype = DType::f64, .seed = 3});
  ParameterStore& store = supernet->store();
  std::vector<Tensor> weights = store.weights();
  const std::vector<std::int32_t> labels = {0, 2, 1};
  const auto loss_on = [&](std::uint64_t seed) {
    return [&, images = random_tensor({3, 8, 8, 1}, seed)] {
      return cross_entropy(supernet->forward(images, {}), labels);
    };
  };
  const BilevelProblem problem{.weights = weights,
                               .alphas = supernet->alphas(),
                               .buffers = store.buffers(),
                               .train_loss = loss_on(1),
                               .validation_loss = loss_on(2)};
  const LookAhead by{.eta = 0.025, .momentum = 0, .weight_decay = 0};
  const auto w = copies(weights), buffers = copies(problem.buffers);
  const Hypergradient exact = hypergradient(problem, Order::exact, by);
  CHECK(same_bits(weights, w));
  CHECK(same_bits(problem.buffers, buffers));

  place(weights, w, -by.eta, gradients_of(problem.train_loss, weights));
  const auto v = gradients_of(problem.validation_loss, weights);
  const auto direct = gradients_of(problem.validation_loss, problem.alphas);
  CHECK(norm(v) == Approx(exact.v_norm).epsilon(1e-10));
  const double r = 1e-7 / norm(v);
  place(weights, w, r, v);
  const auto above = gradients_of(problem.train_loss, problem.alphas);
  place(weights, w, -r, v);
  const auto below = gradients_of(problem.train_loss, problem.alphas);
  const auto expected = combined(direct, -by.eta / (2 * r), combined(above, -1, below));

  // Of the whole gradient, and of the implicit term alone.
  CHECK(relative_error(exact.alphas, expected) < 1e-5);
  const auto implicit = combined(exact.alphas, -1, direct);
  CHECK(relative_error(implicit, combined(expected, -1, direct)) < 1e-5);
  CHECK(norm(implicit) > 1e-3 * norm(direct));
}
