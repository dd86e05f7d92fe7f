#include "nas/space/heads.h"

#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/linear.h"
#include "engine/nn/parameterless.h"
#include "engine/nn/sequential.h"

namespace nascent::nas {
namespace {

class Classifier final : public Module {
 public:
  Classifier(const Scope& scope, const ClassifierOptions& o) : linear_(scope, {.in = o.in, .out = o.classes}) {}
  Tensor forward(const Tensor& x, const Context& context) const override {
    return linear_.forward(global_avg_pool2d(x), context);
  }

 private:
  Linear linear_;
};

}  // namespace

std::unique_ptr<Module> make_stem(const Scope& scope, const StemOptions& options) {
  auto stem = std::make_unique<Sequential>(scope);
  stem->add<Conv2d>({.in = options.in, .out = options.out, .kernel = 3, .padding = 1})
      .add<BatchNorm>({.channels = options.out, .relu = options.relu});
  return stem;
}

std::unique_ptr<Module> make_classifier(const Scope& scope, const ClassifierOptions& options) {
  return std::make_unique<Classifier>(scope, options);
}

}  // namespace nascent::nas
