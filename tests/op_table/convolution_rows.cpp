#include "engine/ops/ops.h"
#include "kernels/conv2d.h"
#include "kernels/depthwise_conv2d.h"
#include "tests/op_table/op_table.h"
#include "tests/op_table/stages.h"

namespace nascent {
namespace {

struct ConvCase {
  Shape x, weight;
  Conv2dOptions options = {};

  std::string text() const {
    return "x " + x.text() + ", weight " + weight.text() + ", stride " + std::to_string(options.stride) + ", padding " +
           std::to_string(options.padding) + ", dilation " + std::to_string(options.dilation) + ", groups " +
           std::to_string(options.groups);
  }
  Shape y() const {
    const kernels::Conv2dShape s{.height = x[1],
                                 .width = x[2],
                                 .kernel_h = weight[0],
                                 .kernel_w = weight[1],
                                 .stride = options.stride,
                                 .padding = options.padding,
                                 .dilation = options.dilation};
    return {x[0], s.out_height(), s.out_width(), weight[3]};
  }
  Sample forward() const {
    return {text(), {x, weight}, [*this](const auto& in) { return conv2d(in[0], in[1], options); }};
  }
  Sample input_grad() const {
    return {text(), {y(), weight}, [*this](const auto& in) { return conv2d_input_grad(in[0], in[1], x, options); }};
  }
  Sample weight_grad() const {
    return {text(), {x, y()}, [*this](const auto& in) { return conv2d_weight_grad(in[0], in[1], weight, options); }};
  }
};

struct DepthwiseCase {
  Shape x, weight;
  DepthwiseOptions options = {};

  std::string text() const {
    return "x " + x.text() + ", weight " + weight.text() + ", stride " + std::to_string(options.stride) + ", padding " +
           std::to_string(options.padding) + ", dilation " + std::to_string(options.dilation);
  }
  Shape y() const {
    const kernels::DepthwiseShape s{.height = x[1],
                                    .width = x[2],
                                    .kernel_h = weight[0],
                                    .kernel_w = weight[1],
                                    .stride = options.stride,
                                    .padding = options.padding,
                                    .dilation = options.dilation};
    return {x[0], s.out_height(), s.out_width(), x[3]};
  }
  Sample forward() const {
    return {text(), {x, weight}, [*this](const auto& in) { return depthwise_conv2d(in[0], in[1], options); }};
  }
  Sample input_grad() const {
    return {text(), {y(), weight}, [*this](const auto& in) {
              return depthwise_conv2d_input_grad(in[0], in[1], x, options);
            }};
  }
  Sample weight_grad() const {
    return {text(), {x, y()}, [*this](const auto& in) {
              return depthwise_conv2d_weight_grad(in[0], in[1], weight, options);
            }};
  }
};

// The channel counts go past a vector of 4, 8 and 16 lanes and leave a remainder.
const std::vector<ConvCase> kConvs{
    {{2, 7, 5, 3}, {3, 3, 3, 4}, {}},
    {{2, 7, 5, 3}, {3, 3, 3, 4}, {.padding = 1}},
    {{2, 7, 5, 3}, {3, 3, 3, 5}, {.stride = 2, .padding = 1}},
    {{1, 9, 7, 2}, {3, 3, 2, 3}, {.padding = 2, .dilation = 2}},
    {{1, 8, 9, 2}, {5, 5, 2, 3}, {.stride = 2, .padding = 2}},
    {{1, 7, 5, 2}, {1, 5, 2, 2}, {.padding = 1}},
    {{2, 5, 6, 3}, {2, 2, 3, 2}, {.padding = 1}},
    {{2, 5, 4, 17}, {1, 1, 17, 19}, {}},
    {{2, 7, 5, 6}, {1, 1, 6, 4}, {.stride = 2}},
    {{2, 6, 5, 6}, {3, 3, 3, 4}, {.padding = 1, .groups = 2}},
    {{1, 6, 5, 4}, {3, 3, 1, 8}, {.stride = 2, .padding = 1, .groups = 4}},
    {{1, 3, 3, 2}, {3, 3, 2, 1}, {}},
    {{1, 1, 1, 1}, {3, 3, 1, 1}, {.padding = 1}},
};
const std::vector<DepthwiseCase> kDepthwise{
    {{2, 7, 5, 3}, {3, 3, 3}, {}},
    {{2, 7, 5, 3}, {3, 3, 3}, {.padding = 1}},
    {{2, 7, 5, 19}, {3, 3, 19}, {.stride = 2, .padding = 1}},
    {{1, 9, 7, 2}, {3, 3, 2}, {.padding = 2, .dilation = 2}},
    {{1, 9, 8, 3}, {5, 5, 3}, {.padding = 2}},
    {{1, 8, 9, 3}, {5, 5, 3}, {.stride = 2, .padding = 2}},
    {{1, 9, 8, 2}, {5, 5, 2}, {.stride = 2, .padding = 4, .dilation = 2}},
    {{2, 5, 6, 3}, {2, 2, 3}, {.padding = 1}},
    {{2, 5, 4, 5}, {1, 1, 5}, {.stride = 2}},
    {{1, 1, 1, 1}, {3, 3, 1}, {.padding = 1}},
};
// The layers of a search on 32x32 images with 16 channels and three resolutions, batch 64.
std::vector<ConvCase> timed_convs() {
  std::vector<ConvCase> cases{{{64, 32, 32, 3}, {3, 3, 3, 48}, {.padding = 1}},
                              {{64, 32, 32, 64}, {1, 1, 64, 16}, {.stride = 2}}};
  for (const Stage& stage : timed_stages()) {
    const std::int64_t c = stage.channels;
    cases.push_back({stage.images(), {1, 1, c, c}});
    cases.push_back({{stage.batch, stage.side, stage.side, 4 * c}, {1, 1, 4 * c, c}});
    cases.push_back({stage.images(), {3, 3, c, c}, {.padding = 1}});
  }
  return cases;
}
std::vector<DepthwiseCase> timed_depthwise() {
  std::vector<DepthwiseCase> cases;
  for (const Stage& stage : timed_stages())
    for (const std::int64_t kernel : {3, 5})
      for (const std::int64_t stride : {1, 2})
        for (const std::int64_t dilation : {1, 2})
          cases.push_back({stage.images(),
                           {kernel, kernel, stage.channels},
                           {.stride = stride, .padding = dilation * (kernel / 2), .dilation = dilation}});
  return cases;
}

template <class Case>
std::vector<Sample> samples(const std::vector<Case>& cases, Sample (Case::*face)() const) {
  std::vector<Sample> out;
  for (const Case& c : cases) out.push_back((c.*face)());
  return out;
}

Tensor zeros(const Shape& shape, DType dtype = DType::f32) { return Tensor::zeros(shape, dtype); }

ErrorCase conv_error(const Shape& x, const Shape& weight, Conv2dOptions options, const std::string& message) {
  return {[=] { conv2d(zeros(x), zeros(weight), options); }, "\\[conv2d\\] " + message};
}
ErrorCase depthwise_error(const Shape& x, const Shape& weight, DepthwiseOptions options, const std::string& message) {
  return {[=] { depthwise_conv2d(zeros(x), zeros(weight), options); }, "\\[depthwise_conv2d\\] " + message};
}

std::vector<ErrorCase> conv_errors() {
  const Shape x{2, 7, 5, 16}, w{3, 3, 16, 4};
  return {
      conv_error(x, {3, 3, 3, 4}, {}, "expected weight with 16 input channels, got 3 \\(convolution_rows.cpp:\\d+\\)"),
      conv_error({7, 5, 16}, w, {}, "expected input \\[batch, height, width, channels\\], got \\[7, 5, 16\\]"),
      conv_error(x, {3, 3, 16}, {}, "expected weight \\[kernel_h, kernel_w, in/groups, out\\], got \\[3, 3, 16\\]"),
      conv_error(x, w, {.stride = 0}, "expected a stride of at least 1, got 0"),
      conv_error(x, w, {.padding = -1}, "expected a padding of at least 0, got -1"),
      conv_error(x, w, {.dilation = 0}, "expected a dilation of at least 1, got 0"),
      conv_error(x, w, {.groups = 0}, "expected a number of groups of at least 1, got 0"),
      conv_error(x, {3, 3, 5, 6}, {.groups = 3}, "expected channels divisible by 3 groups, got 16 in and 6 out"),
      conv_error(x, {3, 3, 4, 6}, {.groups = 4}, "expected channels divisible by 4 groups, got 16 in and 6 out"),
      conv_error(x, {0, 3, 16, 4}, {}, "expected a kernel height of at least 1, got 0"),
      conv_error(x, {7, 7, 16, 4}, {}, "expected a window that fits the padded image 7x5, got 7x7"),
      conv_error(x, w, {.padding = 1, .dilation = 4}, "expected a window that fits the padded image 9x7, got 9x9"),
      {[=] { conv2d(Tensor(), zeros(w)); }, "\\[conv2d\\] expected a tensor for input, got an undefined one"},
      {[=] { conv2d(zeros(x), Tensor()); }, "\\[conv2d\\] expected a tensor for weight, got an undefined one"},
      {[=] { conv2d(zeros(x), zeros(w, DType::f64)); }, "\\[conv2d\\] expected weight of f32 like the input, got f64"},
  };
}

std::vector<ErrorCase> depthwise_errors() {
  const Shape x{2, 7, 5, 16}, w{3, 3, 16};
  return {
      depthwise_error(x, {3, 3, 4}, {}, "expected weight with 16 channels, got 4 \\(convolution_rows.cpp:\\d+\\)"),
      depthwise_error({7, 5, 16}, w, {}, "expected input \\[batch, height, width, channels\\], got \\[7, 5, 16\\]"),
      depthwise_error(x, {3, 3, 1, 16}, {}, "expected weight \\[kernel_h, kernel_w, channels\\], got"),
      depthwise_error(x, w, {.stride = 0}, "expected a stride of at least 1, got 0"),
      depthwise_error(x, w, {.padding = -1}, "expected a padding of at least 0, got -1"),
      depthwise_error(x, w, {.dilation = 0}, "expected a dilation of at least 1, got 0"),
      depthwise_error(x, {7, 7, 16}, {}, "expected a window that fits the padded image 7x5, got 7x7"),
      {[=] { depthwise_conv2d(zeros(x), Tensor()); }, "\\[depthwise_conv2d\\] expected a tensor for weight"},
      {[=] { depthwise_conv2d(zeros(x, DType::f64), zeros(w)); },
       "\\[depthwise_conv2d\\] expected weight of f64 like the input, got f32"},
  };
}

}  // namespace

std::vector<OpRow> convolution_rows() {
  const Shape x{2, 7, 5, 4}, y{2, 5, 3, 4}, wrong_y{2, 5, 4, 4}, conv{3, 3, 4, 4}, depthwise{3, 3, 4};
  const std::string dy_shape = "\\] expected dy of shape \\[2, 5, 3, 4\\], got \\[2, 5, 4, 4\\]";
  const std::string no_weight = "\\] expected a tensor for weight, got an undefined one";
  const std::string dy_type = "\\] expected dy of f32 like the input, got f64";
  return {
      {.op = "conv2d",
       .formula = "y[n,i,j,o] = sum over u,v,c of x[n, i*stride - padding + u*dilation, ..., c] * w[u,v,c,o]",
       .samples = samples(kConvs, &ConvCase::forward),
       .errors = conv_errors(),
       .benchmark = samples(timed_convs(), &ConvCase::forward)},
      {.op = "conv2d_input_grad",
       .formula = "the dx with <dx, x> = <dy, conv2d(x, w)> for every x",
       .samples = samples(kConvs, &ConvCase::input_grad),
       .errors = {{[=] { conv2d_input_grad(zeros(wrong_y), zeros(conv), x); }, "\\[conv2d_input_grad" + dy_shape},
                  {[=] { conv2d_input_grad(zeros(y), Tensor(), x); }, "\\[conv2d_input_grad" + no_weight}},
       .benchmark = samples(timed_convs(), &ConvCase::input_grad)},
      {.op = "conv2d_weight_grad",
       .formula = "the dw with <dw, w> = <dy, conv2d(x, w)> for every w",
       .samples = samples(kConvs, &ConvCase::weight_grad),
       .errors = {{[=] { conv2d_weight_grad(zeros(x), zeros(wrong_y), conv); }, "\\[conv2d_weight_grad" + dy_shape},
                  {[=] { conv2d_weight_grad(zeros(x), zeros(y, DType::f64), conv); },
                   "\\[conv2d_weight_grad" + dy_type}},
       .benchmark = samples(timed_convs(), &ConvCase::weight_grad)},
      {.op = "depthwise_conv2d",
       .formula = "y[n,i,j,c] = sum over u,v of x[n, i*stride - padding + u*dilation, ..., c] * w[u,v,c]",
       .samples = samples(kDepthwise, &DepthwiseCase::forward),
       .errors = depthwise_errors(),
       .benchmark = samples(timed_depthwise(), &DepthwiseCase::forward)},
      {.op = "depthwise_conv2d_input_grad",
       .formula = "the dx with <dx, x> = <dy, depthwise_conv2d(x, w)> for every x",
       .samples = samples(kDepthwise, &DepthwiseCase::input_grad),
       .errors = {{[=] { depthwise_conv2d_input_grad(zeros(wrong_y), zeros(depthwise), x); },
                   "\\[depthwise_conv2d_input_grad" + dy_shape},
                  {[=] { depthwise_conv2d_input_grad(zeros(y), Tensor(), x); },
                   "\\[depthwise_conv2d_input_grad" + no_weight}},
       .benchmark = samples(timed_depthwise(), &DepthwiseCase::input_grad)},
      {.op = "depthwise_conv2d_weight_grad",
       .formula = "the dw with <dw, w> = <dy, depthwise_conv2d(x, w)> for every w",
       .samples = samples(kDepthwise, &DepthwiseCase::weight_grad),
       .errors = {{[=] { depthwise_conv2d_weight_grad(zeros(x), zeros(wrong_y), depthwise); },
                   "\\[depthwise_conv2d_weight_grad" + dy_shape},
                  {[=] { depthwise_conv2d_weight_grad(zeros(x), zeros(y, DType::f64), depthwise); },
                   "\\[depthwise_conv2d_weight_grad" + dy_type}},
       .benchmark = samples(timed_depthwise(), &DepthwiseCase::weight_grad)},
  };
}

}  // namespace nascent
