#include <catch2/catch.hpp>
#include <cmath>

#include "engine/optim/adam.h"
#include "engine/optim/clip.h"
#include "engine/optim/cosine_schedule.h"
#include "engine/optim/sgd.h"
#include "kernels/parallel.h"

using namespace nascent;
using Catch::Matchers::Contains;

namespace {

Tensor numbers(const std::vector<double>& values, DType dtype = DType::f64) {
  return Tensor::from({static_cast<std::int64_t>(values.size())}, values).cast(dtype);
}
Gradients gradients(const Tensor& of, const std::vector<double>& values) {
  Gradients g;
  g.set(of, numbers(values, of.dtype()));
  return g;
}

}  // namespace

TEST_CASE("SGD: momentum starts at the first gradient, weight decay is part of the gradient") {
  // Powers of two: every step is exact in both types.
  const DType dtype = GENERATE(DType::f32, DType::f64);
  Tensor w = numbers({8, -4}, dtype);
  Sgd sgd({w}, {.learning_rate = 0.5, .momentum = 0.5, .weight_decay = 0.25});
  REQUIRE_FALSE(sgd.velocity()[0].defined());

  sgd.step(gradients(w, {2, 1}));  // g = 2 + 8/4 = 4, 1 - 4/4 = 0;  v = g, undamped
  REQUIRE(sgd.velocity()[0].at(0) == 4);
  REQUIRE(sgd.velocity()[0].at(1) == 0);
  REQUIRE(w.at(0) == 6);
  REQUIRE(w.at(1) == -4);

  sgd.set_learning_rate(0.25);
  sgd.step(gradients(w, {0.5, 3}));  // g = 2, 2;  v = 4/2 + 2 = 4, 2;  the rate is outside the momentum
  REQUIRE(sgd.velocity()[0].at(0) == 4);
  REQUIRE(sgd.velocity()[0].at(1) == 2);
  REQUIRE(w.at(0) == 5);
  REQUIRE(w.at(1) == -4.5);
}

TEST_CASE("SGD leaves a parameter without a gradient alone, and its first step for later") {
  Tensor used = numbers({1}), unused = numbers({1});
  Sgd sgd({unused, used}, {.learning_rate = 1, .momentum = 0.9, .weight_decay = 0.5});
  sgd.step(gradients(used, {1}));
  REQUIRE(unused.at(0) == 1);
  REQUIRE_FALSE(sgd.velocity()[0].defined());
  REQUIRE(used.at(0) == -0.5);
  sgd.step(gradients(unused, {1}));
  REQUIRE(sgd.velocity()[0].at(0) == 1.5);
}

TEST_CASE("SGD continues from a velocity that was kept") {
  Tensor w = numbers({1, 2}), again = w.clone();
  const SgdOptions options{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 3e-4};
  Sgd whole({w}, options);
  whole.step(gradients(w, {0.3, -0.7}));
  const Tensor kept_w = w.clone(), kept_velocity = whole.velocity()[0].clone();
  whole.step(gradients(w, {0.2, 0.1}));

  again.copy_from(kept_w);
  Sgd resumed({again}, options);
  resumed.set_velocity({kept_velocity});
  resumed.step(gradients(again, {0.2, 0.1}));
  REQUIRE(again.at(0) == w.at(0));
  REQUIRE(again.at(1) == w.at(1));
}

TEST_CASE("Adam's first step is the learning rate against the gradient's sign") {
  Tensor w = numbers({0, 0, 0, 0});
  Adam adam({w}, {.learning_rate = 3e-4, .beta1 = 0.5, .beta2 = 0.999});
  adam.step(gradients(w, {1e-3, -5, 400, 0}));
  REQUIRE(w.at(0) == Approx(-3e-4).epsilon(2e-5));  // epsilon 1e-8 beside a gradient of 1e-3
  REQUIRE(w.at(1) == Approx(3e-4).epsilon(1e-8));
  REQUIRE(w.at(2) == Approx(-3e-4).epsilon(1e-8));
  REQUIRE(w.at(3) == 0);
}

TEST_CASE("Adam by hand: L2 in the gradient, bias correction by the parameter's own step count") {
  Tensor w = numbers({2}), late = numbers({1});
  const AdamOptions o{.learning_rate = 0.1, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.125, .weight_decay = 0.5};
  Adam adam({w, late}, o);

  adam.step(gradients(w, {3}));  // g = 3 + 2/2 = 4;  m = 2, v = 4;  m/(1-1/2) = 4, v/(1-3/4) = 16
  double expected = 2 - 0.1 * 4 / (4 + 0.125);
  REQUIRE(w.at(0) == Approx(expected).epsilon(1e-14));
  REQUIRE(adam.state().m[0].at(0) == 2);
  REQUIRE(adam.state().v[0].at(0) == 4);
  REQUIRE_FALSE(adam.state().m[1].defined());

  const double g = -1 + 0.5 * expected, m = 0.5 * 2 + 0.5 * g, v = 0.75 * 4 + 0.25 * g * g;
  Gradients both = gradients(w, {-1});
  both.set(late, numbers({1.5}));  // g = 2, its first step: m/(1-beta1) = 2, v/(1-beta2) = 4
  adam.step(both);
  expected -= 0.1 * (m / (1 - 0.25)) / (std::sqrt(v / (1 - 0.5625)) + 0.125);
  REQUIRE(w.at(0) == Approx(expected).epsilon(1e-14));
  REQUIRE(late.at(0) == Approx(1 - 0.1 * 2 / (2 + 0.125)).epsilon(1e-14));
  REQUIRE(adam.state().steps == std::vector<std::int64_t>{2, 1});
}

TEST_CASE("Adam continues from a state that was kept") {
  Tensor w = numbers({1, 2}), again = numbers({0, 0});
  Adam whole({w}, {.learning_rate = 0.1});
  whole.step(gradients(w, {0.3, -0.7}));
  const AdamState kept{{whole.state().m[0].clone()}, {whole.state().v[0].clone()}, whole.state().steps};
  again.copy_from(w);
  whole.step(gradients(w, {0.2, 0.1}));

  Adam resumed({again}, {.learning_rate = 0.1});
  resumed.set_state(kept);
  resumed.step(gradients(again, {0.2, 0.1}));
  REQUIRE(again.at(0) == w.at(0));
  REQUIRE(again.at(1) == w.at(1));
}

TEST_CASE("the cosine schedule starts at the top, is half way in the middle and never quite ends") {
  REQUIRE(cosine(0, 50, 0.025, 0.001) == 0.025);
  REQUIRE(cosine(25, 50, 0.025, 0.001) == Approx(0.013).epsilon(1e-14));
  REQUIRE(cosine(49, 50, 0.025, 0.001) == Approx(1.023679e-3).epsilon(1e-6));
  REQUIRE(cosine(50, 50, 0.025, 0.001) == Approx(0.001).epsilon(1e-14));
}

TEST_CASE("a warm-up rises to the rate in equal steps, and the cosine falls to zero from there") {
  REQUIRE(warmed_cosine(0, 40, 8, 0.5) == 0.0625);
  REQUIRE(warmed_cosine(3, 40, 8, 0.5) == 0.25);
  REQUIRE(warmed_cosine(7, 40, 8, 0.5) == 0.5);
  REQUIRE(warmed_cosine(8, 40, 8, 0.5) == 0.5);
  REQUIRE(warmed_cosine(24, 40, 8, 0.5) == Approx(0.25).epsilon(1e-14));
  REQUIRE(warmed_cosine(39, 40, 8, 0.5) == cosine(31, 32, 0.5, 0));
  REQUIRE(warmed_cosine(10, 40, 0, 0.5) == cosine(10, 40, 0.5, 0));
}

TEST_CASE("clipping takes the norm of all gradients jointly") {
  const DType dtype = GENERATE(DType::f32, DType::f64);
  const Tensor a = numbers({0, 0}, dtype), b = numbers({0}, dtype), unused = numbers({0}, dtype);
  Gradients g = gradients(a, {2, 3});
  g.set(b, numbers({6}, dtype));
  const std::vector<Tensor> parameters{a, unused, b};

  REQUIRE(clip_grad_norm(g, parameters, 7) == 7);  // 7/(7 + 1e-6) is below 1, as in PyTorch
  REQUIRE(g[b].at(0) == Approx(6).epsilon(1e-6));
  g.set(a, numbers({2, 3}, dtype));
  g.set(b, numbers({6}, dtype));
  REQUIRE(clip_grad_norm(g, parameters, 7.1) == 7);
  REQUIRE(g[b].at(0) == 6);  // to the bit: nothing was scaled

  REQUIRE(clip_grad_norm(g, parameters, 3.5) == 7);
  const double coefficient = 3.5 / (7 + 1e-6), exact = dtype == DType::f32 ? 0x1p-23 : 0x1p-52;
  REQUIRE(g[a].at(1) == Approx(3 * coefficient).epsilon(exact));
  REQUIRE(g[b].at(0) == Approx(6 * coefficient).epsilon(exact));
  REQUIRE(g.find(unused) == nullptr);
}

TEST_CASE("clipping does not scale a tensor that others hold") {
  const Tensor a = numbers({0}), b = numbers({0});
  const Tensor shared = numbers({3});
  Gradients g;
  g.set(a, shared);
  g.set(b, shared);
  clip_grad_norm(g, std::vector{a, b}, 1);
  REQUIRE(shared.at(0) == 3);
  REQUIRE(g[a].at(0) == g[b].at(0));
  REQUIRE(g[a].at(0) == Approx(3 / (std::sqrt(18.0) + 1e-6)).epsilon(1e-14));
}

TEST_CASE("a norm that is not a number is told, and nothing is scaled") {
  const Tensor a = numbers({0, 0});
  Gradients g = gradients(a, {NAN, 3});
  REQUIRE(std::isnan(clip_grad_norm(g, std::vector{a}, 1)));
  REQUIRE(g[a].at(1) == 3);
}

TEST_CASE("steps and norms have the same bits for any number of threads") {
  const std::int64_t n = 100'003;
  const auto run = [&](int threads) {
    kernels::set_threads(threads);
    Tensor w = Tensor::empty({n}), alpha = Tensor::empty({n}), gradient = Tensor::empty({n});
    for (std::int64_t i = 0; i < n; ++i) {
      w.mutable_data<float>()[i] = alpha.mutable_data<float>()[i] = std::sin(static_cast<float>(i));
      gradient.mutable_data<float>()[i] = std::cos(static_cast<float>(3 * i));
    }
    Sgd sgd({w}, {.learning_rate = 0.025, .momentum = 0.9, .weight_decay = 3e-4});
    Adam adam({alpha}, {.beta1 = 0.5, .weight_decay = 1e-3});
    double norm = 0;
    for (int step = 0; step < 3; ++step) {
      Gradients g;
      g.set(w, gradient.clone());
      g.set(alpha, gradient);
      norm += clip_grad_norm(g, std::vector{w}, 5);
      sgd.step(g);
      adam.step(g);
    }
    std::vector<double> result{norm};
    for (const Tensor& t : {w, alpha})
      for (std::int64_t i = 0; i < n; ++i) result.push_back(t.at(i));
    return result;
  };
  const std::vector<double> one = run(1);
  for (int threads : {2, 3, 7}) REQUIRE(run(threads) == one);
  kernels::set_threads(0);
}

TEST_CASE("optimizers refuse options, gradients and state that cannot be meant") {
  const Tensor w = numbers({1, 2});
  REQUIRE_THROWS_WITH(Sgd({w}, {.learning_rate = -1}),
                      Contains("[sgd] expected a learning rate of at least 0") && Contains("(optim_test.cpp:"));
  REQUIRE_THROWS_WITH(Sgd({w, Tensor()}, {}), Contains("[sgd] expected tensors, got an undefined one as parameter 1"));
  REQUIRE_THROWS_WITH(Adam({w, w}, {}),
                      Contains("[adam] expected every parameter once, got parameter 1 a second time"));
  REQUIRE_THROWS_WITH(Adam({w}, {.beta2 = 1}),
                      Contains("[adam] expected a beta2 of at least 0") && Contains("below 1"));
  REQUIRE_THROWS_WITH(Adam({w}, {.learning_rate = NAN}), Contains("[adam] expected a learning rate"));
  Sgd sgd({w}, {});
  REQUIRE_THROWS_WITH(sgd.step(gradients(w, {1})), Contains("[sgd] expected a gradient of [2] f64, got [1] f64"));
  REQUIRE_THROWS_WITH(sgd.set_velocity({}), Contains("[sgd] expected state for 1 parameters, got 0"));
  REQUIRE_THROWS_WITH(sgd.set_velocity({numbers({1})}), Contains("[sgd] expected state 0 of [2] f64, got [1] f64"));
  Adam adam({w}, {});
  REQUIRE_THROWS_WITH(adam.set_state({{w}, {w}, {0}}), Contains("[adam] expected m and v exactly where steps were"));
  Gradients g;
  REQUIRE_THROWS_WITH(clip_grad_norm(g, std::vector{w}, -1),
                      Contains("[clip_grad_norm] expected a norm of at least 0"));
}
