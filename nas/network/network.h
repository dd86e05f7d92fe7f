#pragma once
// What training needs of a network: parameters, and logits of one or two classifiers.
#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"

namespace nascent::nas {

class Network : public Module {
 public:
  struct Logits {
    Tensor main, auxiliary;  // auxiliary is undefined without an auxiliary head, and in evaluation
  };
  Network(std::uint64_t seed, DType dtype) : store_(seed, dtype) {}
  virtual Logits logits(const Tensor& images, const Context& context) const = 0;
  Tensor forward(const Tensor& images, const Context& context) const override { return logits(images, context).main; }

  ParameterStore& store() { return store_; }
  const ParameterStore& store() const { return store_; }

 private:
  ParameterStore store_;
};

}  // namespace nascent::nas
