#include <algorithm>
#include <cmath>

#include "engine/ops/ops.h"
#include "tests/op_table/op_table.h"
#include "tests/op_table/plain.h"

namespace nascent {
namespace {

using Inputs = std::vector<Tensor>;

Tensor product(const Tensor& a, const Tensor& b, Transposed t) {
  const std::int64_t m = a.shape()[t.a ? 1 : 0], k = a.shape()[t.a ? 0 : 1], n = b.shape()[t.b ? 0 : 1];
  return plain::make({m, n}, [&](const plain::Index& c) {
    double sum = 0;
    for (std::int64_t p = 0; p < k; ++p)
      sum += plain::at(a, t.a ? plain::Index{p, c[0]} : plain::Index{c[0], p}) *
             plain::at(b, t.b ? plain::Index{c[1], p} : plain::Index{p, c[1]});
    return sum;
  });
}

OpRow matmul_row() {
  struct Case {
    std::string text;
    Shape a, b;
    Transposed transposed;
  };
  const std::vector<Case> cases = {{"a [3, 4], b [4, 5]", {3, 4}, {4, 5}, {}},
                                   {"a [4, 3] transposed, b [4, 5]", {4, 3}, {4, 5}, {.a = true}},
                                   {"a [3, 4], b [5, 4] transposed", {3, 4}, {5, 4}, {.b = true}},
                                   {"a [4, 3], b [5, 4], both transposed", {4, 3}, {5, 4}, {true, true}},
                                   {"a [1, 1], b [1, 1]", {1, 1}, {1, 1}, {}},
                                   {"a [37, 21], b [21, 19]", {37, 21}, {21, 19}, {}}};
  const auto call = [](Transposed t) { return [t](const Inputs& in) { return matmul(in[0], in[1], t); }; };
  OpRow row{"matmul", "y = a b (a or b transposed when asked)", {}};
  for (const Case& c : cases) row.samples.push_back({c.text, {c.a, c.b}, call(c.transposed)});
  const auto refuse = [](Shape a, Shape b, Transposed t) {
    return [=] { matmul(Tensor::zeros(a), Tensor::zeros(b), t); };
  };
  row.errors = {
      {refuse({2, 4}, {3, 5}, {}), "\\[matmul\\] expected b with 4 rows to match a's 4 columns, got \\[3, 5\\]"},
      {refuse({4, 2}, {5, 3}, {true, true}),
       "\\[matmul\\] expected b with 4 columns to match a's 4 rows, got \\[5, 3\\]"},
      {refuse({2, 4, 1}, {4, 5}, {}), "\\[matmul\\] expected a with 2 axes, got \\[2, 4, 1\\]"},
      {[] {
         matmul(Tensor::zeros({2, 2}), Tensor::zeros({2, 2}, DType::f64));
       },
       "\\[matmul\\] expected one element type, got f32 with f64"}};
  row.reference = [cases](const Sample& sample, const Inputs& in) {
    const auto found = std::find_if(cases.begin(), cases.end(), [&](const Case& c) { return c.text == sample.text; });
    return product(in[0], in[1], found->transposed);
  };
  row.benchmark = {{"a [65536, 16], b [16, 16]", {{65536, 16}, {16, 16}}, call({})},
                   {"a [4096, 64], b [64, 64]", {{4096, 64}, {64, 64}}, call({})}};
  return row;
}

OpRow linear_row() {
  const Call biased = [](const Inputs& in) { return linear(in[0], in[1], in[2]); };
  const Call plain_call = [](const Inputs& in) { return linear(in[0], in[1], {}); };
  OpRow row{"linear", "y = x weight' + bias", {}};
  row.samples = {{"x [5, 4], weight [3, 4], bias [3]", {{5, 4}, {3, 4}, {3}}, biased},
                 {"x [5, 4], weight [3, 4], no bias", {{5, 4}, {3, 4}}, plain_call}};
  const Tensor x = Tensor::zeros({5, 4}), w = Tensor::zeros({3, 4});
  row.errors = {{[=] {
                   linear(x, Tensor::zeros({3, 5}), {});
                 },
                 "\\[linear\\] expected weight with 4 columns to match x's, got \\[3, 5\\]"},
                {[=] { linear(x, w, Tensor::zeros({4})); }, "\\[linear\\] expected bias of shape \\[3\\], got \\[4\\]"},
                {[=] { linear(Tensor::zeros({4}), w, {}); }, "\\[linear\\] expected x with 2 axes, got \\[4\\]"},
                {[=] { linear(x, Tensor(), {}); }, "\\[linear\\] expected tensors, got an undefined one"}};
  row.reference = [](const Sample&, const Inputs& in) {
    Tensor y = product(in[0], in[1], {.b = true});
    if (in.size() == 3)
      for (std::int64_t i = 0; i < y.elements(); ++i) y.mutable_data<double>()[i] += in[2].at(i % y.columns());
    return y;
  };
  row.benchmark = {{"x [64, 256], weight [10, 256], bias [10]", {{64, 256}, {10, 256}, {10}}, biased}};
  return row;
}

// e^(x - largest of its row), and the sum of those over the row.
double shifted_exp(const Tensor& x, std::int64_t row, std::int64_t column) {
  double largest = x.at(row * x.columns());
  for (std::int64_t c = 1; c < x.columns(); ++c) largest = std::max(largest, x.at(row * x.columns() + c));
  return std::exp(x.at(row * x.columns() + column) - largest);
}
double softmax_at(const Tensor& x, std::int64_t row, std::int64_t column) {
  double sum = 0;
  for (std::int64_t c = 0; c < x.columns(); ++c) sum += shifted_exp(x, row, c);
  return shifted_exp(x, row, column) / sum;
}

OpRow softmax_row(const std::string& op, const std::string& formula, Tensor (*f)(const Tensor&, Where)) {
  const Call call = [f](const Inputs& in) { return f(in[0], Where::current()); };
  OpRow row{op, formula, {}};
  row.samples = {{"x [3, 5]", {{3, 5}}, call},
                 {"x [8]", {{8}}, call},
                 {"x [2, 2, 3]", {{2, 2, 3}}, call},
                 {"x [4, 1]", {{4, 1}}, call},
                 {"x [3, 5], large", {{3, 5}}, call, [](double normal) { return 30 * normal; }}};
  row.errors = {{[f] { f(Tensor::scalar(1), Where::current()); },
                 "\\[" + op + "\\] expected at least one class in the last axis, got shape \\[\\]"},
                {[f] { f(Tensor(), Where::current()); }, "\\[" + op + "\\] expected tensors, got an undefined one"}};
  row.exact_on_integers = false;
  row.reference = [op](const Sample&, const Inputs& in) {
    Tensor y = Tensor::empty(in[0].shape(), DType::f64);
    for (std::int64_t i = 0; i < y.elements(); ++i) {
      const double p = softmax_at(in[0], i / y.columns(), i % y.columns());
      y.mutable_data<double>()[i] = op == "softmax" ? p : std::log(p);
    }
    return y;
  };
  row.benchmark = {{"x [14, 8]", {{14, 8}}, call}, {"x [1024, 10]", {{1024, 10}}, call}};
  return row;
}

OpRow cross_entropy_row() {
  static const std::vector<std::int32_t> kLabels = {2, 0, 4, 1, 1};
  const auto call = [](std::size_t rows) {
    return [rows](const Inputs& in) { return cross_entropy(in[0], std::span(kLabels).first(rows)); };
  };
  OpRow row{"cross_entropy", "y = mean over rows of -log softmax(x)[label]", {}};
  row.samples = {{"x [5, 6]", {{5, 6}}, call(5)}, {"x [1, 3]", {{1, 3}}, call(1)}};
  const auto refuse = [](Shape shape, std::vector<std::int32_t> labels) {
    return [=] { cross_entropy(Tensor::zeros(shape), labels); };
  };
  row.errors = {{refuse({3, 4}, {0, 1}), "\\[cross_entropy\\] expected 3 labels for logits \\[3, 4\\], got 2"},
                {refuse({2, 4}, {0, 4}), "\\[cross_entropy\\] expected labels in \\[0, 4\\), got 4"},
                {refuse({2, 4}, {-1, 0}), "\\[cross_entropy\\] expected labels in \\[0, 4\\), got -1"},
                {refuse({4}, {0}), "\\[cross_entropy\\] expected logits with 2 axes, got \\[4\\]"},
                {refuse({0, 4}, {}), "\\[cross_entropy\\] expected at least one row and one class"}};
  row.exact_on_integers = false;
  row.reference = [](const Sample&, const Inputs& in) {
    double sum = 0;
    for (std::int64_t r = 0; r < in[0].rows(); ++r) sum -= std::log(softmax_at(in[0], r, kLabels[r]));
    return Tensor::scalar(sum / static_cast<double>(in[0].rows()), DType::f64);
  };
  return row;
}

}  // namespace

std::vector<OpRow> matrix_rows() {
  return {matmul_row(), linear_row(), softmax_row("softmax", "y = e^x / sum of e^x over the last axis", softmax),
          softmax_row("log_softmax", "y = x - ln(sum of e^x over the last axis)", log_softmax), cross_entropy_row()};
}

}  // namespace nascent
