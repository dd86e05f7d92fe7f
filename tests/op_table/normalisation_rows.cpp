#include <cmath>

#include "engine/ops/ops.h"
#include "tests/op_table/op_table.h"
#include "tests/op_table/stages.h"

namespace nascent {
namespace {

Sample batch_sample(const Shape& x, bool relu = false) {
  const Shape channels{x[-1]};
  return {"x " + x.text() + ", gamma, beta" + (relu ? ", relu" : ""), {x, channels, channels}, [relu](const auto& in) {
            return batch_norm(in[0], in[1], in[2], {.relu = relu}).y;
          }};
}
Sample plain_batch_sample(const Shape& x, double epsilon = 1e-5) {
  return {"x " + x.text() + ", epsilon " + std::to_string(epsilon), {x}, [epsilon](const auto& in) {
            return batch_norm(in[0], {}, {}, {.epsilon = epsilon}).y;
          }};
}

// Statistics as a network would have gathered them: means near 0, variances in [0.5, 2).
Tensor statistics(std::int64_t channels, DType dtype, const char* what, double low, double high) {
  const Random random(3, what);
  Tensor t = Tensor::empty({channels}, dtype);
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t c = 0; c < channels; ++c)
      t.mutable_data<T>()[c] = static_cast<T>(static_cast<float>(low + (high - low) * random.uniform(c)));
  });
  return t;
}
Tensor running_mean(const Tensor& x) { return statistics(x.columns(), x.dtype(), "mean", -0.5, 0.5); }
Tensor running_variance(const Tensor& x) { return statistics(x.columns(), x.dtype(), "variance", 0.5, 2); }

template <bool relu = false>
Tensor normalised_with(const std::vector<Tensor>& in) {
  const Tensor gamma = in.size() > 1 ? in[1] : Tensor(), beta = in.size() > 2 ? in[2] : Tensor();
  return batch_norm_with(in[0], gamma, beta, running_mean(in[0]), running_variance(in[0]), {.relu = relu});
}
Sample given_sample(const Shape& x, bool affine) {
  const Shape channels{x[-1]};
  if (affine) return {"x " + x.text() + ", gamma, beta", {x, channels, channels}, normalised_with<>};
  return {"x " + x.text(), {x}, normalised_with<>};
}

Sample drop_sample(const Shape& x, double probability) {
  return {"x " + x.text() + ", probability " + std::to_string(probability), {x}, [probability](const auto& in) {
            return drop_path(in[0], probability, Random(5, "drop path", {2}));
          }};
}

ErrorCase norm_error(const Shape& x, const Shape& gamma, const Shape& beta, const std::string& message) {
  return {[=] { batch_norm(Tensor::zeros(x), Tensor::zeros(gamma), Tensor::zeros(beta)); },
          "\\[batch_norm\\] expected " + message + " \\(normalisation_rows.cpp:\\d+\\)"};
}
ErrorCase with_error(const Tensor& mean, const Tensor& variance, const std::string& message) {
  return {[=] {
            batch_norm_with(Tensor::zeros({4, 3}), {}, {}, mean, variance);
          },
          "\\[batch_norm_with\\] expected " + message};
}
ErrorCase drop_error(double probability, const std::string& got) {
  return {[=] {
            drop_path(Tensor::zeros({4, 3}), probability, Random(0, ""));
          },
          "\\[drop_path\\] expected a probability in \\[0, 1\\), got " + got};
}

std::vector<Sample> timed_batches() {
  std::vector<Sample> timed{batch_sample({64, 32, 32, 48})};  // the stem's, with scale and shift
  for (const Stage& stage : timed_stages()) timed.push_back(plain_batch_sample(stage.images()));
  return timed;
}

}  // namespace

std::vector<OpRow> normalisation_rows() {
  const Tensor three = Tensor::zeros({3}), four = Tensor::zeros({4});
  return {
      {.op = "batch_norm",
       .formula = "y = (x - mean(x)) / sqrt(var(x) + epsilon) * gamma + beta, a channel at a time, var biased; a ReLU "
                  "behind if asked for",
       .samples = {batch_sample({2, 7, 5, 3}), batch_sample({3, 2, 2, 19}), batch_sample({6, 4}),
                   plain_batch_sample({2, 5, 7, 5}), plain_batch_sample({9, 3}), plain_batch_sample({4, 3, 3, 2}, 0.1),
                   batch_sample({3, 5, 3, 6}, true),
                   Sample{"x [2, 3, 3, 5], relu",
                          {{2, 3, 3, 5}},
                          [](const auto& in) { return batch_norm(in[0], {}, {}, {.relu = true}).y; }},
                   Sample{"x [2, 3, 3, 4], gamma",
                          {{2, 3, 3, 4}, {4}},
                          [](const auto& in) { return batch_norm(in[0], in[1], {}).y; }},
                   Sample{"x [2, 3, 3, 4], beta",
                          {{2, 3, 3, 4}, {4}},
                          [](const auto& in) { return batch_norm(in[0], {}, in[1]).y; }}},
       .errors = {norm_error({2, 5, 5, 3}, {4}, {3}, "gamma of shape \\[3\\], got \\[4\\]"),
                  norm_error({2, 5, 5, 3}, {3}, {1, 3}, "beta of shape \\[3\\], got \\[1, 3\\]"),
                  norm_error({3}, {3}, {3}, "input \\[..., channels\\] of rank 2 or more, got \\[3\\]"),
                  norm_error({1, 1, 1, 3}, {3}, {3},
                             "at least 2 values a channel to take statistics of, got \\[1, 1, 1, 3\\]"),
                  {[=] {
                     batch_norm(Tensor::zeros({4, 3}), Tensor::zeros({3}, DType::f64), {});
                   },
                   "\\[batch_norm\\] expected gamma of f32 like the input, got f64"},
                  {[=] {
                     batch_norm(Tensor::zeros({4, 3}), {}, {}, {.epsilon = -1});
                   },
                   "\\[batch_norm\\] expected an epsilon of at least 0, got -1"},
                  {[=] { batch_norm({}, three, three); }, "\\[batch_norm\\] expected a tensor for input"}},
       .exact_on_integers = false,
       .benchmark = timed_batches()},
      {.op = "batch_norm_with",
       .formula =
           "y = (x - mean) / sqrt(variance + epsilon) * gamma + beta with given statistics; a ReLU behind if asked for",
       .samples = {given_sample({2, 7, 5, 3}, true), given_sample({2, 3, 3, 19}, true), given_sample({5, 4}, true),
                   given_sample({2, 5, 7, 5}, false), given_sample({1, 3}, false),
                   Sample{"x [2, 3, 5, 3], gamma, beta, relu", {{2, 3, 5, 3}, {3}, {3}}, normalised_with<true>},
                   Sample{"x [2, 3, 5, 3], relu", {{2, 3, 5, 3}}, normalised_with<true>}},
       .errors = {with_error(four, three, "mean of shape \\[3\\], got \\[4\\]"),
                  with_error(three, four, "variance of shape \\[3\\], got \\[4\\]"),
                  with_error({}, three, "a tensor for mean, got an undefined one"),
                  with_error(three, {}, "a tensor for variance, got an undefined one"),
                  with_error(three.cast(DType::f64), three, "mean of f32 like the input, got f64")},
       .exact_on_integers = false,
       .benchmark = {given_sample({64, 32, 32, 16}, false), given_sample({64, 8, 8, 64}, true)}},
      {.op = "drop_path",
       .formula = "y[n] = 0 with the given probability, else x[n] / (1 - probability): whole samples, first axis",
       .samples = {drop_sample({8, 3, 2, 3}, 0.5), drop_sample({16, 5}, 0.75), drop_sample({4, 2}, 0)},
       .errors = {drop_error(1, "1"),
                  drop_error(-0.1, "-0.1"),
                  drop_error(NAN, "nan"),
                  {[] { drop_path(Tensor::scalar(1), 0.5, Random(0, "")); },
                   "\\[drop_path\\] expected input with a batch axis, got \\[\\]"},
                  {[] { drop_path({}, 0.5, Random(0, "")); }, "\\[drop_path\\] expected a tensor for input"}},
       .benchmark = {drop_sample({64, 32, 32, 16}, 0.5)}},
  };
}

}  // namespace nascent
