#include "engine/autograd/gradcheck.h"

#include <catch2/catch.hpp>

#include "engine/ops/ops.h"

namespace nascent {

// detach() makes gradients that are wrong on purpose.
TEST_CASE("gradcheck sees a wrong gradient") {
  const std::vector<Tensor> x = {Tensor::full({3}, 0.7, DType::f64)};
  CHECK(gradcheck([](const auto& in) { return in[0] * in[0]; }, x).ok);
  const GradcheckResult wrong = gradcheck([](const auto& in) { return in[0] * in[0].detach(); }, x);
  CHECK_FALSE(wrong.ok);
  CHECK(wrong.worst > 1);
  CHECK_THAT(wrong.message, Catch::Contains("order 1, projection 0: finite difference"));
  CHECK_FALSE(gradcheck([](const auto& in) { return in[0].detach() * in[0].detach(); }, x).ok);
}

TEST_CASE("gradcheck of order 2 sees a gradient that is right but whose own gradient is wrong") {
  const std::vector<Tensor> x = {Tensor::full({3}, 0.7, DType::f64)};
  const Function square = [](const auto& in) {  // x^2 with derivative 2 * constant
    const Tensor constant = in[0].detach();
    return 2 * (in[0] * constant) - constant * constant;
  };
  CHECK(gradcheck(square, x).ok);
  CHECK_FALSE(gradcheck(square, x, {.order = 2}).ok);
  CHECK(gradcheck([](const auto& in) { return in[0] * in[0]; }, x, {.order = 2}).ok);
}

TEST_CASE("gradcheck never accepts a gradient that is not a number") {
  const std::vector<Tensor> x = {Tensor::full({3}, -1, DType::f64)};
  CHECK_FALSE(gradcheck([](const auto& in) { return log(in[0]); }, x).ok);
}

}  // namespace nascent
