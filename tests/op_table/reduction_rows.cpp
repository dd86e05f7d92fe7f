#include <algorithm>
#include <limits>
#include <utility>

#include "engine/ops/ops.h"
#include "tests/op_table/op_table.h"
#include "tests/op_table/plain.h"

namespace nascent {
namespace {

using Inputs = std::vector<Tensor>;
using Reduction = Tensor (*)(const Tensor&, const Axes&, Where);

struct Case {
  std::string text;
  Shape shape;
  Axes over;
};
// Sizes are powers of two, so that a mean of integers is exact too.
const std::vector<Case> kCases = {{"x [4, 2, 8] over all", {4, 2, 8}, {}},
                                  {"x [4, 2, 8] over 0", {4, 2, 8}, {{0}}},
                                  {"x [4, 2, 8] over the last", {4, 2, 8}, {{-1}}},
                                  {"x [4, 2, 8] over 0 and 2, kept", {4, 2, 8}, {{2, 0}, true}},
                                  {"x [2, 4, 2, 2, 3] over 0, 1 and 3", {2, 4, 2, 2, 3}, {{0, 1, 3}}},
                                  {"x [2, 1, 4] over 0 and 2", {2, 1, 4}, {{0, 2}}},
                                  {"x [3, 1] over 1", {3, 1}, {{1}}},
                                  {"x []", {}, {}},
                                  {"x [64, 19] over 0", {64, 19}, {{0}}}};

OpRow reduction_row(const std::string& op, const std::string& formula, Reduction f) {
  OpRow row{op, formula, {}};
  const auto over = [f](const Axes& axes) {
    return [=](const Inputs& in) { return f(in[0], axes, Where::current()); };
  };
  for (const Case& c : kCases) row.samples.push_back({c.text, {c.shape}, over(c.over)});
  const auto refuse = [f](const Axes& axes) { return [=] { f(Tensor::zeros({2, 3}), axes, Where::current()); }; };
  row.errors = {
      {refuse({{2}}), "\\[" + op + "\\] expected an axis of \\[2, 3\\], got 2"},
      {refuse({{0, -2}}), "\\[" + op + "\\] expected each axis once, got axis -2 twice"},
      {[f] { f(Tensor(), {}, Where::current()); }, "\\[" + op + "\\] expected tensors, got an undefined one"}};
  row.benchmark = {{"x [64, 32, 32, 16] over all", {{64, 32, 32, 16}}, over({})},
                   {"x [64, 32, 32, 16] over all but channels", {{64, 32, 32, 16}}, over({{0, 1, 2}})}};
  // Folds every element of x into its place, starting from `start`.
  row.reference = [op](const Sample& sample, const Inputs& in) {
    const auto found = std::find_if(kCases.begin(), kCases.end(), [&](const Case& c) { return c.text == sample.text; });
    const Shape& shape = in[0].shape();
    std::vector<bool> reduced(shape.rank(), found->over.axes.empty());
    for (int axis : found->over.axes) reduced[axis < 0 ? axis + shape.rank() : axis] = true;
    Shape kept = shape;
    double count = 1;
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (reduced[axis]) count *= static_cast<double>(std::exchange(kept[axis], 1));
    Tensor y = Tensor::full(kept, op == "max" ? -std::numeric_limits<double>::infinity() : 0, DType::f64);
    double* out = y.mutable_data<double>();
    plain::each(shape, [&](plain::Index i) {
      const double x = plain::at(in[0], i);
      for (int axis = 0; axis < shape.rank(); ++axis)
        if (reduced[axis]) i[axis] = 0;
      double& o = out[plain::offset(kept, i)];
      o = op == "max" ? std::max(o, x) : o + (op == "mean" ? x / count : x);
    });
    return y.view(sample.call(in).shape());
  };
  return row;
}

OpRow dot_row() {
  const Call call = [](const Inputs& in) { return dot(in[0], in[1]); };
  OpRow row{"dot", "y = sum of a * b", {}};
  row.samples = {
      {"a, b [3, 5]", {{3, 5}, {3, 5}}, call}, {"a, b []", {{}, {}}, call}, {"a, b [1000]", {{1000}, {1000}}, call}};
  row.errors = {{[] {
                   dot(Tensor::zeros({2, 3}), Tensor::zeros({3}));
                 },
                 "\\[dot\\] expected b of shape \\[2, 3\\] like a, got \\[3\\]"}};
  row.reference = [](const Sample&, const Inputs& in) {
    double sum = 0;
    for (std::int64_t i = 0; i < in[0].elements(); ++i) sum += in[0].at(i) * in[1].at(i);
    return Tensor::scalar(sum, DType::f64);
  };
  row.benchmark = {{"a, b [64, 32, 32, 16]", {{64, 32, 32, 16}, {64, 32, 32, 16}}, call}};
  return row;
}

}  // namespace

std::vector<OpRow> reduction_rows() {
  std::vector<OpRow> rows = {reduction_row("sum", "y = sum of x over the named axes", sum),
                             reduction_row("mean", "y = sum of x / number of its elements", mean),
                             reduction_row("max", "y = largest x over the named axes", max), dot_row()};
  rows[1].errors.push_back({[] { mean(Tensor::zeros({0, 2})); }, "\\[mean\\] expected elements to average"});
  rows[2].errors.push_back({[] { max(Tensor::zeros({0, 2})); }, "\\[max\\] expected elements to choose from"});
  return rows;
}

}  // namespace nascent
