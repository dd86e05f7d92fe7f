#include "nas/network/train.h"

#include <chrono>
#include <cmath>
#include <numeric>

#include "engine/autograd/tape.h"
#include "engine/data/batches.h"
#include "engine/ops/ops.h"
#include "engine/optim/clip.h"
#include "engine/optim/cosine_schedule.h"
#include "nas/search/bilevel.h"

namespace nascent::nas {
namespace {

std::variant<Sgd, Adam> make_optimizer(const std::vector<Tensor>& weights, const WeightOptimizer& options) {
  if (const auto* adam = std::get_if<AdamOptions>(&options)) return Adam(weights, *adam);
  return Sgd(weights, std::get<SgdOptions>(options));
}

}  // namespace

std::vector<TrainEpoch> train(Network& network, const TrainingData& training, const Normalization& normalization,
                              const TrainOptions& options, const TrainObserver& observer) {
  using Clock = std::chrono::steady_clock;
  const Dataset& data = training.data;
  const std::vector<Tensor> weights = network.store().weights();
  std::variant<Sgd, Adam> optimizer = make_optimizer(weights, options.optimizer);
  const double learning_rate = std::visit([](const auto& o) { return o.learning_rate; }, options.optimizer);
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  BatchSampler sampler(all, {.batch = options.batch, .seed = options.seed, .purpose = "train"});
  const std::int64_t steps = sampler.steps_per_epoch();
  const auto warm_up = static_cast<std::int64_t>(options.warm_up * static_cast<double>(options.epochs * steps));

  std::vector<TrainEpoch> history;
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    const BatchKey key{options.seed, static_cast<std::uint64_t>(epoch)};
    TrainEpoch report{.epoch = epoch};
    std::int64_t seen = 0, correct = 0;
    const auto start = Clock::now();
    for (std::int64_t step = 0; step < steps; ++step) {
      if (observer.stop && observer.stop()) return history;
      const Batch batch = make_batch(data, sampler.batch(key.epoch, step), normalization, options.augmentation, key);
      report.learning_rate = warmed_cosine(epoch * steps + step, options.epochs * steps, warm_up, learning_rate);
      const Context context{
          .drop_path = options.drop_path * static_cast<double>(epoch) / static_cast<double>(options.epochs),
          .seed = options.seed,
          .step = static_cast<std::uint64_t>(epoch * steps + step)};
      Tape tape;
      tape.watch(weights);
      const Network::Logits logits = network.logits(batch.images, context);
      Tensor loss = cross_entropy(logits.main, batch.labels);
      const double main_loss = loss.item();
      if (!std::isfinite(main_loss))
        throw NumericError("training loss is not a number any more; a lower learning rate may help");
      if (logits.auxiliary.defined())
        loss = loss + options.auxiliary_weight * cross_entropy(logits.auxiliary, batch.labels);
      Gradients gradients = tape.backward(loss);
      if (options.clip > 0) clip_grad_norm(gradients, weights, options.clip);
      std::visit(
          [&](auto& o) {
            o.set_learning_rate(report.learning_rate);
            o.step(gradients);
          },
          optimizer);

      seen += static_cast<std::int64_t>(batch.labels.size());
      correct += count_correct(logits.main, batch.labels);
      report.loss += main_loss * static_cast<double>(batch.labels.size());
      if (observer.on_step) observer.on_step(epoch, step, steps, main_loss);
    }
    report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    report.loss /= static_cast<double>(seen);
    report.accuracy = static_cast<double>(correct) / static_cast<double>(seen);
    report.images_per_second = static_cast<double>(seen) / report.seconds;
    history.push_back(report);
    if (observer.on_epoch) observer.on_epoch(report);
  }
  return history;
}

}  // namespace nascent::nas
