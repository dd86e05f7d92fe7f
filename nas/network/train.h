#pragma once
// Training a network from scratch (quark0/darts: cnn/train.py): SGD with momentum or Adam, a cosine to zero, clipping,
// drop path that rises with the epochs, an auxiliary loss.
#include <functional>
#include <variant>

#include "engine/data/augmentation.h"
#include "engine/data/load_training.h"
#include "engine/data/normalization.h"
#include "engine/optim/adam.h"
#include "engine/optim/sgd.h"
#include "nas/network/network.h"

namespace nascent::nas {

// What moves the weights; its learning rate is the one the schedule starts from or warms up to.
using WeightOptimizer = std::variant<SgdOptions, AdamOptions>;

// DARTS's.
inline constexpr SgdOptions kTrainingSgd = {.learning_rate = 0.025, .momentum = 0.9, .weight_decay = 3e-4};
// For the few passes a CPU affords: further after two of them than SGD at any rate tried (docs/demo.md).
// Squares are remembered over some hundred steps, since a training of a few thousand changes quickly.
inline constexpr AdamOptions kTrainingAdam = {.learning_rate = 4e-3, .beta2 = 0.99};

struct TrainOptions {
  std::int64_t batch = 96, epochs = 600;
  WeightOptimizer optimizer = kTrainingSgd;
  double warm_up = 0;  // share of all steps, below 1, over which the learning rate rises to its own
  double clip = 5;
  double drop_path = 0;           // at the last epoch; rises from 0 in proportion to the epoch
  double auxiliary_weight = 0.4;  // of the auxiliary head's loss, when the network has one
  Augmentation augmentation = {};
  std::uint64_t seed = 0;
};

struct TrainEpoch {
  std::int64_t epoch = 0;
  double loss = 0, accuracy = 0, learning_rate = 0, images_per_second = 0, seconds = 0;
};

struct TrainObserver {
  std::function<void(std::int64_t epoch, std::int64_t step, std::int64_t steps_per_epoch, double loss)> on_step = {};
  std::function<void(const TrainEpoch&)> on_epoch = {};
  std::function<bool()> stop = {};
};

// The learning rate follows the cosine step by step, not epoch by epoch: with the few epochs a CPU affords, a rate that
// never comes near zero costs accuracy.
std::vector<TrainEpoch> train(Network& network, const TrainingData& training, const Normalization& normalization,
                              const TrainOptions& options, const TrainObserver& observer = {});

}  // namespace nascent::nas
