#include "engine/ops/ops.h"
#include "tests/op_table/op_table.h"
#include "tests/op_table/plain.h"

namespace nascent {
namespace {

using Inputs = std::vector<Tensor>;

OpRow reshape_row() {
  const auto to = [](Shape shape) { return [shape](const Inputs& in) { return reshape(in[0], shape); }; };
  OpRow row{"reshape", "y = the elements of x, in order, in another shape", {}};
  row.samples = {{"x [2, 6] to [3, 2, 2]", {{2, 6}}, to({3, 2, 2})}, {"x [] to [1, 1]", {{}}, to({1, 1})}};
  row.errors = {{[] {
                   reshape(Tensor::zeros({2, 3}), {4});
                 },
                 "\\[reshape\\] expected a shape of 6 elements for \\[2, 3\\], got \\[4\\]"}};
  return row;
}

OpRow broadcast_to_row() {
  const auto to = [](Shape shape) { return [shape](const Inputs& in) { return broadcast_to(in[0], shape); }; };
  OpRow row{"broadcast_to", "y = x repeated along axes of size 1 and new outer axes", {}};
  row.samples = {{"x [3, 1] to [2, 3, 4]", {{3, 1}}, to({2, 3, 4})},
                 {"x [] to [5]", {{}}, to({5})},
                 {"x [2, 1, 3, 1, 2] to [2, 4, 3, 2, 2]", {{2, 1, 3, 1, 2}}, to({2, 4, 3, 2, 2})},
                 {"x [1, 33] to [9, 33]", {{1, 33}}, to({9, 33})}};
  row.errors = {{[] {
                   broadcast_to(Tensor::zeros({2, 3}), {2, 4});
                 },
                 "\\[broadcast_to\\] cannot stretch \\[2, 3\\] to \\[2, 4\\]"},
                {[] {
                   broadcast_to(Tensor::zeros({2, 3}), {3});
                 },
                 "\\[broadcast_to\\] cannot stretch"}};
  row.reference = [](const Sample& sample, const Inputs& in) {
    const Shape shape = sample.call(in).shape();
    return plain::make(shape, [&](const plain::Index& i) { return plain::stretched(in[0], i, shape.rank()); });
  };
  row.benchmark = {{"x [16] to [64, 32, 32, 16]", {{16}}, to({64, 32, 32, 16})}};
  return row;
}

// x's element at index - before, or zero: what pad, slice and shift2d all are.
double moved(const Tensor& x, plain::Index index, const std::vector<std::int64_t>& before) {
  for (int axis = 0; axis < x.shape().rank(); ++axis) {
    index[axis] -= before[axis];
    if (index[axis] < 0 || index[axis] >= x.shape()[axis]) return 0;
  }
  return plain::at(x, index);
}

OpRow pad_row() {
  struct Case {
    std::string text;
    Shape shape;
    Padding padding;
  };
  const std::vector<Case> cases = {
      {"x [2, 3] with 1, 2 before and 0, 3 after", {2, 3}, {{1, 2}, {0, 3}}},
      {"x [4, 5, 6] cut by 1, 0, 2 before and 2, 1, 0 after", {4, 5, 6}, {{-1, 0, -2}, {-2, -1, 0}}},
      {"x [3, 4, 5, 2] with zeros on one side and cuts on the other", {3, 4, 5, 2}, {{0, 2, -2, 0}, {0, -3, 4, 0}}},
      {"x [3, 4], everything cut away and replaced", {3, 4}, {{-3, 0}, {3, 0}}},
      {"x [2, 3], no padding", {2, 3}, {{0, 0}, {0, 0}}}};
  OpRow row{"pad", "y[i] = x[i - before], 0 outside of x", {}};
  for (const Case& c : cases)
    row.samples.push_back({c.text, {c.shape}, [padding = c.padding](const Inputs& in) { return pad(in[0], padding); }});
  row.errors = {{[] {
                   pad(Tensor::zeros({2, 3}), {{1}, {1}});
                 },
                 "\\[pad\\] expected 2 numbers before and after for \\[2, 3\\], got 1 and 1"},
                {[] {
                   pad(Tensor::zeros({2, 3}), {{-2, 0}, {-1, 0}});
                 },
                 "\\[pad\\] expected to cut at most 2 from axis 0, got -2 before and -1 after"}};
  row.reference = [cases](const Sample& sample, const Inputs& in) {
    for (const Case& c : cases)
      if (c.text == sample.text)
        return plain::make(sample.call(in).shape(),
                           [&](const plain::Index& i) { return moved(in[0], i, c.padding.before); });
    return Tensor();
  };
  row.benchmark = {{"x [64, 32, 32, 16], border 4", {{64, 32, 32, 16}}, [](const Inputs& in) {
                      return pad(in[0], {{0, 4, 4, 0}, {0, 4, 4, 0}});
                    }}};
  return row;
}

OpRow slice_row() {
  const auto of = [](Slice range) { return [range](const Inputs& in) { return slice(in[0], range); }; };
  OpRow row{"slice", "y = x[begin : end] along one axis", {}};
  row.samples = {{"x [2, 3, 7], last axis 2:5", {{2, 3, 7}}, of({-1, 2, 5})},
                 {"x [5, 3, 5], axis 0, 2:5", {{5, 3, 5}}, of({0, 2, 5})}};
  row.errors = {{[] {
                   slice(Tensor::zeros({2, 3}), {.axis = -1, .begin = 1, .end = 4});
                 },
                 "\\[slice\\] expected a range within \\[0, 3\\) of axis 1, got \\[1, 4\\)"},
                {[] {
                   slice(Tensor::zeros({2, 3}), {.axis = 2, .begin = 0, .end = 1});
                 },
                 "\\[slice\\] expected an axis of \\[2, 3\\], got 2"}};
  row.reference = [](const Sample& sample, const Inputs& in) {
    std::vector<std::int64_t> before(3, 0);
    before[in[0].shape()[-1] == 7 ? 2 : 0] = -2;
    return plain::make(sample.call(in).shape(), [&](const plain::Index& i) { return moved(in[0], i, before); });
  };
  row.benchmark = {{"x [64, 32, 32, 64], channels 16:32", {{64, 32, 32, 64}}, of({-1, 16, 32})}};
  return row;
}

OpRow shift2d_row() {
  const Call call = [](const Inputs& in) { return shift2d(in[0], {.rows = 1, .columns = 1}); };
  OpRow row{"shift2d", "y[n, i, j, c] = x[n, i + rows, j + columns, c], 0 beyond the border", {}};
  row.samples = {{"x [2, 3, 4, 5] by 1, 1", {{2, 3, 4, 5}}, call}, {"x [1, 1, 1, 2] by 1, 1", {{1, 1, 1, 2}}, call}};
  row.errors = {{[] { shift2d(Tensor::zeros({2, 3}), {}); }, "\\[shift2d\\] expected x with 4 axes, got \\[2, 3\\]"}};
  row.reference = [](const Sample&, const Inputs& in) {
    return plain::make(in[0].shape(), [&](const plain::Index& i) { return moved(in[0], i, {0, -1, -1, 0}); });
  };
  row.benchmark = {{"x [64, 32, 32, 16]", {{64, 32, 32, 16}}, call}};
  return row;
}

OpRow concat_row() {
  const Call call = [](const Inputs& in) { return concat(in); };
  OpRow row{"concat", "y = the parts side by side along the last axis", {}};
  row.samples = {{"[2, 3, 1], [2, 3, 4], [2, 3, 2]", {{2, 3, 1}, {2, 3, 4}, {2, 3, 2}}, call},
                 {"[5] alone", {{5}}, call},
                 {"[7, 17], [7, 3]", {{7, 17}, {7, 3}}, call}};
  const auto of = [](std::vector<Tensor> parts) { return [parts] { concat(parts); }; };
  row.errors = {{of({}), "\\[concat\\] expected at least one part, got none"},
                {of({Tensor::zeros({2, 3}), Tensor::zeros({3, 3})}),
                 "\\[concat\\] expected parts that differ in the last axis only, got \\[2, 3\\] and \\[3, 3\\]"},
                {of({Tensor::scalar(1)}), "\\[concat\\] expected parts with an axis to join, got a scalar"},
                {of({Tensor::zeros({2}), Tensor::zeros({2}, DType::f64)}), "\\[concat\\] expected one element type"}};
  row.reference = [](const Sample& sample, const Inputs& in) {
    const Shape shape = sample.call(in).shape();
    return plain::make(shape, [&](plain::Index i) {
      std::int64_t& column = i[shape.rank() - 1];
      std::size_t part = 0;
      while (column >= in[part].columns()) column -= in[part++].columns();
      return plain::at(in[part], i);
    });
  };
  row.benchmark = {{"four of [64, 32, 32, 16]", std::vector<Shape>(4, {64, 32, 32, 16}), call}};
  return row;
}

}  // namespace

std::vector<OpRow> shape_rows() {
  return {reshape_row(), broadcast_to_row(), pad_row(), slice_row(), shift2d_row(), concat_row()};
}

}  // namespace nascent
