#include "nas/search/bilevel.h"

#include <cmath>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"
#include "engine/optim/clip.h"

namespace nascent::nas {
namespace {

void expect_finite(const char* what, double value) {
  if (!std::isfinite(value))
    throw NumericError(std::string(what) + " is not a number any more (" + std::to_string(value) +
                       "); a lower learning rate may help");
}

}  // namespace

std::int64_t count_correct(const Tensor& logits, std::span<const std::int32_t> labels) {
  return visit(logits.dtype(), [&](auto zero) {
    const auto rows = logits.matrix<decltype(zero)>();
    std::int64_t correct = 0;
    for (Eigen::Index row = 0; row < rows.rows(); ++row) {
      Eigen::Index best = 0;
      rows.row(row).maxCoeff(&best);
      correct += best == labels[row];
    }
    return correct;
  });
}

Bilevel::Bilevel(Supernet& supernet, const BilevelOptions& options)
    : supernet_(supernet),
      options_(options),
      weights_(supernet.store().weights()),
      alphas_(supernet.alphas()),
      sgd_(weights_, options.weights),
      adam_(alphas_, options.alphas) {}

StepReport Bilevel::step(const Batch& train, const Batch& validation) {
  StepReport report;
  if (options_.weights_first) step_weights(train, report);
  step_alphas(train, validation, report);
  if (!options_.weights_first) step_weights(train, report);
  return report;
}

void Bilevel::step_alphas(const Batch& train, const Batch& validation, StepReport& report) {
  const auto loss_on = [&](const Batch& batch, std::int64_t& correct) {
    const Tensor logits = supernet_.forward(batch.images, {});
    correct = count_correct(logits, batch.labels);
    return cross_entropy(logits, batch.labels);
  };
  std::int64_t unused = 0;
  const BilevelProblem problem{.weights = weights_,
                               .alphas = alphas_,
                               .buffers = supernet_.store().buffers(),
                               .train_loss = [&] { return loss_on(train, unused); },
                               .validation_loss = [&] { return loss_on(validation, report.validation_correct); }};
  const Hypergradient h = hypergradient(problem, options_.order,
                                        {.eta = sgd_.options().learning_rate,
                                         .momentum = sgd_.options().momentum,
                                         .weight_decay = sgd_.options().weight_decay,
                                         .velocity = sgd_.velocity()});
  report.validation_loss = h.validation_loss;
  expect_finite("validation loss", h.validation_loss);
  Gradients gradients;
  for (std::size_t i = 0; i < alphas_.size(); ++i) gradients.set(alphas_[i], h.alphas[i]);
  adam_.step(gradients);
}

void Bilevel::step_weights(const Batch& train, StepReport& report) {
  Tape tape;
  tape.watch(weights_);
  const Tensor logits = supernet_.forward(train.images, {});
  const Tensor loss = cross_entropy(logits, train.labels);
  report.train_loss = loss.item();
  report.train_correct = count_correct(logits, train.labels);
  expect_finite("training loss", report.train_loss);
  Gradients gradients = tape.backward(loss);
  if (options_.clip > 0) clip_grad_norm(gradients, weights_, options_.clip);
  sgd_.step(gradients);
}

}  // namespace nascent::nas
