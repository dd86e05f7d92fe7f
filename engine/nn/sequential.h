#pragma once
#include <memory>
#include <type_traits>
#include <vector>

#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"

namespace nascent {

// Layers one after the other, children named by their place as PyTorch does: "0", "1", ... Layers without parameters
// take a number too.
//   Sequential block(scope);
//   block.add<Relu>().add<Conv2d>({.in = 16, .out = 32}).add<BatchNorm>({.channels = 32});
class Sequential final : public Module {
 public:
  explicit Sequential(Scope scope) : scope_(std::move(scope)) {}

  // Constructs Layer(next(), options, where), or Layer(options, where) when it has no parameters.
  template <class Layer>
  Sequential& add(const typename Layer::Options& options = {}, Where where = Where::current()) {
    if constexpr (std::is_constructible_v<Layer, Scope, const typename Layer::Options&, Where>)
      return append(std::make_unique<Layer>(next(), options, where));
    else
      return append(std::make_unique<Layer>(options, where));
  }
  Sequential& append(std::unique_ptr<Module> layer) {
    layers_.push_back(std::move(layer));
    return *this;
  }
  // Where the next layer's parameters belong, for layers built by hand.
  Scope next() const { return scope_ / static_cast<std::int64_t>(layers_.size()); }
  // The layer added last, known to be a Layer.
  template <class Layer>
  const Layer& last() const {
    return dynamic_cast<const Layer&>(*layers_.back());
  }
  std::size_t size() const { return layers_.size(); }

  Tensor forward(const Tensor& x, const Context& context) const override {
    Tensor y = x;
    for (const auto& layer : layers_) y = layer->forward(y, context);
    return y;
  }

 private:
  Scope scope_;
  std::vector<std::unique_ptr<Module>> layers_;
};

}  // namespace nascent
