#include "nas/space/operations.h"

#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/parameterless.h"
#include "engine/nn/sequential.h"
#include "nas/space/blocks.h"
#include "nas/space/fusable.h"

namespace nascent::nas {
namespace {

class Identity final : public Fusable {
 public:
  Tensor forward(const Tensor& x, const Context&) const override { return x; }
  MixedBranch branch() const override { return {.kind = MixedBranch::Kind::skip}; }
  std::size_t norms() const override { return 0; }
  void move_statistics(std::span<const BatchStatistics>, std::int64_t, const Context&) const override {}
};

// Layers one by one, and what they are together.
class Block final : public Fusable {
 public:
  explicit Block(const Scope& scope) : layers_(scope) {}
  Tensor forward(const Tensor& x, const Context& context) const override { return layers_.forward(x, context); }
  MixedBranch branch() const override { return branch_; }
  std::size_t norms() const override { return norms_.size(); }
  void move_statistics(std::span<const BatchStatistics> batch, std::int64_t values,
                       const Context& context) const override {
    for (std::size_t k = 0; k < norms_.size(); ++k)
      norms_[k]->move_statistics(batch[k].mean, batch[k].variance, values, context);
  }

  void add_pool(bool average, const OperationOptions& o) {
    const PoolOptions options{.kernel = 3, .stride = o.stride, .padding = 1};
    branch_.kind = average ? MixedBranch::Kind::avg_pool : MixedBranch::Kind::max_pool;
    if (average)
      layers_.add<AvgPool2d>(options);
    else
      layers_.add<MaxPool2d>(options);
    branch_.pool_norm = o.supernet;
    if (o.supernet) add_norm({.channels = o.channels, .affine = false});
  }
  // ReLU - depthwise - 1x1 - batch norm
  void add_separable(std::int64_t kernel, std::int64_t dilation, std::int64_t stride, const OperationOptions& o) {
    branch_.kind = MixedBranch::Kind::separable;
    layers_.add<Relu>().add<DepthwiseConv2d>({.channels = o.channels,
                                              .kernel = kernel,
                                              .stride = stride,
                                              .padding = dilation * (kernel - 1) / 2,
                                              .dilation = dilation});
    const Tensor depthwise = layers_.last<DepthwiseConv2d>().weight();
    layers_.add<Conv2d>({.in = o.channels, .out = o.channels});
    const Tensor pointwise = layers_.last<Conv2d>().weight();
    add_norm({.channels = o.channels, .affine = !o.supernet});
    branch_.blocks.push_back({depthwise, pointwise, dilation, norms_.back()->weight(), norms_.back()->bias()});
  }

 private:
  void add_norm(const BatchNorm::Options& options) {
    layers_.add<BatchNorm>(options);
    norms_.push_back(&layers_.last<BatchNorm>());
  }

  Sequential layers_;
  MixedBranch branch_;
  std::vector<const BatchNorm*> norms_;
};

std::unique_ptr<Module> pool(bool average, const Scope& scope, const OperationOptions& o) {
  auto block = std::make_unique<Block>(scope);
  block->add_pool(average, o);
  return block;
}

// Twice a separable convolution; the first one takes the stride.
std::unique_ptr<Module> sep_conv(std::int64_t kernel, const Scope& scope, const OperationOptions& o) {
  auto block = std::make_unique<Block>(scope);
  block->add_separable(kernel, 1, o.stride, o);
  block->add_separable(kernel, 1, 1, o);
  return block;
}

std::unique_ptr<Module> dil_conv(std::int64_t kernel, const Scope& scope, const OperationOptions& o) {
  auto block = std::make_unique<Block>(scope);
  block->add_separable(kernel, 2, o.stride, o);
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
  block->add<BatchNorm>({.channels = channels, .relu = true});
  return block;
}

}  // namespace nascent::nas
