#include <cmath>

#include "engine/ops/ops.h"
#include "tests/op_table/op_table.h"
#include "tests/op_table/plain.h"

namespace nascent {
namespace {

using Inputs = std::vector<Tensor>;
const Tensor kUndefined;

// Everything that can go wrong with one tensor, or two of which one is stretched.
std::vector<ErrorCase> unary_errors(const std::string& op, Tensor (*f)(const Tensor&, Where)) {
  return {{[f] { f(kUndefined, Where::current()); }, "\\[" + op + "\\] expected tensors, got an undefined one"}};
}

using BinaryFunction = Tensor (*)(const Tensor&, const Tensor&, Where);
std::vector<ErrorCase> binary_errors(const std::string& op, BinaryFunction f) {
  const auto call = [f](const Tensor& a, const Tensor& b) { return [=] { f(a, b, Where::current()); }; };
  const Tensor a = Tensor::zeros({2, 3}), b = Tensor::zeros({4});
  return {{call(a, b), "\\[" + op + "\\] expected shapes that broadcast, got \\[2, 3\\] and \\[4\\]"},
          {call(a, Tensor::zeros({2, 3}, DType::f64)), "\\[" + op + "\\] expected one element type, got f32 with f64"},
          {call(a, kUndefined), "\\[" + op + "\\] expected tensors, got an undefined one"}};
}

double away_from_zero(double normal) { return normal + (normal < 0 ? -0.5 : 0.5); }

OpRow binary_row(const std::string& op, const std::string& formula, BinaryFunction f, double (*one)(double, double)) {
  OpRow row{op, formula, {}, binary_errors(op, f)};
  const Call call = [f](const Inputs& in) { return f(in[0], in[1], Where::current()); };
  const auto domain = op == "divide" ? away_from_zero : nullptr;
  row.samples = {{"a, b [2, 3]", {{2, 3}, {2, 3}}, call, domain},
                 {"a [], b [5]", {{}, {5}}, call, domain},
                 {"a [4, 2, 3], b [2, 1]", {{4, 2, 3}, {2, 1}}, call, domain},
                 {"a [4, 1, 3], b [2, 1]", {{4, 1, 3}, {2, 1}}, call, domain},
                 {"a [2, 1, 3, 1, 2], b [1, 4, 1, 2, 1]", {{2, 1, 3, 1, 2}, {1, 4, 1, 2, 1}}, call, domain},
                 {"a [13, 37], b [37]", {{13, 37}, {37}}, call, domain}};
  row.exact_on_integers = op != "divide";
  row.reference = [one](const Sample&, const Inputs& in) {
    Shape shape;
    broadcast_shape(in[0].shape(), in[1].shape(), shape);
    return plain::make(shape, [&](const plain::Index& i) {
      return one(plain::stretched(in[0], i, shape.rank()), plain::stretched(in[1], i, shape.rank()));
    });
  };
  row.benchmark = {{"a, b [64, 32, 32, 16]", {{64, 32, 32, 16}, {64, 32, 32, 16}}, call, domain},
                   {"a [64, 32, 32, 16], b [16]", {{64, 32, 32, 16}, {16}}, call, domain}};
  return row;
}

OpRow unary_row(const std::string& op, const std::string& formula, Tensor (*f)(const Tensor&, Where),
                double (*one)(double), double (*domain)(double) = nullptr) {
  OpRow row{op, formula, {}, unary_errors(op, f)};
  const Call call = [f](const Inputs& in) { return f(in[0], Where::current()); };
  row.samples = {{"x []", {{}}, call, domain},
                 {"x [2, 3, 5]", {{2, 3, 5}}, call, domain},
                 {"x [17, 19]", {{17, 19}}, call, domain}};
  row.exact_on_integers = false;
  row.reference = [one](const Sample&, const Inputs& in) {
    return plain::make(in[0].shape(), [&](const plain::Index& i) { return one(plain::at(in[0], i)); });
  };
  row.benchmark = {{"x [64, 32, 32, 16]", {{64, 32, 32, 16}}, call, domain}};
  return row;
}

double positive(double normal) { return std::exp(normal); }

OpRow relu_row() {
  OpRow row = unary_row("relu", "y = max(x, 0)", relu, [](double x) { return x > 0 ? x : 0; });
  row.exact_on_integers = true;
  return row;
}

OpRow relu_gate_row() {
  const Call call = [](const Inputs& in) { return relu_gate(in[0], in[1]); };
  OpRow row{"relu_gate", "y = dy where gate > 0, else 0", {}};
  row.samples = {{"dy, gate [2, 3, 5]", {{2, 3, 5}, {2, 3, 5}}, call}, {"dy, gate [300]", {{300}, {300}}, call}};
  row.errors = {{[] {
                   relu_gate(Tensor::zeros({2, 3}), Tensor::zeros({3}));
                 },
                 "\\[relu_gate\\] expected gate of shape \\[2, 3\\], got \\[3\\]"}};
  row.reference = [](const Sample&, const Inputs& in) {
    return plain::make(in[0].shape(),
                       [&](const plain::Index& i) { return plain::at(in[1], i) > 0 ? plain::at(in[0], i) : 0; });
  };
  row.benchmark = {{"dy, gate [64, 32, 32, 16]", {{64, 32, 32, 16}, {64, 32, 32, 16}}, call}};
  return row;
}

OpRow affine_row() {
  const Call call = [](const Inputs& in) { return affine(in[0], {.factor = -1.5, .offset = 2}); };
  OpRow row{"affine", "y = factor * x + offset", {}};
  row.samples = {{"x [2, 3, 5], factor -1.5, offset 2", {{2, 3, 5}}, call},
                 {"x [], factor -1.5, offset 2", {{}}, call}};
  row.errors = {{[] { affine(kUndefined, {}); }, "\\[affine\\] expected tensors, got an undefined one"}};
  row.reference = [](const Sample&, const Inputs& in) {
    return plain::make(in[0].shape(), [&](const plain::Index& i) { return -1.5 * plain::at(in[0], i) + 2; });
  };
  row.benchmark = {{"x [64, 32, 32, 16]", {{64, 32, 32, 16}}, call}};
  return row;
}

}  // namespace

std::vector<OpRow> elementwise_rows() {
  return {binary_row("add", "y = a + b", add, [](double a, double b) { return a + b; }),
          binary_row("subtract", "y = a - b", subtract, [](double a, double b) { return a - b; }),
          binary_row("multiply", "y = a * b", multiply, [](double a, double b) { return a * b; }),
          binary_row("divide", "y = a / b", divide, [](double a, double b) { return a / b; }),
          affine_row(),
          unary_row("exp", "y = e^x", exp, std::exp),
          unary_row("log", "y = ln x", log, std::log, positive),
          unary_row("sqrt", "y = x^(1/2)", sqrt, std::sqrt, positive),
          relu_row(),
          relu_gate_row(),
          unary_row("sigmoid", "y = 1 / (1 + e^-x)", sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }),
          unary_row("tanh", "y = (e^x - e^-x) / (e^x + e^-x)", tanh, std::tanh)};
}

}  // namespace nascent
