#include "kernels/depthwise_conv2d.h"

#include <catch2/catch.hpp>
#include <string>

#include "kernels/conv2d.h"
#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

std::vector<DepthwiseShape> shapes() {
  std::vector<DepthwiseShape> list;
  for (std::int64_t c = 1; c <= 35; ++c) {
    list.push_back({2, 5, 7, c, 3, 3, 1, 1});
    list.push_back({1, 7, 6, c, 3, 3, 2, 1});
  }
  const std::int64_t kernels[][2] = {{1, 1}, {2, 2}, {3, 3}, {5, 5}, {7, 7}, {1, 3}, {3, 1}, {2, 5}, {4, 6}};
  for (const auto& k : kernels)
    for (std::int64_t stride = 1; stride <= 3; ++stride)
      for (std::int64_t dilation = 1; dilation <= 3; ++dilation)
        for (std::int64_t padding = 0; padding <= 4; padding += 2)
          for (const std::int64_t channels : {5, 20}) {
            const DepthwiseShape s{2, 13, 16, channels, k[0], k[1], stride, padding, dilation};
            if (s.out_height() >= 1 && s.out_width() >= 1) list.push_back(s);
          }
  list.push_back({2, 27, 29, 16, 5, 5, 1, 4, 2});
  list.push_back({1, 27, 29, 36, 3, 3, 2, 2, 2});
  list.push_back({40, 6, 6, 8, 3, 3, 1, 1});
  list.push_back({70, 8, 8, 16, 3, 3, 1, 1});  // several images a sum
  list.push_back({70, 7, 5, 20, 5, 5, 2, 4, 2});
  list.push_back({2, 33, 31, 64, 3, 3, 1, 1});
  list.push_back({1, 20, 21, 5, 17, 18, 2, 8});  // more taps than one list holds
  // By 4, 7, 8, 14 and 16 + 4, going back over stride 2 also by 2 and 1; taps outside at both ends.
  for (const std::int64_t width : {4, 6, 7, 8, 9, 14, 15, 16, 20, 28})
    for (const std::int64_t kernel : {3, 5, 7})
      for (std::int64_t stride = 1; stride <= 2; ++stride)
        for (std::int64_t dilation = 1; dilation <= 2; ++dilation)
          list.push_back({3, 9, width, 36, kernel, kernel, stride, dilation * (kernel - 1) / 2, dilation});
  for (std::int64_t stride = 1; stride <= 2; ++stride)  // more than 2 MB, where rows are fetched ahead
    list.push_back({1, 128, 128, 36, 3, 3, stride, 1});
  for (const std::int64_t kernel : {3, 5})  // more than 6, every other pixel of every other row
    list.push_back({3, 128, 127, 36, kernel, kernel, 2, kernel - 1, 2});
  return list;
}

std::string describe(const DepthwiseShape& s) {
  std::string text;
  for (const std::int64_t v :
       {s.batch, s.height, s.width, s.channels, s.kernel_h, s.kernel_w, s.stride, s.padding, s.dilation})
    text += std::to_string(v) + " ";
  return "batch height width channels kernel_h kernel_w stride padding dilation: " + text;
}

Conv2dShape as_conv2d(const DepthwiseShape& s) {
  return {s.batch,    s.height, s.width,   s.channels, s.channels, s.kernel_h,
          s.kernel_w, s.stride, s.padding, s.dilation, s.channels};
}

std::int64_t inputs(const DepthwiseShape& s) { return s.batch * s.height * s.width * s.channels; }
std::int64_t outputs(const DepthwiseShape& s) { return s.batch * s.out_height() * s.out_width() * s.channels; }
std::int64_t weights(const DepthwiseShape& s) { return s.kernel_h * s.kernel_w * s.channels; }

template <class To, class From, class Run>
std::vector<To> run(std::int64_t n, std::int64_t scratch_size, const Run& kernel) {
  Guarded<From> out(n), scratch(scratch_size);
  kernel(out.data(), scratch.data());
  CHECK(out.fences_stand());
  CHECK(scratch.fences_stand());
  const std::vector<From> values = out.values();
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("depthwise_conv2d equals conv2d with a group a channel, on every instruction set") {
  for (const DepthwiseShape& s : shapes()) {
    INFO(describe(s));
    const Conv2dShape conv = as_conv2d(s);
    const auto x = integers<double>(inputs(s), 1), w = integers<double>(weights(s), 2);
    const auto dy = integers<double>(outputs(s), 3);
    const auto y = run<double, double>(outputs(s), conv2d_forward_scratch<double>(conv), [&](double* out, double* t) {
      conv2d_forward(conv, x.data(), w.data(), out, t);
    });
    const auto dx =
        run<double, double>(inputs(s), conv2d_input_grad_scratch<double>(conv),
                            [&](double* out, double* t) { conv2d_input_grad(conv, dy.data(), w.data(), out, t); });
    const auto dw =
        run<double, double>(weights(s), conv2d_weight_grad_scratch<double>(conv),
                            [&](double* out, double* t) { conv2d_weight_grad(conv, x.data(), dy.data(), out, t); });
    CHECK(run<double, double>(outputs(s), depthwise_conv2d_forward_scratch<double>(s), [&](double* out, double* t) {
            depthwise_conv2d_forward(s, x.data(), w.data(), out, t);
          }) == y);
    CHECK(run<double, double>(inputs(s), depthwise_conv2d_input_grad_scratch<double>(s), [&](double* out, double* t) {
            depthwise_conv2d_input_grad(s, dy.data(), w.data(), out, t);
          }) == dx);
    CHECK(run<double, double>(weights(s), depthwise_conv2d_weight_grad_scratch<double>(s), [&](double* out, double* t) {
            depthwise_conv2d_weight_grad(s, x.data(), dy.data(), out, t);
          }) == dw);
    const std::vector<float> xf(x.begin(), x.end()), wf(w.begin(), w.end()), dyf(dy.begin(), dy.end());
    // The public conv2d in float recognises the shape.
    CHECK(run<double, float>(outputs(s), conv2d_forward_scratch<float>(conv),
                             [&](float* out, float* t) { conv2d_forward(conv, xf.data(), wf.data(), out, t); }) == y);
    CHECK(run<double, float>(inputs(s), conv2d_input_grad_scratch<float>(conv), [&](float* out, float* t) {
            conv2d_input_grad(conv, dyf.data(), wf.data(), out, t);
          }) == dx);
    CHECK(run<double, float>(weights(s), conv2d_weight_grad_scratch<float>(conv), [&](float* out, float* t) {
            conv2d_weight_grad(conv, xf.data(), dyf.data(), out, t);
          }) == dw);
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name);
      CHECK(run<double, float>(outputs(s), depthwise_conv2d_forward_scratch<float>(s), [&](float* out, float* t) {
              isa->depthwise_conv2d_forward(s, xf.data(), wf.data(), out, t);
            }) == y);
      CHECK(run<double, float>(inputs(s), depthwise_conv2d_input_grad_scratch<float>(s), [&](float* out, float* t) {
              isa->depthwise_conv2d_input_grad(s, dyf.data(), wf.data(), out, t);
            }) == dx);
      CHECK(run<double, float>(weights(s), depthwise_conv2d_weight_grad_scratch<float>(s), [&](float* out, float* t) {
              isa->depthwise_conv2d_weight_grad(s, xf.data(), dyf.data(), out, t);
            }) == dw);
    }
  }
}
