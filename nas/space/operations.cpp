#include "nas/space/operations.h"

#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/parameterless.h"
#include "engine/nn/sequential.h"
#include "nas/space/blocks.h"

namespace nascent::nas {
namespace {

class Identity final : public Module {
 public:
  Tensor forward(const Tensor& x, const Context&) const override { return x; }
};

std::unique_ptr<Module> pool(bool average, const Scope& scope, const OperationOptions& o) {
  auto block = std::make_unique<Sequential>(scope);
  const PoolOptions options{.kernel = 3, .stride = o.stride, .padding = 1};
  if (average)
    block->add<AvgPool2d>(options);
  else
    block->add<MaxPool2d>(options);
  if (o.supernet) block->add<BatchNorm>({.channels = o.channels, .affine = false});
  return block;
}

struct Separable {
  std::int64_t kernel, dilation;
};

// ReLU - depthwise - 1x1 - batch norm
void add_separable(Sequential& block, const Separable& s, std::int64_t stride, const OperationOptions& o) {
  block.add<Relu>()
      .add<DepthwiseConv2d>({.channels = o.channels,
                             .kernel = s.kernel,
                             .stride = stride,
                             .padding = s.dilation * (s.kernel - 1) / 2,
                             .dilation = s.dilation})
      .add<Conv2d>({.in = o.channels, .out = o.channels})
      .add<BatchNorm>({.channels = o.channels, .affine = !o.supernet});
}

// Twice a separable convolution; the first one takes the stride.
std::unique_ptr<Module> sep_conv(std::int64_t kernel, const Scope& scope, const OperationOptions& o) {
  auto block = std::make_unique<Sequential>(scope);
  add_separable(*block, {kernel, 1}, o.stride, o);
  add_separable(*block, {kernel, 1}, 1, o);
  return block;
}

std::unique_ptr<Module> dil_conv(std::int64_t kernel, const Scope& scope, const OperationOptions& o) {
  auto block = std::make_unique<Sequential>(scope);
  add_separable(*block, {kernel, 2}, o.stride, o);
  return block;
}

[[noreturn]] void unknown(const std::string& name, const char* space) {
  throw UsageError("the " + std::string(space) + " space has no operation '" + name + "'");
}

}  // namespace

std::unique_ptr<Module> make_darts_operation(const std::string& name, const Scope& scope, const OperationOptions& o) {
  if (name == "none") return nullptr;
  if (name == "max_pool_3x3") return pool(false, scope, o);
  if (name == "avg_pool_3x3") return pool(true, scope, o);
  if (name == "skip_connect") {
    if (o.stride == 1) return std::make_unique<Identity>();
    return make_factorized_reduce(scope, {.in = o.channels, .out = o.channels, .affine = !o.supernet});
  }
  if (name == "sep_conv_3x3") return sep_conv(3, scope, o);
  if (name == "sep_conv_5x5") return sep_conv(5, scope, o);
  if (name == "sep_conv_7x7") return sep_conv(7, scope, o);
  if (name == "dil_conv_3x3") return dil_conv(3, scope, o);
  if (name == "dil_conv_5x5") return dil_conv(5, scope, o);
  unknown(name, "darts");
}

std::unique_ptr<Module> make_lecture_operation(const std::string& name, const Scope& scope, std::int64_t channels) {
  if (name == "skip") return std::make_unique<Identity>();
  auto block = std::make_unique<Sequential>(scope);
  if (name == "max_pool") {
    block->add<MaxPool2d>({.kernel = 3, .stride = 1, .padding = 1});
    return block;
  }
  if (name == "conv3x3") {
    block->add<Conv2d>({.in = channels, .out = channels, .kernel = 3, .padding = 1});
  } else if (name == "conv5x5") {
    block->add<Conv2d>({.in = channels, .out = channels, .kernel = 5, .padding = 2});
  } else if (name == "sep_conv3x3") {
    block->add<DepthwiseConv2d>({.channels = channels, .kernel = 3, .padding = 1})
        .add<Conv2d>({.in = channels, .out = channels});
  } else {
    unknown(name, "lecture");
  }
  block->add<BatchNorm>({.channels = channels}).add<Relu>();
  return block;
}

}  // namespace nascent::nas
