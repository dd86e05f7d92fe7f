#pragma once
// The two-optimizer loop of DARTS: alphas follow the validation loss by Adam, weights the training loss by SGD, in
// turn.
#include <cstdint>
#include <memory>

#include "engine/data/batches.h"
#include "engine/optim/adam.h"
#include "engine/optim/sgd.h"
#include "nas/search/hypergradient.h"
#include "nas/supernet/supernet.h"

namespace nascent::nas {

struct BilevelOptions {
  Order order = Order::first;
  SgdOptions weights = {.learning_rate = 0.025, .momentum = 0.9, .weight_decay = 3e-4};
  AdamOptions alphas = {.learning_rate = 3e-4, .beta1 = 0.5, .beta2 = 0.999, .weight_decay = 1e-3};
  double clip = 5;             // joint norm of the weights' gradient; 0 leaves it alone
  bool weights_first = false;  // the course demo steps the weights before the alphas, DARTS after
};

// Both losses are taken as the steps meet them: before the step they lead to, in training mode.
struct StepReport {
  double train_loss = 0, validation_loss = 0;
  std::int64_t train_correct = 0, validation_correct = 0;
};

class Bilevel {
 public:
  Bilevel(Supernet& supernet, const BilevelOptions& options);
  StepReport step(const Batch& train, const Batch& validation);
  Sgd& sgd() { return sgd_; }
  Adam& adam() { return adam_; }

 private:
  void step_alphas(const Batch& train, const Batch& validation, StepReport& report);
  void step_weights(const Batch& train, StepReport& report);

  Supernet& supernet_;
  BilevelOptions options_;
  std::vector<Tensor> weights_, alphas_;
  Sgd sgd_;
  Adam adam_;
};

// How many rows of [rows, classes] logits have their largest value (the first of equals) at the label.
std::int64_t count_correct(const Tensor& logits, std::span<const std::int32_t> labels);

}  // namespace nascent::nas
