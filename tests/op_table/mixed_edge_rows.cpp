#include "engine/ops/ops.h"
#include "tests/op_table/op_table.h"

namespace nascent {
namespace {

// Inputs: the weights (or dy) first, then the branches.
std::span<const Tensor> branches(const std::vector<Tensor>& in) { return std::span(in).subspan(1); }

Sample sum_sample(const Shape& branch, int count) {
  std::vector<Shape> inputs{{count}};
  inputs.insert(inputs.end(), count, branch);
  return {std::to_string(count) + " branches " + branch.text(), inputs,
          [](const auto& in) { return weighted_sum(in[0], branches(in)); }};
}
Sample dots_sample(const Shape& branch, int count) {
  return {std::to_string(count) + " branches " + branch.text(), std::vector<Shape>(count + 1, branch),
          [](const auto& in) { return branch_dots(in[0], branches(in)); }};
}

// A branch given twice and the weights' own dependence on it: gradients of all its uses meet.
Sample shared_sample() {
  return {"one branch in two places", {{3}, {2, 3}, {2, 3}}, [](const auto& in) {
            return weighted_sum(in[0], std::vector{in[1], in[2], in[1]});
          }};
}

std::vector<Tensor> zeros(const Shape& shape, int count) {
  return {static_cast<std::size_t>(count), Tensor::zeros(shape)};
}

ErrorCase sum_error(const Tensor& weights, const std::vector<Tensor>& parts, const std::string& message) {
  return {[=] { weighted_sum(weights, parts); },
          "\\[weighted_sum\\] expected " + message + " \\(mixed_edge_rows.cpp:\\d+\\)"};
}
ErrorCase dots_error(const Tensor& dy, const std::vector<Tensor>& parts, const std::string& message) {
  return {[=] { branch_dots(dy, parts); }, "\\[branch_dots\\] expected " + message + " \\(mixed_edge_rows.cpp:\\d+\\)"};
}

}  // namespace

std::vector<OpRow> mixed_edge_rows() {
  const Tensor two = Tensor::zeros({2}), image = Tensor::zeros({2, 3});
  const Tensor image64 = image.cast(DType::f64), other = Tensor::zeros({3, 2});
  return {
      {.op = "weighted_sum",
       .formula = "y = sum over k of weights[k] * branches[k], added in order of k",
       .samples = {sum_sample({2, 5, 3, 3}, 8), sum_sample({7}, 1), sum_sample({2, 3}, 16),
                   sum_sample({2, 3, 3, 19}, 5), shared_sample()},
       .errors = {sum_error(two, zeros({2, 3}, 3), "weights of shape \\[3\\], got \\[2\\]"),
                  sum_error(two, {}, "1 to 16 branches, got 0"),
                  sum_error(Tensor::zeros({17}), zeros({2, 3}, 17), "1 to 16 branches, got 17"),
                  sum_error(two, {image, other}, "branch 1 of shape \\[2, 3\\], got \\[3, 2\\]"),
                  sum_error(two, {image, Tensor()}, "a tensor for branch 1, got an undefined one"),
                  sum_error(two, {image, image64}, "branch 1 of f32 like the input, got f64"),
                  sum_error(two, {image64, image64}, "weights of f64 like the input, got f32"),
                  sum_error({}, {image}, "a tensor for weights, got an undefined one")},
       .benchmark = {sum_sample({64, 32, 32, 16}, 8), sum_sample({64, 16, 16, 32}, 8), sum_sample({64, 8, 8, 64}, 8)}},
      {.op = "branch_dots",
       .formula = "dots[k] = sum over all elements of dy * branches[k]",
       .samples = {dots_sample({2, 5, 3, 3}, 8), dots_sample({7}, 1), dots_sample({2, 3}, 16),
                   dots_sample({2, 3, 3, 19}, 5)},
       .errors = {dots_error(other, {image, image}, "dy of shape \\[2, 3\\], got \\[3, 2\\]"),
                  dots_error(image, {}, "1 to 16 branches, got 0"),
                  dots_error(image, {image, other}, "branch 1 of shape \\[2, 3\\], got \\[3, 2\\]"),
                  dots_error(image64, {image}, "dy of f32 like the input, got f64"),
                  dots_error({}, {image}, "a tensor for dy, got an undefined one")},
       .benchmark = {dots_sample({64, 32, 32, 16}, 8), dots_sample({64, 8, 8, 64}, 8)}},
  };
}

}  // namespace nascent
