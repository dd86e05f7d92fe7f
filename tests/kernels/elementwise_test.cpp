#include "kernels/elementwise.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {
const std::vector<std::int64_t> kLengths{1, 2, 3, 7, 15, 16, 17, 31, 33, 64, 100, 1000, 40000};

double definition(Binary op, double a, double b) {
  switch (op) {
    case Binary::add:
      return a + b;
    case Binary::subtract:
      return a - b;
    case Binary::multiply:
      return a * b;
    default:
      return a / b;
  }
}
}  // namespace

TEST_CASE("unary operations are the C library's, element by element") {
  const auto definition = [](Unary op, float v) -> float {
    switch (op) {
      case Unary::relu:
        return v > 0 ? v : 0;
      case Unary::exp:
        return std::exp(v);
      case Unary::log:
        return std::log(v);
      case Unary::sqrt:
        return std::sqrt(v);
      case Unary::sigmoid:
        return 1 / (1 + std::exp(-v));
      case Unary::tanh:
        return std::tanh(v);
      default:
        return -v;
    }
  };
  for (const std::int64_t n : kLengths)
    for (const Unary op :
         {Unary::relu, Unary::exp, Unary::log, Unary::sqrt, Unary::sigmoid, Unary::tanh, Unary::negate}) {
      auto x = reals<float>(n, 1);
      if (op == Unary::log || op == Unary::sqrt)
        for (float& v : x) v = std::abs(v) + 0.125f;
      std::vector<float> expected;
      for (const float v : x) expected.push_back(definition(op, v));
      for (const KernelTable* isa : isa_tables()) {
        INFO(isa->name << " op " << static_cast<int>(op) << " n " << n);
        Guarded<float> y(n);
        isa->unary(op, n, x.data(), y.data());
        CHECK(y.values() == expected);
        CHECK(y.fences_stand());
      }
    }
}

TEST_CASE("relu passes NaN on, and its gradient is dy where x > 0") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x{-1, 0, 2, nan}, dy{5, 6, 7, 8};
  for (const KernelTable* isa : isa_tables()) {
    INFO(isa->name);
    std::vector<float> y(4), dx(4);
    isa->unary(Unary::relu, 4, x.data(), y.data());
    CHECK((y[0] == 0 && y[1] == 0 && y[2] == 2 && std::isnan(y[3])));
    isa->relu_grad(4, dy.data(), x.data(), dx.data());
    CHECK(dx == std::vector<float>{0, 0, 7, 0});
  }
}

TEST_CASE("affine") {
  for (const std::int64_t n : kLengths) {
    const auto x = integers<float>(n, 1);
    std::vector<float> line;
    for (const float v : x) line.push_back(3 * v - 2);
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name << " n " << n);
      Guarded<float> y(n);
      isa->affine(n, x.data(), 3, -2, y.data());
      CHECK(y.values() == line);
      CHECK(y.fences_stand());
    }
  }
}

TEST_CASE("binary operations with every way of stretching an operand") {
  // Every pattern of stretched axes over [2, 3, 1, 4, c]: bit i of a mask stretches axis i.
  for (const std::int64_t channels : {1, 5, 16, 19, 48, 300})
    for (int a_mask = 0; a_mask < 32; ++a_mask)
      for (int b_mask = 0; b_mask < 32; ++b_mask) {
        if (a_mask != 0 && b_mask != 0 && (a_mask + 3 * b_mask + channels) % 5 != 0) continue;  // a fifth of the mixed
        BroadcastShape s{.size = {2, 3, 1, 4, channels}};
        std::int64_t a_size = 1, b_size = 1, total = 1;
        for (int axis = 4; axis >= 0; --axis) {
          if (!(a_mask >> axis & 1)) s.a_stride[axis] = a_size, a_size *= s.size[axis];
          if (!(b_mask >> axis & 1)) s.b_stride[axis] = b_size, b_size *= s.size[axis];
          total *= s.size[axis];
        }
        const auto a = integers<float>(a_size, 1);
        auto b = integers<float>(b_size, 2);
        for (float& v : b)
          if (v == 0) v = 4;
        const auto op = static_cast<Binary>((a_mask + b_mask) % 4);
        std::vector<float> expected;
        for (std::int64_t i = 0; i < total; ++i) {
          std::int64_t rest = i, from_a = 0, from_b = 0;
          for (int axis = 4; axis >= 0; --axis) {
            from_a += rest % s.size[axis] * s.a_stride[axis], from_b += rest % s.size[axis] * s.b_stride[axis];
            rest /= s.size[axis];
          }
          expected.push_back(static_cast<float>(
              definition(op, a[static_cast<std::size_t>(from_a)], b[static_cast<std::size_t>(from_b)])));
        }
        for (const KernelTable* isa : isa_tables()) {
          Guarded<float> y(total);
          isa->binary(op, s, a.data(), b.data(), y.data());
          INFO(isa->name << " channels " << channels << " stretched a " << a_mask << " b " << b_mask);
          const bool right = y.values() == expected && y.fences_stand();
          CHECK(right);
        }
      }
}

TEST_CASE("binary over long runs: equal shapes, a row, a scalar") {
  const std::int64_t rows = 2500, channels = 20;
  const auto a = integers<double>(rows * channels, 1), b = integers<double>(rows * channels, 2);
  const std::vector<float> af(a.begin(), a.end()), bf(b.begin(), b.end());
  const BroadcastShape shapes[] = {
      {.size = {1, 1, 1, rows, channels}, .a_stride = {0, 0, 0, channels, 1}, .b_stride = {0, 0, 0, channels, 1}},
      {.size = {1, 1, 1, rows, channels}, .a_stride = {0, 0, 0, channels, 1}, .b_stride = {0, 0, 0, 0, 1}},
      {.size = {1, 1, 1, rows, channels}, .a_stride = {0, 0, 0, 0, 1}, .b_stride = {0, 0, 0, channels, 1}},
      {.size = {1, 1, 1, rows, channels}, .a_stride = {0, 0, 0, channels, 1}, .b_stride = {}}};
  for (const BroadcastShape& s : shapes) {
    std::vector<double> expected(a.size());
    binary(Binary::subtract, s, a.data(), b.data(), expected.data());
    const std::vector<float> narrow(expected.begin(), expected.end());
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name);
      Guarded<float> y(rows * channels);
      isa->binary(Binary::subtract, s, af.data(), bf.data(), y.data());
      CHECK(y.values() == narrow);
      CHECK(y.fences_stand());
    }
  }
}
