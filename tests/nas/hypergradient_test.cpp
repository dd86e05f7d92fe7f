#include "nas/search/hypergradient.h"

#include <catch2/catch.hpp>

#include "engine/autograd/tape.h"
#include "engine/optim/sgd.h"
#include "tests/nas/quadratic_problem.h"
#include "tests/nas/same_bits.h"

using namespace nascent;
using namespace nascent::nas;
using namespace nascent::test;

namespace {

struct ClosedForm {
  Row ahead;     // w'
  Row v;         // dL_val(w', a)/dw'
  Row direct;    // dL_val(w', a)/da
  Row implicit;  // d/da <dL_train(w, a)/dw, v>
  double eta;
  Row gradient() const { return direct - eta * implicit; }
};

ClosedForm closed_form(const QuadraticProblem& q, const LookAhead& by) {
  const Row w = joined(q.weights), a = joined(q.alphas);
  Row direction = q.train.weight_gradient(w, a) + by.weight_decay * w;
  if (!by.velocity.empty()) direction += by.momentum * joined(q.velocity);
  ClosedForm f;
  f.eta = by.eta;
  f.ahead = w - by.eta * direction;
  f.v = q.validation.weight_gradient(f.ahead, a);
  f.direct = q.validation.alpha_gradient(f.ahead, a);
  f.implicit = f.v * q.train.b.matrix<double>();
  return f;
}

double error(const Row& ours, const Row& expected) { return (ours - expected).norm() / expected.norm(); }

// What implementations in circulation compute. They differ from the right one in how the implicit term enters.
Row multiplied_instead_of_divided(const QuadraticProblem& q, const ClosedForm& f) {
  const Row w = joined(q.weights), a = joined(q.alphas);
  const double r = 0.01 / f.v.norm();
  const Row difference = q.train.alpha_gradient(w + r * f.v, a) - q.train.alpha_gradient(w - r * f.v, a);
  return f.direct - f.eta * (difference / 2. * r);
}
Row implicit_term_left_out(const ClosedForm& f) { return f.direct; }

}  // namespace

TEST_CASE("the first order is the gradient at the weights as they are") {
  QuadraticProblem q;
  const Hypergradient h = hypergradient(q.problem(), Order::first);
  const Row w = joined(q.weights), a = joined(q.alphas);
  CHECK(error(joined(h.alphas), q.validation.alpha_gradient(w, a)) < 1e-14);
  CHECK(h.validation_loss == Approx(q.validation.loss(q.weights, q.alphas).item()).epsilon(1e-14));
  CHECK(h.alphas[0].shape() == q.alphas[0].shape());
  CHECK(q.passes.at(0) == 1);
}

TEST_CASE("on quadratic losses finite difference and exact second order are the closed form") {
  QuadraticProblem q;
  LookAhead by = q.look_ahead();
  SECTION("with momentum and weight decay") {}
  SECTION("before the first step of the weights") { by.velocity = {}; }
  SECTION("plain gradient descent") {
    by.momentum = 0;
    by.weight_decay = 0;
  }
  SECTION("DARTS's own rates") { by = {.velocity = q.velocity}; }
  const ClosedForm expected = closed_form(q, by);
  const Hypergradient second = hypergradient(q.problem(), Order::second, by);
  const Hypergradient exact = hypergradient(q.problem(), Order::exact, by);
  CHECK(error(joined(second.alphas), expected.gradient()) < 1e-9);
  CHECK(error(joined(exact.alphas), expected.gradient()) < 1e-9);
  CHECK(error(joined(second.alphas), joined(exact.alphas)) < 1e-9);
  for (const Hypergradient& h : {second, exact}) {
    CHECK(h.v_norm == Approx(expected.v.norm()).epsilon(1e-12));
    CHECK(h.train_loss == Approx(q.train.loss(q.weights, q.alphas).item()).epsilon(1e-12));
  }
}

TEST_CASE("the closed form tells the wrong variants in circulation from the right one") {
  QuadraticProblem q;
  const ClosedForm expected = closed_form(q, q.look_ahead());
  CHECK(error(multiplied_instead_of_divided(q, expected), expected.gradient()) > 1e-3);
  CHECK(error(implicit_term_left_out(expected), expected.gradient()) > 1e-3);
  // Nor does a look-ahead without its momentum or its decay pass.
  LookAhead by = q.look_ahead();
  by.velocity = {};
  CHECK(error(closed_form(q, by).gradient(), expected.gradient()) > 1e-3);
  by = q.look_ahead();
  by.weight_decay = 0;
  CHECK(error(closed_form(q, by).gradient(), expected.gradient()) > 1e-3);
}

TEST_CASE("weights and buffers are as they were, to the bit") {
  for (const Order order : {Order::second, Order::exact}) {
    QuadraticProblem q;
    const auto weights = copies(q.weights), alphas = copies(q.alphas);
    int passes = 0;
    q.before_pass = [&](int pass) { passes = pass; };
    hypergradient(q.problem(), order, q.look_ahead());
    INFO(name(order));
    CHECK(passes == (order == Order::second ? 4 : 3));
    CHECK(q.passes.at(0) == 0);
    CHECK(same_bits(q.weights, weights));
    CHECK(same_bits(q.alphas, alphas));
  }
}

TEST_CASE("weights and buffers are as they were when a loss throws") {
  struct Stop {};
  for (const Order order : {Order::second, Order::exact})
    for (int last = 1; last <= (order == Order::second ? 4 : 3); ++last) {
      QuadraticProblem q;
      const auto weights = copies(q.weights);
      bool moved = false;
      q.before_pass = [&](int pass) {
        moved = !same_bits(q.weights, weights);
        if (pass == last) throw Stop{};
      };
      CAPTURE(name(order), last);
      CHECK_THROWS_AS(hypergradient(q.problem(), order, q.look_ahead()), Stop);
      // The weights had really been moved: by the look-ahead, and by either side of the difference.
      CHECK(moved == (last == 2 || (order == Order::second && last > 2)));
      CHECK(same_bits(q.weights, weights));
      CHECK(q.passes.at(0) == 0);
    }
}

TEST_CASE("a validation loss that does not see the weights has no implicit term") {
  QuadraticProblem q;
  BilevelProblem problem = q.problem();
  problem.validation_loss = [&] { return dot(concat(q.alphas), q.validation.q); };
  for (const Order order : {Order::second, Order::exact}) {
    const Hypergradient h = hypergradient(problem, order, q.look_ahead());
    CHECK(h.v_norm == 0);
    CHECK(joined(h.alphas) == Row(q.validation.q.matrix<double>()));
  }
}

TEST_CASE("a training loss that adds up a part of the weights and one of the alphas has no implicit term") {
  QuadraticProblem q;
  BilevelProblem problem = q.problem();
  q.train.b = Tensor::zeros(q.train.b.shape(), DType::f64);
  problem.train_loss = [&] { return q.train.loss(q.weights, q.alphas); };
  const Row expected = closed_form(q, q.look_ahead()).direct;
  CHECK(error(joined(hypergradient(problem, Order::exact, q.look_ahead()).alphas), expected) < 1e-14);
  CHECK(error(joined(hypergradient(problem, Order::second, q.look_ahead()).alphas), expected) < 1e-9);
}

TEST_CASE("the look-ahead is the step that SGD takes when its gradient is not clipped") {
  QuadraticProblem q;
  const auto gradients = [&] {
    Tape tape;
    tape.watch(q.weights);
    return tape.backward(q.train.loss(q.weights, q.alphas));
  };
  Sgd sgd(q.weights, {.learning_rate = 0.25, .momentum = 0.9, .weight_decay = 0.125});
  for (int step = 0; step < 3; ++step) {  // the first without a velocity
    std::vector<Tensor> ahead;
    BilevelProblem problem = q.problem();
    problem.validation_loss = [&] {
      ahead = copies(q.weights);
      return q.validation.loss(q.weights, q.alphas);
    };
    hypergradient(problem, Order::exact,
                  {.eta = 0.25, .momentum = 0.9, .weight_decay = 0.125, .velocity = sgd.velocity()});
    const auto before = copies(q.weights);
    sgd.step(gradients());
    CHECK(relative_error(ahead, q.weights) < 1e-14);
    CHECK(relative_error(ahead, before) > 1e-3);
  }
}

TEST_CASE("velocities that do not fit the weights are refused") {
  QuadraticProblem q;
  for (const std::vector<Tensor>& velocity :
       {std::vector<Tensor>{q.velocity[0]}, {q.velocity[1], q.velocity[0]}, {q.velocity[0].cast(DType::f32), {}}})
    CHECK_THROWS_AS(hypergradient(q.problem(), Order::second, {.velocity = velocity}), ContractError);
  CHECK(q.passes.at(0) == 0);
}

TEST_CASE("orders have names") {
  for (const Order order : {Order::first, Order::second, Order::exact}) CHECK(parse_order(name(order)) == order);
  CHECK_THROWS_AS(parse_order("third"), UsageError);
}
