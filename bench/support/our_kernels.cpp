// Our side of each case: the functions of kernels/*.h on buffers made beforehand.
#include <cmath>

#include "bench/support/buffer.h"
#include "bench/support/kernel_case.h"
#include "bench/support/our_block.h"
#include "bench/support/our_mix.h"
#include "kernels/batch_norm.h"
#include "kernels/elementwise.h"

namespace nascent::bench {
namespace {

using kernels::Conv2dShape;
using kernels::DepthwiseShape;
using Run = std::function<void()>;

std::shared_ptr<Buffer> buffer(std::int64_t count) { return std::make_shared<Buffer>(count); }

struct Prepare {
  Face face;

  Run operator()(const Conv2dShape& s) const {
    const auto x = buffer(s.batch * s.height * s.width * s.in_channels);
    const auto w = buffer(s.kernel_h * s.kernel_w * s.in_channels * s.out_channels);
    const auto y = buffer(s.batch * s.out_height() * s.out_width() * s.out_channels);
    switch (face) {
      case Face::forward: {
        const auto scratch = buffer(kernels::conv2d_forward_scratch<float>(s));
        return [=] { kernels::conv2d_forward(s, x->data(), w->data(), y->data(), scratch->data()); };
      }
      case Face::input_grad: {
        const auto scratch = buffer(kernels::conv2d_input_grad_scratch<float>(s));
        return [=] { kernels::conv2d_input_grad(s, y->data(), w->data(), x->data(), scratch->data()); };
      }
      default: {
        const auto scratch = buffer(kernels::conv2d_weight_grad_scratch<float>(s));
        return [=] { kernels::conv2d_weight_grad(s, x->data(), y->data(), w->data(), scratch->data()); };
      }
    }
  }

  Run operator()(const DepthwiseShape& s) const {
    const auto x = buffer(s.batch * s.height * s.width * s.channels);
    const auto w = buffer(s.kernel_h * s.kernel_w * s.channels);
    const auto y = buffer(s.batch * s.out_height() * s.out_width() * s.channels);
    switch (face) {
      case Face::forward: {
        const auto scratch = buffer(kernels::depthwise_conv2d_forward_scratch<float>(s));
        return [=] { kernels::depthwise_conv2d_forward(s, x->data(), w->data(), y->data(), scratch->data()); };
      }
      case Face::input_grad: {
        const auto scratch = buffer(kernels::depthwise_conv2d_input_grad_scratch<float>(s));
        return [=] { kernels::depthwise_conv2d_input_grad(s, y->data(), w->data(), x->data(), scratch->data()); };
      }
      default: {
        const auto scratch = buffer(kernels::depthwise_conv2d_weight_grad_scratch<float>(s));
        return [=] { kernels::depthwise_conv2d_weight_grad(s, x->data(), y->data(), w->data(), scratch->data()); };
      }
    }
  }

  Run operator()(const MaxPool& s) const {
    const std::int64_t outputs = s.batch * s.out_height() * s.out_width() * s.channels;
    const auto x = buffer(s.batch * s.height * s.width * s.channels), y = buffer(outputs);
    const auto tap = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(outputs));
    kernels::max_pool2d(s, x->data(), y->data(), tap->data());  // so that backward has winners
    if (face == Face::forward) return [=] { kernels::max_pool2d(s, x->data(), y->data(), tap->data()); };
    return [=] { kernels::max_pool2d_scatter(s, y->data(), tap->data(), x->data()); };
  }

  Run operator()(const AvgPool& s) const {
    const auto x = buffer(s.batch * s.height * s.width * s.channels);
    const auto y = buffer(s.batch * s.out_height() * s.out_width() * s.channels);
    if (face == Face::forward) return [=] { kernels::avg_pool2d(s, x->data(), y->data()); };
    return [=] { kernels::avg_pool2d_grad(s, y->data(), x->data()); };
  }

  Run operator()(const BatchNorm& image) const {
    const std::int64_t channels = image.channels;
    const kernels::BatchNormShape s{image.elements() / channels, channels};
    const auto x = buffer(image.elements()), y = buffer(image.elements());
    const auto mean = buffer(channels), var = buffer(channels), rstd = buffer(channels);
    const auto scratch = buffer(kernels::batch_norm_scratch<float>(s));
    const auto statistics = [=] {
      kernels::batch_norm_statistics(s, x->data(), mean->data(), var->data(), scratch->data());
      for (std::int64_t c = 0; c < channels; ++c) rstd->data()[c] = 1 / std::sqrt(var->data()[c] + 1e-5f);
    };
    statistics();
    if (face == Face::forward)
      return [=] {
        statistics();
        kernels::batch_norm_apply(s, x->data(), mean->data(), rstd->data(), nullptr, nullptr, y->data());
      };
    const auto dx = buffer(image.elements()), dgamma = buffer(channels), dbeta = buffer(channels);
    return [=] {
      kernels::batch_norm_backward(s, x->data(), y->data(), mean->data(), rstd->data(), nullptr, nullptr, dx->data(),
                                   dgamma->data(), dbeta->data(), scratch->data());
    };
  }

  Run operator()(const Block& s) const { return prepare_block(s, face); }
  Run operator()(const Mix& s) const { return prepare_mix(s, face); }

  Run operator()(const Relu& image) const {
    const std::int64_t n = image.elements();
    const auto x = buffer(n), y = buffer(n);
    if (face == Face::forward) return [=] { kernels::unary(kernels::Unary::relu, n, x->data(), y->data()); };
    const auto dx = buffer(n);
    return [=] { kernels::relu_grad(n, y->data(), x->data(), dx->data()); };
  }
};

}  // namespace

std::function<void()> prepare(const KernelCase& kernel) { return std::visit(Prepare{kernel.face}, kernel.problem); }

}  // namespace nascent::bench
